// A search that brackets the answer: every level has the same short schedule, the next one is where the answer is expected,
// and it ends when a level meets the target and the one before it misses it. Which level is next is in
// AdaptivePolicy+Levels.swift.

import Foundation

/// The adaptive procedure, as a pure state machine.
///
/// A depth is trained for `AdaptiveOptions.epochs` epochs while its learning rate falls along a cosine, and meets the target
/// if the accuracy after the last of them does. With a confidence below 1 one that is expected to miss (`CurveModel`) is
/// given up. What is left are the depths between the deepest one
/// that missed and the shallowest one that met the target; the search is over when there are none.
///
/// Where the best level within the budget is looked for, the target is the best accuracy so far less its standard error, and
/// the deepest level comes first. The knee has an order of its own (`Knee`), and no level of it is given up.
public struct AdaptivePolicy: DepthPolicy {
  /// What the next epoch trains, and all that the decisions so far left behind.
  public private(set) var state: SearchState

  let options: SearchOptions
  let schedule: AdaptiveOptions
  let depths: ClosedRange<Int>
  let knee: Knee
  /// The learning rate that a level begins with.
  private let firstRate: Double
  /// `target − tolerance` in hundredths of a percent.
  public let threshold: Int

  /// A policy at its start, or where `state` left it.
  /// - Parameters:
  ///   - network: what is searched, at any depth.
  ///   - learningRate: what `AdaptiveOptions.rateFactor` multiplies, above 0.
  ///   - level: a level to begin with instead of the search's first.
  /// - Precondition: the options are in the ranges that they document, and let a level be independent if one is given.
  /// - Throws: `SearchError` if the family lacks these depths, or the state or the level is not one of this search.
  public init(
    options: SearchOptions, network: Architecture, learningRate: Double, level: Int? = nil,
    resuming state: SearchState? = nil
  ) throws(SearchError) {
    precondition(level == nil || options.levelsAreIndependent, "a level that depends on others")
    schedule = options.adaptive
    precondition(schedule.epochs >= 1 && schedule.rateFactor > 0 && learningRate > 0)
    precondition(0 <= options.tolerance && options.tolerance < options.target && options.target <= 100)
    self.options = options
    depths = try options.depths(in: network.family)
    knee = Knee(network, depths: depths)
    firstRate = learningRate * schedule.rateFactor
    threshold = 10 * Int(((options.target - options.tolerance) * 10).rounded())
    if let state {
      try state.check(in: depths)
      try state.checkCurves(of: schedule.epochs)
    }
    let first =
      switch (options.objective, schedule.order) {
      case (.bestWithinBudget, _): depths.upperBound
      case (.target, .bisection): (depths.lowerBound + depths.upperBound) / 2
      case (.target, _), (.knee, _): depths.lowerBound
      }
    if let level, !depths.contains(level) { throw .level(level, of: depths) }
    self.state = state ?? SearchState(depth: level ?? first, learningRate: firstRate)
  }

  /// Takes in an epoch and decides what follows.
  /// - Precondition: the search is not over, and the result is of epoch `state.epoch + 1` at `state.depth`.
  public mutating func next(_ result: EpochResult) -> Decision {
    precondition(state.outcome == nil, "the search is over")
    precondition(result.epoch == state.epoch + 1 && result.depth == state.depth, "an epoch of another search")
    state.epoch += 1
    let epochs = state.current.epochs + 1
    let keepsWeights = state.current.add(result, endsSchedule: epochs == schedule.epochs)
    state.current.curve = (state.current.curve ?? []) + [result.validation]
    // Nothing follows the last one, whose rate would be 0.
    if epochs < schedule.epochs { state.learningRate = firstRate * schedule.rate(afterEpochs: epochs) }
    let isLast = options.epochLimit.map { state.epoch >= $0 } ?? false
    let giveUp = giveUpReason
    let isOver = giveUp != nil || epochs >= schedule.epochs
    var decision = Decision(
      epoch: state.epoch, keepsWeights: keepsWeights, depth: state.depth, learningRate: state.learningRate,
      phase: state.phase, explanation: "")
    guard isLast || isOver else { return decision }

    decision.candidates = candidates
    decision.explanation = giveUp ?? verdict
    if let next = isLast ? nil : nextDepth {
      decision.explanation += "; " + next.reason
      start(next.depth)
      decision.restart = options.restart
    } else {
      let outcome = finish(
        isCut: isLast && (nextDepth != nil || !isOver), open: isLast ? openDepths(isOver: isOver) : [])
      state.outcome = outcome
      decision.explanation += "; \(outcome)"
    }
    decision.depth = state.depth
    decision.learningRate = state.learningRate
    decision.outcome = state.outcome
    return decision
  }

  private mutating func start(_ depth: Int) {
    state.depth = depth
    state.depths.append(DepthRecord(depth: depth))
    state.learningRate = firstRate
  }

  // MARK: Giving up

  /// Why there is no more to be expected of the level in training; nil if there is.
  private var giveUpReason: String? {
    guard options.objective != .knee, let curve = state.current.curve, !meetsMark(state.current),
      schedule.mayGiveUp(afterEpochs: curve.count), let end = end(of: state.current)
    else { return nil }
    let miss = end.probability(below: limit)
    guard miss >= schedule.leastMiss else { return nil }
    return String(
      format:
        "depth %d is expected to end at %.2f %% and misses %@ with a probability of %.4f: given up after %d epochs",
      state.depth, 100 * end.share, markText, miss, curve.count)
  }

  // MARK: The end

  /// - Parameters:
  ///   - isCut: whether something was left to be found out.
  ///   - open: the levels that this would take, as far as it is not a better end of the level in training.
  private func finish(isCut: Bool, open: [Int]) -> Outcome {
    let (lower, upper) = bracket
    let best = best
    let found = options.objective == .knee ? knee.depth(of: points) : upper
    let answer = state.depths.first { $0.depth == found } ?? state.current
    // Every level ends after an epoch at least.
    guard let accuracy = answer.accuracy, let bestAccuracy = best.accuracy else {
      preconditionFailure("a level without epochs")
    }
    let isTarget = options.objective == .target
    let isMet = isTarget ? upper <= depths.upperBound : !isCut
    let hasShallower = options.objective != .knee && upper <= depths.upperBound && lower == upper - 1
    let shallower = state.depths.first { $0.depth == lower }.flatMap(end)
    return Outcome(
      targetMet: isMet, target: isTarget ? options.target : nil, tolerance: isTarget ? options.tolerance : nil,
      depth: answer.depth, accuracy: accuracy, bestDepth: best.depth, bestAccuracy: bestAccuracy,
      reason: isCut ? .epochLimit : isTarget || depths.count > 1 ? (isMet ? .bracketed : .maximumDepth) : .onlyLevel,
      shallowerMisses: hasShallower ? shallower?.probability(below: limit) : nil,
      objective: isTarget ? nil : options.objective,
      remainder: open.isEmpty ? nil : Outcome.Remainder(depths: open, epochs: schedule.epochs))
  }

  /// What the level in training has come to.
  private var verdict: String {
    let accuracy = state.current.accuracy.map(\.description) ?? "none"
    let level = "depth \(state.depth) (validation \(accuracy))"
    if options.objective != .knee {
      if meetsMark(state.current) { return "\(level) meets \(markText)" }
      let epochs = state.current.epochs
      return epochs < schedule.epochs
        ? "\(level) was cut short after \(epochs) of \(schedule.epochs) epochs" : "\(level) misses \(markText)"
    }
    guard let height = knee.heights(of: points).last, points.count > 2 else { return level }
    return level
      + String(
        format: " lies %.2f points %@ the line between depths %d and %d", abs(height), height < 0 ? "below" : "above",
        depths.lowerBound, depths.upperBound)
  }
}
