// Checks between keys: values that are fine alone and impossible together.

import Datasets
import DepthSearch

extension Configuration {
  /// What cannot be, each problem at the key that its writer is most likely to change.
  func contradictions(in tree: Tree) -> [ConfigurationProblem] {
    var problems: [ConfigurationProblem] = []
    func require(_ isFine: Bool, _ key: String, _ expected: String, _ found: some CustomStringConvertible) {
      guard !isFine else { return }
      let origin = tree.value(at: key.split(separator: "."))?.origin ?? tree.origin
      problems.append(
        ConfigurationProblem(
          origin: origin, key: key, kind: .value(expected: expected, found: "\(found)", nearest: nil)))
    }

    let images = dataset.name.descriptor
    let validation = dataset.validation ?? images.validationCount
    require(
      validation < images.trainingCount, "dataset.validation",
      "fewer than the \(images.trainingCount) training images of \(dataset.name.rawValue)", validation)
    require(
      network.classes ?? images.classes == images.classes, "network.classes",
      "the \(images.classes) classes of \(dataset.name.rawValue)", network.classes ?? images.classes)

    let family = network.architecture
    let maximumDepth = search.maximumDepth ?? family.maximumDepth
    require(
      maximumDepth <= family.maximumDepth, "search.maximumDepth",
      "at most the \(family.maximumDepth) levels of \(family.rawValue)", maximumDepth)
    require(
      search.initialDepth <= maximumDepth, "search.initialDepth", "at most the maximum depth, \(maximumDepth)",
      search.initialDepth)
    require(
      search.tolerance < search.target, "search.tolerance", "less than the target, \(search.target)",
      search.tolerance)
    if search.groups > 1 {
      // Levels that are trained at the same time cannot wait for each other's results.
      require(
        search.policy == .paper, "search.groups",
        "1 with search.policy: adaptive, which chooses a level by the results of others", search.groups)
      require(
        search.restart == .warmup, "search.groups",
        "1 with search.restart: inherit, which begins a level with the weights "
          + "of the one before", search.groups)
      require(
        search.bestAfterGrowth == .reset, "search.groups",
        "1 with search.bestAfterGrowth: keep, which compares a level "
          + "with those before", search.groups)
      require(
        search.epochLimit == nil, "search.groups",
        "1 with search.epochLimit, which counts the epochs of all levels before",
        search.groups)
      // The levels' epochs have no place in the search's order yet when their weights are there to be shown.
      require(
        !telemetry.histograms, "telemetry.histograms", "false with search.groups over 1", telemetry.histograms)
    }
    require(
      training.batchNormRanks == nil || training.batchNorm == .synchronized, "training.batchNormRanks",
      "null unless training.batchNorm is synchronized", training.batchNormRanks ?? 0)
    return problems
  }
}
