// A search that brackets the answer: every level has the same short schedule, the next one is where the answer is expected,
// and it ends when a level meets the target and the one before it misses it.

import Foundation

/// The adaptive procedure, as a pure state machine.
///
/// A level is trained for `AdaptiveOptions.epochs` epochs while its learning rate falls along a cosine, and meets the target
/// if its best accuracy does. One that is not expected to, judged by the course of a level that has been through the
/// schedule, is given up. What is left are the levels between the deepest one below that missed and the shallowest one that
/// met the target; the search is over when there are none.
public struct AdaptivePolicy: DepthPolicy {
  /// What the next epoch trains, and all that the decisions so far left behind.
  public private(set) var state: SearchState

  private let options: SearchOptions
  private let schedule: AdaptiveOptions
  private let depths: ClosedRange<Int>
  /// The learning rate that a level begins with.
  private let firstRate: Double
  /// `target − tolerance` in hundredths of a percent.
  private let threshold: Int

  /// A policy at its start, or where `state` left it.
  /// - Parameter learningRate: what `AdaptiveOptions.rateFactor` multiplies, above 0.
  /// - Precondition: the options are in the ranges that they document.
  /// - Throws: `SearchError` if the family lacks these depths, or the state is not one of this search.
  public init(
    options: SearchOptions, family: Architecture.Family, learningRate: Double, resuming state: SearchState? = nil
  ) throws(SearchError) {
    schedule = options.adaptive
    precondition(schedule.epochs >= 1 && schedule.rateFactor > 0 && learningRate > 0)
    precondition(0 <= options.tolerance && options.tolerance < options.target && options.target <= 100)
    self.options = options
    depths = try options.depths(in: family)
    firstRate = learningRate * schedule.rateFactor
    threshold = 10 * Int(((options.target - options.tolerance) * 10).rounded())
    if let state {
      try state.check(in: depths)
      try state.checkCurves(of: schedule.epochs, whole: family.maximumDepth)
    }
    let first = schedule.order == .bisection ? (depths.lowerBound + depths.upperBound) / 2 : depths.lowerBound
    self.state = state ?? SearchState(depth: first, learningRate: firstRate)
  }

  /// Whether the accuracies after the joint training count.
  public var takesForecast: Bool { schedule.order == .forecast }

  /// Takes in what all levels came to in the joint training.
  public mutating func begin(forecast: [Accuracy]) { state.forecast = forecast }

  /// Takes in an epoch and decides what follows.
  /// - Precondition: the search is not over, and the result is of epoch `state.epoch + 1` at `state.depth`.
  public mutating func next(_ result: EpochResult) -> Decision {
    precondition(state.outcome == nil, "the search is over")
    precondition(result.epoch == state.epoch + 1 && result.depth == state.depth, "an epoch of another search")
    state.epoch += 1
    let isBestOfDepth = state.current.add(result)
    state.current.curve = (state.current.curve ?? []) + [result.validation]
    let epochs = state.current.epochs
    state.learningRate = firstRate * schedule.rate(afterEpochs: epochs)
    let isLast = options.epochLimit.map { state.epoch >= $0 } ?? false
    let giveUp = giveUpReason
    var decision = Decision(
      epoch: state.epoch, keepsWeights: isBestOfDepth, depth: state.depth, learningRate: state.learningRate,
      phase: state.phase, explanation: "")
    guard isLast || giveUp != nil || epochs >= schedule.epochs else { return decision }

    let meets = meetsTarget(state.current)
    decision.isAnswerSoFar = meets && bracket.upper == state.depth
    decision.explanation = giveUp ?? verdict(meets)
    if let next = isLast ? nil : nextDepth {
      decision.explanation += "; " + next.reason
      start(next.depth)
      decision.restart = options.restart
    } else {
      let outcome = finish(isCut: isLast && (nextDepth != nil || (giveUp == nil && epochs < schedule.epochs)))
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

  // MARK: What is known

  /// The largest share of errors with which the target is met.
  private var errorLimit: Double { max(1 - Double(threshold) / 10_000, 1e-6) }

  private func meetsTarget(_ record: DepthRecord) -> Bool { record.best?.isAtLeast(hundredths: threshold) ?? false }

  /// The shallowest level that met the target, and the deepest one below it that missed it; one beyond the levels where
  /// there is none.
  private var bracket: (lower: Int, upper: Int) {
    let upper = state.depths.filter(meetsTarget).map(\.depth).min() ?? depths.upperBound + 1
    let lower = state.depths.map(\.depth).filter { $0 < upper }.max() ?? depths.lowerBound - 1
    return (lower, upper)
  }

  /// A whole curve to judge the level in training by: of the nearest level that has been through the schedule.
  private var reference: [Accuracy]? {
    state.depths.dropLast().filter { $0.epochs >= schedule.epochs }
      .min { abs($0.depth - state.depth) < abs($1.depth - state.depth) }?.curve
  }

  /// The error that a level that was trained ends with, or would have ended with.
  private func end(of record: DepthRecord) -> ErrorEstimate? {
    guard let curve = record.curve, !curve.isEmpty else { return nil }
    if curve.count < schedule.epochs, let reference { return ErrorEstimate(endOf: curve, like: reference) }
    return .best(of: curve)
  }

  // MARK: Giving up

  /// Why there is no more to be expected of the level in training; nil if there is.
  private var giveUpReason: String? {
    guard let curve = state.current.curve, let reference, !meetsTarget(state.current), schedule.confidence < 1,
      curve.count >= max(3, schedule.epochs / 4), curve.count < schedule.epochs
    else { return nil }
    let end = ErrorEstimate(endOf: curve, like: reference)
    let miss = 1 - end.probability(ofAtMost: errorLimit)
    guard miss >= schedule.confidence else { return nil }
    return String(
      format:
        "depth %d is expected to end at %.2f %% and misses %@ with a probability of %.3f: given up after %d epochs",
      state.depth, 100 * (1 - exp(end.logarithm)), thresholdText, miss, curve.count)
  }

  // MARK: The next level

  /// The level to train next; nil if the answer is known.
  private var nextDepth: (depth: Int, reason: String)? {
    let (lower, upper) = bracket
    let left = lower + 1..<upper
    guard !left.isEmpty else { return nil }
    switch schedule.order {
    case .linear: return (left.lowerBound, "depth \(left.lowerBound) is next")
    case .bisection:
      let middle = left.lowerBound + (left.count - 1) / 2
      return (middle, "the answer is from \(lower + 1) to \(min(upper, depths.upperBound)): depth \(middle) is next")
    case .forecast:
      let expected = left.first { depth in expectedError(of: depth).map { $0 <= log(errorLimit) } ?? false }
      if let expected {
        return (expected, "depth \(expected) is the shallowest that is expected to meet the target")
      }
      if upper <= depths.upperBound {
        return (
          upper - 1, "no depth before \(upper) is expected to meet the target, which depth \(upper - 1) has to show"
        )
      }
      let deeper = min(max(lower + 1, 2 * lower), depths.upperBound)
      return (deeper, "no depth is expected to meet the target: depth \(deeper) is next")
    }
  }

  /// The logarithm of the error that a level is expected to end with: that of the nearest level that was trained, changed as
  /// their classifiers' errors differ after the joint training. Two levels that were trained tell how much of that
  /// difference is left in the end.
  private func expectedError(of depth: Int) -> Double? {
    guard let forecast = state.forecast, forecast.count >= depths.upperBound else { return nil }
    let known = state.depths.compactMap { record in
      end(of: record).map { (depth: record.depth, error: $0.logarithm, joint: joint(record.depth, forecast)) }
    }.sorted { abs($0.depth - depth) < abs($1.depth - depth) }
    guard let nearest = known.first else { return nil }
    var share = 1.0
    if known.count > 1, abs(nearest.joint - known[1].joint) > 0.02 {
      share = min(max((nearest.error - known[1].error) / (nearest.joint - known[1].joint), 0), 2)
    }
    return nearest.error + share * (joint(depth, forecast) - nearest.joint)
  }

  /// The logarithm of a classifier's error after the joint training; a deeper one is taken to be no worse.
  private func joint(_ depth: Int, _ forecast: [Accuracy]) -> Double {
    forecast[..<depth].map { ErrorEstimate($0).logarithm }.min() ?? 0
  }

  // MARK: The end

  /// - Parameter isCut: whether something was left to be found out.
  private func finish(isCut: Bool) -> Outcome {
    let (lower, upper) = bracket
    let best = state.depths.reduce(state.depths[0]) { best, record in
      guard let accuracy = record.best, let other = best.best else { return best }
      return accuracy.isBetter(than: other) ? record : best
    }
    let answer = state.depths.first { $0.depth == upper } ?? best
    // Every level ends after an epoch at least.
    guard let accuracy = answer.best, let bestAccuracy = best.best else {
      preconditionFailure("a level without epochs")
    }
    let shallower = state.depths.first { $0.depth == lower }.flatMap(end)
    let isMet = upper <= depths.upperBound
    return Outcome(
      targetMet: isMet, target: options.target, tolerance: options.tolerance, depth: answer.depth, accuracy: accuracy,
      bestDepth: best.depth, bestAccuracy: bestAccuracy,
      reason: isCut ? .epochLimit : (isMet ? .bracketed : .maximumDepth),
      shallowerMisses: isMet && lower == upper - 1 ? shallower.map { 1 - $0.probability(ofAtMost: errorLimit) } : nil)
  }

  private func verdict(_ meets: Bool) -> String {
    let best = state.current.best.map(\.description) ?? "none"
    return "depth \(state.depth) (best validation \(best)) \(meets ? "meets" : "misses") \(thresholdText)"
  }

  /// For example `99.0 % (target 99.5, tolerance 0.5)`.
  private var thresholdText: String {
    String(format: "%.1f %%", Double(threshold) / 100) + " (target \(options.target), tolerance \(options.tolerance))"
  }
}
