// What a model of curves looks at: the numbers that describe a curve so far, and another one beside it.

import Foundation

extension CurveModel {
  /// How a depth has gone so far, in log-odds, and how another one went.
  package struct Course: Equatable, Sendable {
    /// The curve so far.
    struct Own: Equatable, Sendable {
      /// Its best epoch.
      let best: Double
      /// How far that is above its first epoch.
      let rise: Double
      let jumps: Double
    }

    /// The whole curve of another depth.
    struct Other: Equatable, Sendable {
      /// Its last epoch.
      let end: Double
      /// How far that is above the best of as many epochs as the depth has had.
      let gained: Double
      let jumps: Double
      /// How often the other depth has to be doubled to come to this one; negative for one that is deeper.
      let doublings: Double
    }

    /// Nil where the depth has not been trained.
    let own: Own?
    let other: Other?
    /// The share of the schedule that is left, 0…1.
    let left: Double
    /// What counting adds to the variance of the accuracy that was measured last.
    let countingVariance: Double

    /// Nil if there is neither a curve nor a reference; for the rest see `CurveModel.end`.
    package init?(of depth: Int, curve: [Accuracy], epochs: Int, reference: Reference?) {
      guard let last = curve.last ?? reference?.curve.last else { return nil }
      left = 1 - Double(curve.count) / Double(epochs)
      countingVariance = last.logOddsVariance
      own = curve.map(\.logOdds).max().map { best in
        Own(best: best, rise: best - curve[0].logOdds, jumps: curve.jumps)
      }
      other = reference.map { reference in
        let logOdds = reference.curve.map(\.logOdds)
        let end = logOdds[logOdds.count - 1]
        return Other(
          end: end, gained: end - (logOdds.prefix(curve.count).max() ?? end), jumps: reference.curve.jumps,
          doublings: log2(Double(depth) / Double(reference.depth)))
      }
    }
  }
}

extension [Accuracy] {
  /// By how much the log-odds change from one epoch to the next: the root of the mean square over the last half of the
  /// epochs, four of them at least. As few do not tell much, two changes of 0.3 are counted besides.
  fileprivate var jumps: Double {
    let logOdds = map(\.logOdds)
    let changes = zip(logOdds.dropFirst(), logOdds).map { $0 - $1 }.suffix(Swift.max(4, count / 2))
    let squares = changes.reduce(2 * 0.3 * 0.3) { $0 + $1 * $1 }
    return (squares / Double(changes.count + 2)).squareRoot()
  }
}
