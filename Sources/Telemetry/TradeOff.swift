// What a search knows at its end: the trade-off between the depths that it has seen, how sure it is that a shallower one
// would not do, and what it would take to know more.

import DepthSearch
import DistributedTraining
import NeuralNetwork

/// The depths of a search beside each other, and how far the result can be trusted.
public struct TradeOff: Codable, Equatable, Sendable {
  /// A depth that was trained.
  public struct Row: Codable, Equatable, Sendable {
    /// The depth.
    public let depth: Int
    /// Its parameters.
    public let parameters: Int
    /// Their size as 32-bit floats, in MB of 10⁶ bytes.
    public let megabytes: Double
    /// Its multiply-adds per image.
    public let multiplyAdds: Int
    /// The validation accuracy that stands for it, in percent.
    public let validationAccuracy: Double
    /// The standard error of that, in points: √(p·(1−p)/n).
    public let standardError: Double
    /// Epochs spent on it.
    public let epochs: Int
    /// Whether it meets the target without any rounding; where the best is looked for, whether it is within the best one's
    /// standard error; nil where the knee is.
    public let met: Bool?

    /// For example `98.48 ± 0.12`.
    public var accuracyText: String { "\(Format.decimal(validationAccuracy, 2)) ± \(Format.decimal(standardError, 2))" }
  }

  /// What is known of the depth before the one found.
  public struct Shallower: Codable, Equatable, Sendable, CustomStringConvertible {
    /// The depth.
    public let depth: Int
    /// Whether it was trained.
    public let tried: Bool
    /// How probable it is that it misses, 0…1; nil where that is not known.
    public let missesProbability: Double?

    /// For example `depth 2 misses with a probability of 0.998`.
    public var description: String {
      guard tried else { return "depth \(depth) was not tried: whether it would do is not known" }
      guard let missesProbability else { return "depth \(depth) was tried; how sure it is to miss is not known" }
      return "depth \(depth) misses with a probability of \(Format.decimal(missesProbability, 3))"
    }
  }

  /// What would tell more, and its cost by this run's own epochs and times.
  public struct LongerSearch: Codable, Equatable, Sendable, CustomStringConvertible {
    /// The depths that it would train, or of which it would train some.
    public let depths: [Int]
    /// Whether it would train one for a second time, for which it needs another seed.
    public let again: Bool
    /// Whether some of the depths may do.
    public let atMost: Bool
    /// Epochs of all these depths: of each those of its schedule, or else as many as the longest level of this run had.
    public let epochs: Int
    /// Seconds: those of an epoch at the nearest depth that was trained, in proportion to the multiply-adds. Nil if no time
    /// is known.
    public let seconds: Double?

    /// For example `a longer search would train depth 2 again, with another seed: about 15 epochs, 3 min 05 s`.
    public var description: String {
      let names = (depths.count == 1 ? "depth " : "depths ") + depths.map(String.init).joined(separator: ", ")
      let time = seconds.map { ", \(Format.duration($0))" } ?? ""
      return """
        a longer search would train \(atMost ? "some of " : "")\(names)\(again ? " again, with another seed" : ""): \
        \(atMost ? "at most" : "about") \(epochs) \(epochs == 1 ? "epoch" : "epochs")\(time)
        """
    }

    /// The command that runs it: a search between these depths, with the same warm-up, beside the run at `run`.
    /// - Parameters:
    ///   - ranks: how many trained together.
    ///   - seed: the run's seed, which gives way to the next one where a depth is trained again.
    public func command(run: String, ranks: Int, seed: UInt64) -> String {
      let ends = (depths.min() ?? 1, depths.max() ?? 1)
      let launcher = ranks > 1 ? "mpirun -n \(ranks) " : ""
      let anew = again ? " --set training.seed=\(seed &+ 1)" : ""
      return """
        \(launcher)odn search \(Shell.quoted(run + "/config.yaml")) --set search.initialDepth=\(ends.0) \
        --set search.maximumDepth=\(ends.1) --set search.epochLimit=null\(anew) --output \(Shell.quoted(run + "-longer"))
        """
    }
  }

  /// The depths that were trained, shallowest first.
  public let depths: [Row]
  /// The depth before the one found; nil if there is none, or it is not asked for: the target was missed, or the knee found.
  public let shallower: Shallower?
  /// What would tell more; nil if nothing would.
  public let longerSearch: LongerSearch?

  /// What `result` knows.
  public init(_ result: SearchResult) {
    let outcome = result.outcome
    depths = result.depths.compactMap { record in
      guard let accuracy = record.accuracy, let network = try? result.architecture.withDepth(record.depth) else {
        return nil
      }
      return Row(
        depth: record.depth, parameters: network.parameterCount, megabytes: network.megabytes,
        multiplyAdds: network.multiplyAdds, validationAccuracy: accuracy.percent, standardError: accuracy.standardError,
        epochs: record.epochs, met: outcome.isMet(by: accuracy))
    }.sorted { $0.depth < $1.depth }
    let isTried = depths.contains { $0.depth == outcome.depth - 1 }
    shallower =
      outcome.depth > 1 && outcome.asksForShallower
      ? Shallower(depth: outcome.depth - 1, tried: isTried, missesProbability: outcome.shallowerMisses) : nil
    longerSearch = Self.longerSearch(result, tried: depths.map(\.depth))
  }

  private static func longerSearch(_ result: SearchResult, tried: [Int]) -> LongerSearch? {
    let remainder = result.outcome.remainder
    let next = remainder?.depths ?? result.untrained(tried)
    guard !next.isEmpty, let longest = result.depths.map(\.epochs).max() else { return nil }
    let epochs = remainder?.epochs ?? longest
    var seconds: Double? = 0
    for depth in next { seconds = seconds.flatMap { sum in result.epochSeconds(ofDepth: depth).map { sum + $0 } } }
    return LongerSearch(
      depths: next, again: result.outcome.reason != .epochLimit && next.allSatisfy(tried.contains),
      atMost: remainder != nil && next.count > 1, epochs: next.count * epochs,
      seconds: seconds.map { $0 * Double(epochs) })
  }
}

extension Outcome {
  /// Whether an accuracy does; nil where there is no mark.
  fileprivate func isMet(by accuracy: Accuracy) -> Bool? {
    switch objective ?? .target {
    case .target:
      guard let target, let tolerance else { return nil }
      return accuracy.isAtLeast(hundredths: Int((100 * (target - tolerance)).rounded()))
    case .bestWithinBudget: return 100 * (bestAccuracy.share - accuracy.share) <= bestAccuracy.standardError
    case .knee: return nil
    }
  }

  /// Whether a shallower depth could have been the answer.
  fileprivate var asksForShallower: Bool {
    switch objective ?? .target {
    case .target: targetMet
    case .bestWithinBudget: true
    case .knee: false
    }
  }
}

extension SearchResult {
  /// The depths whose training would tell more: the one before that which met the target; the next one, or the best once
  /// more, where the target was missed; else those that were not tried.
  fileprivate func untrained(_ tried: [Int]) -> [Int] {
    guard outcome.objective ?? .target == .target else {
      return (affordable?.depths).map { $0.filter { !tried.contains($0) } } ?? []
    }
    if outcome.targetMet { return outcome.depth > 1 ? [outcome.depth - 1] : [] }
    if outcome.reason == .epochLimit { return [outcome.depth] }
    let deeper = (affordable?.depths.upperBound ?? outcome.depth) + 1
    let canGrow = affordable?.excluded.isEmpty ?? false && deeper <= architecture.family.maximumDepth
    return [canGrow ? deeper : outcome.bestDepth]
  }

  /// Seconds of an epoch at a depth, by the nearest one that was trained.
  fileprivate func epochSeconds(ofDepth depth: Int) -> Double? {
    guard let near = (times ?? []).filter({ $0.epochs > 0 }).min(by: { abs($0.depth - depth) < abs($1.depth - depth) }),
      let network = try? architecture.withDepth(depth), let trained = try? architecture.withDepth(near.depth)
    else { return nil }
    return near.seconds / Double(near.epochs) * Double(network.multiplyAdds) / Double(trained.multiplyAdds)
  }
}
