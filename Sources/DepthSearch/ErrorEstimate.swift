// What is known of an error rate that was counted on a sample, or is expected from others.

import Foundation

/// The logarithm of an error rate, with its uncertainty: a normal distribution.
///
/// In logarithms, errors that are in proportion differ by the same amount, and a count of `n` errors has the standard
/// deviation `1/√n` (of a Poisson distribution, to which few errors among many images come).
struct ErrorEstimate: Equatable {
  var logarithm: Double
  var variance: Double

  init(logarithm: Double, variance: Double) {
    self.logarithm = logarithm
    self.variance = variance
  }

  /// The error that was counted. Half an image is added to each side, so that there is a logarithm of none.
  init(_ accuracy: Accuracy) {
    let errors = Double(accuracy.total - accuracy.correct) + 0.5
    logarithm = log(errors / (Double(accuracy.total) + 1))
    variance = 1 / errors
  }

  /// The mean of the last `count` accuracies of `curve`. Epochs in a row err alike: the mean is as uncertain as the last
  /// one, or more where they jump, as they do while the learning rate is high.
  init(endOf curve: ArraySlice<Accuracy>, last count: Int) {
    let errors = curve.suffix(count).map { ErrorEstimate($0) }
    logarithm = errors.reduce(0) { $0 + $1.logarithm } / Double(errors.count)
    let mean = logarithm
    let scatter = errors.reduce(0) { $0 + pow($1.logarithm - mean, 2) } / Double(max(errors.count - 1, 1))
    variance = max(errors[errors.count - 1].variance, scatter / Double(errors.count))
  }

  /// What a level whose schedule is under way ends with, if its error falls by as much as that of a level which has been
  /// through the same schedule.
  /// - Parameters:
  ///   - curve: its accuracies so far, at least one.
  ///   - reference: the other level's, at least as many.
  init(endOf curve: [Accuracy], like reference: [Accuracy]) {
    let window = 3
    let now = ErrorEstimate(endOf: curve[...], last: window)
    let then = ErrorEstimate(endOf: reference[..<curve.count], last: window)
    let end = ErrorEstimate.best(of: reference)
    let fall = min(end.logarithm - then.logarithm, 0)
    logarithm = now.logarithm + fall
    // How much a level gains differs from level to level, by about half of it.
    variance = now.variance + then.variance + end.variance + pow(fall / 2, 2)
  }

  /// The lowest error of a curve, which has at least one epoch.
  static func best(of curve: [Accuracy]) -> ErrorEstimate {
    ErrorEstimate(curve.reduce(curve[0]) { $1.isBetter(than: $0) ? $1 : $0 })
  }

  /// How probable an error of at most `limit` is, 0…1.
  func probability(ofAtMost limit: Double) -> Double {
    erfc((logarithm - log(limit)) / (2 * variance).squareRoot()) / 2
  }
}
