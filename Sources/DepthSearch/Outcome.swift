// How a search ended, said honestly: a target that was missed is reported as missed, whatever ended the search.

/// The end of a search.
public struct Outcome: Codable, Equatable, Sendable, CustomStringConvertible {
  /// What ended it.
  public enum Reason: String, Codable, Sendable {
    /// A level met the target (rounded to 0.1 %, as the search compares) and its fine-tuning stopped improving.
    case fineTuned
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

  /// One sentence for the log.
  public var description: String {
    let goal = "target \(target) % within \(tolerance) points"
    let level = "depth \(depth) with a validation accuracy of \(accuracy)"
    let end =
      switch (targetMet, reason) {
      case (true, .epochLimit): "\(goal): met at \(level); ended by the epoch limit"
      case (true, _): "\(goal): met at \(level)"
      case (false, .fineTuned): "\(goal): met only after rounding, at \(level)"
      case (false, .maximumDepth): "\(goal): not met, the maximum depth ended the search at \(level)"
      case (false, .epochLimit): "\(goal): not met, the epoch limit ended the search at \(level)"
      }
    return bestDepth == depth ? end : "\(end); the best of all is depth \(bestDepth) with \(bestAccuracy)"
  }
}
