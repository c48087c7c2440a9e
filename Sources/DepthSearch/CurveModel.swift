// What a depth will come to at the end of its schedule, by its curve so far and by another depth's.

import Foundation

/// Foretells the accuracy after a schedule whose learning rate falls to 0.
///
/// Three sources tell how much is still to be gained over the best epoch so far, all in log-odds:
/// - what curves gain in general: the more they jump from epoch to epoch and the more they have risen, the more, in
///   proportion to what is left of the schedule;
/// - what another depth of the same search gained from the same epoch on;
/// - what it came to, and what twice the depth adds to that.
///
/// Each has a variance of its own, the last two in proportion to the jumps, and counts by the inverse of it. Where the
/// sources contradict each other, the estimate is less certain.
///
/// The coefficients are fitted to whole curves of five data sets; `Benchmarks/judge-giving-up` fits them anew, and judges
/// them on data that they were not fitted to.
package struct CurveModel: Equatable, Sendable {
  /// Log-odds that a curve gains over its whole schedule, whatever it looks like.
  package var gain = 0.117
  /// What each jump of its size adds to that.
  package var gainPerJump = 1.84
  /// What each log-odd that it has risen adds to that.
  package var gainPerRise = 0.0737
  /// How far the gain of another depth may be from this one's: a share of it, …
  package var gainSpread = 0.094
  /// … and a number of jumps over a whole schedule.
  package var gainNoise = 0.615
  /// By how many jumps, over a whole schedule, curves differ from what they gain in general.
  package var curveNoise = 0.364
  /// Log-odds that twice the depth adds to the end.
  package var depthGain = 0.29
  /// By how many jumps twice the depth may be off that.
  package var depthNoise = 0.765
  /// The share of the counting variance that does not cancel because epochs are measured on the same images.
  package var counting = 0.2

  /// How far the gain in general may be off, as a share of it.
  private static let generalSpread = 0.75

  /// The model with the coefficients that are in use.
  package init() {}

  /// The estimate of what a depth ends with.
  /// - Parameters:
  ///   - depth: the depth, at least 1.
  ///   - curve: its accuracies so far; none if it has not been trained.
  ///   - epochs: epochs of the schedule.
  ///   - reference: another depth that has been through the same schedule.
  /// - Returns: nil if there is neither a curve nor a reference.
  package func end(of depth: Int, curve: [Accuracy], epochs: Int, reference: Reference?) -> EndEstimate? {
    if curve.count >= epochs, let last = curve.last { return EndEstimate(last) }
    return Course(of: depth, curve: curve, epochs: epochs, reference: reference).map(end)
  }

  /// A depth that has been through the schedule.
  package struct Reference: Equatable, Sendable {
    let depth: Int
    let curve: [Accuracy]

    /// - Precondition: the curve is whole.
    package init(depth: Int, curve: [Accuracy]) {
      precondition(!curve.isEmpty)
      self.depth = depth
      self.curve = curve
    }
  }

  /// The estimate of what a course leads to.
  package func end(of course: Course) -> EndEstimate {
    let counted = 2 * counting * course.countingVariance
    var sources: [Source] = []
    if let own = course.own {
      let expected = (gain + gainPerJump * own.jumps + gainPerRise * own.rise) * course.left
      let variance = pow(Self.generalSpread * expected, 2) + pow(curveNoise * own.jumps * course.left, 2)
      sources.append(Source(end: own.best + expected, variance: variance))
      if let other = course.other {
        // Both depths differ from what they have in common.
        let variance = pow(gainSpread * max(other.gained, 0), 2) + pow(gainNoise * own.jumps * course.left, 2)
        sources.append(Source(end: own.best + other.gained, variance: 2 * variance + counted))
      }
    }
    if let other = course.other {
      let variance = pow(depthNoise * other.jumps, 2) * abs(other.doublings)
      sources.append(Source(end: other.end + depthGain * other.doublings, variance: variance + counted))
    }
    return Self.combined(sources, counted: counted)
  }

  /// An end in log-odds, by one way to look at it.
  private struct Source {
    var end: Double
    var variance: Double
  }

  private static func combined(_ sources: [Source], counted: Double) -> EndEstimate {
    let precision = sources.reduce(0) { $0 + 1 / $1.variance }
    let end = sources.reduce(0) { $0 + $1.end / $1.variance } / precision
    let contradiction = sources.reduce(0) { $0 + pow($1.end - end, 2) / $1.variance } / precision
    return EndEstimate(logOdds: end, spread: (1 / precision + contradiction + counted).squareRoot())
  }
}
