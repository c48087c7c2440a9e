// How a search ended, said honestly: a target that was missed is reported as missed, whatever ended the search.

import Foundation

/// The end of a search.
public struct Outcome: Codable, Equatable, Sendable, CustomStringConvertible {
  /// What ended it.
  public enum Reason: String, Codable, Sendable {
    /// A level met the target (rounded to 0.1 %, as the search compares) and its fine-tuning stopped improving.
    case fineTuned
    /// A level met the target, and the one before it, if there is one, missed it; or another objective was found.
    case bracketed
    /// The deepest level allowed stopped improving below the target.
    case maximumDepth
    /// There was only one level, and no target that it could have missed.
    case onlyLevel
    /// The limit on epochs was reached.
    case epochLimit
  }

  /// What the limit on epochs left to be found out.
  public struct Remainder: Codable, Equatable, Sendable {
    /// The levels of which some would have to be trained to know the answer, shallowest first.
    public let depths: [Int]
    /// Epochs of each.
    public let epochs: Int
  }

  /// Whether the best accuracy at `depth` is at least `target − tolerance`, without any rounding. With another objective,
  /// whether the search has come to its end.
  public let targetMet: Bool
  /// The validation accuracy aimed at, in percent; nil with another objective.
  public let target: Double?
  /// How far below it counts as met, in points; nil with another objective.
  public let tolerance: Double?
  /// The level at which the search ended; with another objective than a target, the level that it found.
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
  /// was expected to end with if it was given up. Nil if there is no such level or nothing is known of it. Where the best
  /// level is looked for, it misses by being worse by more than the standard error.
  public var shallowerMisses: Double?
  /// What was looked for; nil is a target.
  public var objective: SearchOptions.Objective?
  /// What was left where the limit on epochs ended the search, if the policy knows.
  public var remainder: Remainder?

  /// The level of the network found: the one that met the target or the objective, else the best of all.
  public var foundDepth: Int { isFoundAtDepth ? depth : bestDepth }

  /// Its best validation accuracy.
  public var foundAccuracy: Accuracy { isFoundAtDepth ? accuracy : bestAccuracy }

  private var isFoundAtDepth: Bool { targetMet || objective ?? .target != .target }

  /// One sentence for the log.
  public var description: String {
    if reason == .onlyLevel { return levelDescription }
    let certainty = shallowerMisses.map { ", with a probability of \(String(format: "%.3f", $0))" }
    switch objective ?? .target {
    case .target:
      let end = targetDescription
      if let certainty { return "\(end); depth \(depth - 1) misses it\(certainty)" }
      return bestDepth == depth ? end : "\(end); the best of all is depth \(bestDepth) with \(bestAccuracy)"
    case .bestWithinBudget:
      let margin = String(format: "%.2f points", bestAccuracy.standardError)
      let best =
        bestDepth == depth
        ? "the best" : "the shallowest within a standard error (\(margin)) of depth \(bestDepth) with \(bestAccuracy)"
      let shallower = certainty.map { "; depth \(depth - 1) is worse by more than that\($0)" } ?? ""
      return "best within the budget: \(levelDescription), \(best)\(shallower)\(cutDescription)"
    case .knee: return "knee of accuracy against parameters: \(levelDescription)\(cutDescription)"
    }
  }

  private var levelDescription: String { "depth \(depth) with a validation accuracy of \(accuracy)" }
  private var cutDescription: String { reason == .epochLimit ? ", as far as is known; ended by the epoch limit" : "" }

  private var targetDescription: String {
    let goal = "target \(target ?? 0) % within \(tolerance ?? 0) points"
    return switch (targetMet, reason) {
    case (true, .epochLimit): "\(goal): met at \(levelDescription); ended by the epoch limit"
    case (true, _): "\(goal): met at \(levelDescription)"
    case (false, .fineTuned), (false, .bracketed): "\(goal): met only after rounding, at \(levelDescription)"
    case (false, .maximumDepth), (false, .onlyLevel):
      "\(goal): not met, the maximum depth ended the search at \(levelDescription)"
    case (false, .epochLimit): "\(goal): not met, the epoch limit ended the search at \(levelDescription)"
    }
  }
}
