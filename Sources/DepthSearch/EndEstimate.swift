// What is expected of an accuracy that is not known yet, or known from a sample only.

import Foundation

/// An accuracy with its uncertainty: its log-odds, log(p / (1 − p)), have a Student distribution.
///
/// In log-odds a step from 50 to 60 % counts about as much as one from 99 to 99.3 %, which is how networks improve. The
/// tails, of 8 degrees of freedom, are heavier than a normal distribution's, because curves of a kind that nobody has seen
/// do come up.
package struct EndEstimate: Equatable, Sendable {
  /// The degrees of freedom of the distribution.
  package static let freedom = 8.0

  /// The median, in log-odds.
  package let logOdds: Double
  /// The scale of the distribution, in log-odds; above 0.
  package let spread: Double

  package init(logOdds: Double, spread: Double) {
    self.logOdds = logOdds
    self.spread = spread
  }

  /// What counting so many images tells.
  package init(_ accuracy: Accuracy) {
    self.init(logOdds: accuracy.logOdds, spread: accuracy.logOddsVariance.squareRoot())
  }

  /// The median as a share, 0…1.
  package var share: Double { 1 / (1 + exp(-logOdds)) }

  /// How probable an accuracy below `share` is, 0…1.
  ///
  /// The integral of Student's distribution has a closed form where the degrees of freedom are even: Abramowitz & Stegun,
  /// "Handbook of Mathematical Functions" (1964), 26.7.4.
  package func probability(below share: Double) -> Double {
    let limit = min(max(share, 1e-9), 1 - 1e-9)
    let t = (log(limit / (1 - limit)) - logOdds) / spread
    let square = Self.freedom / (Self.freedom + t * t)
    let sum = 1 + square * (1.0 / 2 + square * (3.0 / 8 + square * 5.0 / 16))
    return (1 + t / (Self.freedom + t * t).squareRoot() * sum) / 2
  }
}

extension Accuracy {
  /// The log-odds of the share. Half an image is added to each side, so that none and all have some as well.
  package var logOdds: Double { log((Double(correct) + 0.5) / (Double(total - correct) + 0.5)) }

  /// What counting adds to the variance of the log-odds: a binomial distribution's, to the first order.
  package var logOddsVariance: Double { 1 / (Double(correct) + 0.5) + 1 / (Double(total - correct) + 0.5) }
}
