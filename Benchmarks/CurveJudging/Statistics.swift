// The statistics that estimates are judged by.

import DepthSearch
import Foundation

/// How often something happened.
package struct Rate: Equatable, Sendable {
  package private(set) var events = 0
  package private(set) var trials = 0

  package init(events: Int = 0, trials: Int = 0) {
    precondition(0 <= events && events <= trials)
    self.events = events
    self.trials = trials
  }

  mutating func add(_ happened: Bool) {
    trials += 1
    if happened { events += 1 }
  }

  /// The share of trials, 0…1; NaN without trials.
  package var share: Double { Double(events) / Double(trials) }

  /// What the true rate exceeds with a probability of 5 % at most: the rate at which so few events, or fewer, have a
  /// probability of 5 %. Clopper & Pearson, "The use of confidence or fiducial limits" (1934), one-sided. 1 without trials.
  package var upperBound: Double {
    guard events < trials else { return 1 }
    var (low, high) = (0.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if probabilityOfSoFew(at: middle) > 0.05 { low = middle } else { high = middle }
    }
    return high
  }

  /// The binomial probability of at most `events` of `trials`.
  private func probabilityOfSoFew(at rate: Double) -> Double {
    guard rate > 0, rate < 1 else { return rate > 0 ? 0 : 1 }
    let n = Double(trials)
    return (0...events).reduce(0.0) { sum, k in
      let k = Double(k)
      let choices = lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
      return sum + exp(choices + k * log(rate) + (n - k) * log(1 - rate))
    }
  }
}

extension [Double] {
  /// NaN if there is none.
  var mean: Double { reduce(0, +) / Double(count) }

  /// The middle one, or the mean of the two in the middle; NaN if there is none.
  var median: Double {
    guard !isEmpty else { return .nan }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

/// An estimate as equally probable shares.
struct Ensemble {
  /// Their number, which is odd so that the median is one of them.
  private static let count = 41

  /// Student's distribution at the middles of `count` equal parts.
  private static let quantiles: [Double] = (0..<count).map { index in
    let probability = (Double(index) + 0.5) / Double(count)
    var (low, high) = (-100.0, 100.0)
    let standard = EndEstimate(logOdds: 0, spread: 1)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if standard.probability(below: 1 / (1 + exp(-middle))) < probability { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  private let shares: [Double]

  init(_ estimate: EndEstimate) {
    shares = Self.quantiles.map { 1 / (1 + exp(-(estimate.logOdds + estimate.spread * $0))) }
  }

  var mean: Double { shares.mean }

  var standardDeviation: Double {
    let mean = mean
    return shares.map { ($0 - mean) * ($0 - mean) }.mean.squareRoot()
  }

  /// Whether a share is within two standard deviations of the mean.
  func covers(_ share: Double) -> Bool { abs(share - mean) <= 2 * standardDeviation }

  /// The continuous ranked probability score of what came true: 0 is best, and for a single share it is the distance.
  /// Gneiting & Raftery, "Strictly proper scoring rules, prediction, and estimation" (2007), equation 21.
  func score(_ share: Double) -> Double {
    let distance = shares.map { abs($0 - share) }.mean
    let apart = shares.map { one in shares.map { abs($0 - one) }.mean }.mean
    return distance - apart / 2
  }
}
