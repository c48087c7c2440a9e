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
    require(
      training.batchNormRanks == nil || training.batchNorm == .synchronized, "training.batchNormRanks",
      "null unless training.batchNorm is synchronized", training.batchNormRanks ?? 0)
    return problems
  }
}
