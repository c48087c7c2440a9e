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

    if let images = dataset.name.descriptor {
      let validation = dataset.validation ?? images.validationCount
      require(
        validation < images.trainingCount, "dataset.validation",
        "fewer than the \(images.trainingCount) training images of \(images.name)", validation)
      require(
        network.classes ?? images.classes == images.classes, "network.classes",
        "the \(images.classes) classes of \(images.name)", network.classes ?? images.classes)
      require(dataset.splitSeed == nil, "dataset.splitSeed", "null for \(images.name)", dataset.splitSeed ?? 0)
      require(dataset.testShare == nil, "dataset.testShare", "null for \(images.name)", dataset.testShare ?? 0)
    }
    let isFolder = dataset.name == .images
    let isArchive = dataset.name == .npz
    let source = dataset.name.rawValue
    require(!isFolder || dataset.directory != nil, "dataset.directory", "the directory of the images", "null")
    require(!isArchive || dataset.directory == nil, "dataset.directory", "null for npz", dataset.directory ?? "")
    require(!isArchive || dataset.file != nil, "dataset.file", "the path of the archive", "null")
    require(isArchive || dataset.file == nil, "dataset.file", "null for \(source)", dataset.file ?? "")
    require(isFolder || dataset.size == nil, "dataset.size", "null for \(source)", dataset.size?.rawValue ?? "")
    require(isFolder || dataset.channels == nil, "dataset.channels", "null for \(source)", dataset.channels ?? 0)

    let family = network.architecture
    let maximumDepth = search.maximumDepth ?? family.maximumDepth
    require(
      maximumDepth <= family.maximumDepth, "search.maximumDepth",
      "at most the \(family.maximumDepth) levels of \(family.rawValue)", maximumDepth)
    require(
      search.initialDepth <= maximumDepth, "search.initialDepth", "at most the maximum depth, \(maximumDepth)",
      search.initialDepth)
    // The user's own images are not looked at here.
    if (search.initialDepth...max(search.initialDepth, family.maximumDepth)).contains(maximumDepth),
      dataset.name.descriptor != nil, let images = try? dataset.facts(),
      let shallowest = try? architecture(depth: search.initialDepth, for: images),
      let excess = search.budget.excess(of: shallowest)
    {
      let alternatives = search.budget.alternatives(to: shallowest).map { ", or \($0.variantKeys)" }
      require(
        false, "search.budget.\(excess.cost.rawValue)",
        "at least the \(excess.amountText) of depth \(excess.depth), the shallowest that is searched"
          + alternatives.joined(), excess.limitText)
    }
    require(
      search.objective == .target || search.policy == .adaptive, "search.objective",
      "target with search.policy: paper, which ends where a target is met", search.objective.rawValue)
    require(
      search.objective != .target || search.target > 1, "search.target",
      "a validation accuracy in percent, such as \(min(100 * search.target, 99))",
      "\(search.target), which looks like a share")
    require(
      search.tolerance < search.target, "search.tolerance", "less than the target, \(search.target)",
      search.tolerance)
    if search.groups > 1 {
      // Levels that are trained at the same time cannot wait for each other's results.
      require(
        search.policy == .paper || search.objective == .target, "search.groups",
        "1 with search.objective: \(search.objective.rawValue), which compares levels", search.groups)
      require(
        search.policy == .paper || search.adaptive.confidence == 1, "search.groups",
        "1 with search.adaptive.confidence below 1, which gives a level up by the course of another", search.groups)
      require(
        search.restart == .warmup, "search.groups",
        "1 with search.restart: inherit, which begins a level with the weights "
          + "of the one before", search.groups)
      require(
        search.policy == .adaptive || search.bestAfterGrowth == .reset, "search.groups",
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
