// What can be said of a target before anything is trained: whether guessing would meet it, and whether the validation
// images are enough to judge by.

import Foundation

extension SearchOptions {
  /// Points that are worth telling apart where the tolerance is smaller.
  private static var finestTolerance: Double { 0.5 }

  /// The standard error of a validation accuracy at the target, in points: √(p·(1−p)/n); nil without a target.
  /// - Parameter images: validation images, at least 1.
  public func standardErrorOfTarget(images: Int) -> Double? {
    guard objective == .target else { return nil }
    let share = target / 100
    return 100 * (share * (1 - share) / Double(images)).squareRoot()
  }

  /// A warning where the validation part is too small to judge by: one standard error of an accuracy at the target is
  /// more than the tolerance, or than half a point where that is smaller.
  public func resolutionWarning(images: Int) -> String? {
    let limit = max(tolerance, Self.finestTolerance)
    guard let error = standardErrorOfTarget(images: images), error > limit else { return nil }
    let needed = Int((Double(images) * (error / limit) * (error / limit)).rounded(.up))
    let limitText = tolerance < limit ? "half a point" : "the tolerance of \(tolerance) points"
    return """
      \(images) validation images measure an accuracy of \(target) % to within \(error.points) points (one standard \
      error), more than \(limitText): depths may pass or fail by chance; hold out \(needed) images (dataset.validation) \
      or raise search.tolerance
      """
  }

  /// Refuses a target that is met by always giving the most frequent class.
  /// - Parameters:
  ///   - counts: validation images of each class.
  ///   - names: the classes.
  /// - Throws: `SearchError.targetByChance`.
  public func checkTarget(classCounts counts: [Int], classNames names: [String]) throws(SearchError) {
    let images = counts.reduce(0, +)
    guard objective == .target, images > 0, let most = counts.indices.max(by: { counts[$0] < counts[$1] }) else {
      return
    }
    let chance = max(100 * Double(counts[most]) / Double(images), 100 / Double(counts.count))
    // As the search compares: in tenths of a percent.
    let threshold = ((target - tolerance) * 10).rounded() / 10
    guard threshold <= chance else { return }
    throw .targetByChance(threshold: threshold, chance: chance, mostFrequentClass: names[most])
  }
}

extension Double {
  /// With two decimals.
  fileprivate var points: String { String(format: "%.2f", self) }
}
