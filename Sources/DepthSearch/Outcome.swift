// How a search ended, said honestly: a target that was missed is reported as missed, whatever ended the search.

import Foundation

/// The end of a search.
public struct Outcome: Codable, Equatable, Sendable, CustomStringConvertible {
  /// What ended it.
  public enum Reason: String, Codable, Sendable {
    /// A level met the target (rounded to 0.1 %, as the search compares) and its fine-tuning stopped improving.
    case fineTuned
    /// A level met the target, and the one before it, if there is one, missed it.
    case bracketed
    /// The deepest level allowed stopped improving below the target.
    case maximumDepth
    /// The limit on epochs was reached.
    case epochLimit
  }

  /// Whether the best accuracy at `depth` is at least `target − tolerance`, without any rounding.
  public let targetMet: Bool
  /// The validation accuracy aimed at, in percent.
  public let target: Double
  /// How far below it counts as met, in points.
  public let tolerance: Double
  /// The level at which the search ended.
  public let depth: Int
  /// The best validation accuracy at that level.
  public let accuracy: Accuracy
  /// The level with the best accuracy of all; the shallower one of equals.
  public let bestDepth: Int
  /// The best validation accuracy of all levels.
  public let bestAccuracy: Accuracy
  /// What ended the search.
  public let reason: Reason
  /// How sure it is that the level before misses the target, 0…1: by the uncertainty of counting its errors, and of what it
  /// was expected to end with if it was given up. Nil if there is no such level or nothing is known of it.
  public var shallowerMisses: Double?

  /// One sentence for the log.
  public var description: String {
    let goal = "target \(target) % within \(tolerance) points"
    let level = "depth \(depth) with a validation accuracy of \(accuracy)"
    let end =
      switch (targetMet, reason) {
      case (true, .epochLimit): "\(goal): met at \(level); ended by the epoch limit"
      case (true, _): "\(goal): met at \(level)"
      case (false, .fineTuned), (false, .bracketed): "\(goal): met only after rounding, at \(level)"
      case (false, .maximumDepth): "\(goal): not met, the maximum depth ended the search at \(level)"
      case (false, .epochLimit): "\(goal): not met, the epoch limit ended the search at \(level)"
      }
    let certainty = shallowerMisses.map {
      "; depth \(depth - 1) misses it with a probability of \(String(format: "%.3f", $0))"
    }
    if let certainty { return end + certainty }
    return bestDepth == depth ? end : "\(end); the best of all is depth \(bestDepth) with \(bestAccuracy)"
  }
}
