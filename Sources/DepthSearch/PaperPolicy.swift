// Progressive depth expansion as published: train one level until it stops improving, grow while the target is
// missed, fine-tune the level that meets it. Tareen & Tareen, "Optimally Deep Networks" (arXiv 2510.10764, 2025).

import Foundation

/// The published procedure, as a pure state machine.
///
/// An epoch counts as an improvement if its accuracy, rounded to 0.1 % while searching and to 0.01 % while
/// fine-tuning, beats the best. A level is given up after `patience` epochs without one. Reaching the maximum depth
/// starts fine-tuning at once, as published; but what it ends in is reported as met only if the target was met.
public struct PaperPolicy: DepthPolicy {
  /// What the next epoch trains, and all that the decisions so far left behind.
  public private(set) var state: SearchState

  private let options: SearchOptions
  private let maximumDepth: Int
  private let learningRate: Double
  /// `target − tolerance` in hundredths of a percent, a multiple of 10.
  public let threshold: Int

  /// A policy at its start, or where `state` left it.
  /// - Parameters:
  ///   - learningRate: the first level's learning rate, above 0.
  ///   - level: a level to begin with as if the search had just grown onto it, which has no epoch yet.
  /// - Precondition: the options are in the ranges that they document, and let a level be independent if one is given.
  /// - Throws: `SearchError` if the family lacks these depths, or the state or the level is not one of this search.
  public init(
    options: SearchOptions, family: Architecture.Family, learningRate: Double, level: Int? = nil,
    resuming state: SearchState? = nil
  ) throws(SearchError) {
    precondition(options.patience >= 1 && options.plateau.epochs >= 1 && learningRate > 0)
    precondition(0 <= options.tolerance && options.tolerance < options.target && options.target <= 100)
    precondition(level == nil || options.levelsAreIndependent, "a level that depends on those before it")
    let depths = try options.depths(in: family)
    let first = level ?? depths.lowerBound
    guard depths.contains(first) else { throw .level(first, of: depths) }
    try state?.check(in: first...depths.upperBound)
    try state?.checkOrder(from: first)
    self.options = options
    self.learningRate = learningRate
    maximumDepth = depths.upperBound
    threshold = 10 * Int(((options.target - options.tolerance) * 10).rounded())
    self.state = state ?? SearchState(depth: first, learningRate: learningRate)
    if state == nil && first > depths.lowerBound {
      self.state.learningRate = growthRate
      _ = startFineTuning()
    }
  }

  /// Takes in an epoch and decides what follows.
  /// - Precondition: the search is not over, and the result is of epoch `state.epoch + 1` at `state.depth`.
  public mutating func next(_ result: EpochResult) -> Decision {
    precondition(state.outcome == nil, "the search is over")
    precondition(result.epoch == state.epoch + 1 && result.depth == state.depth, "an epoch of another search")
    state.epoch += 1
    let isBestOfDepth = state.current.add(result)
    var changes = [compareWithBest(result.validation)]
    let isLast = options.epochLimit.map { state.epoch >= $0 } ?? false
    let grows = isExhausted && state.phase == .searching && !meetsTarget && state.depth < maximumDepth && !isLast
    if grows { changes = [grow()] }
    changes.append(startFineTuning())
    if isLast || (isExhausted && state.phase == .fineTuning) { changes = [finish()] }
    return Decision(
      epoch: state.epoch, keepsWeights: isBestOfDepth, depth: state.depth, learningRate: state.learningRate,
      phase: state.phase, restart: grows ? options.restart : nil, outcome: state.outcome,
      explanation: changes.compactMap(\.self).joined(separator: "; "))
  }

  /// Whether the search trains this level, or may still grow onto it.
  public func mayTrain(_ depth: Int) -> Bool {
    guard state.outcome == nil else { return false }
    return depth == state.depth || (depth > state.depth && depth <= maximumDepth && state.phase == .searching)
  }

  /// The learning rate that every level but the first begins with.
  private var growthRate: Double { learningRate * options.growthRateFactor }
  private var isExhausted: Bool { state.epochsWithoutImprovement >= options.patience }
  private var meetsTarget: Bool { state.bestHundredths >= threshold }

  // Each step below changes the state and returns what it did, in words, or nil if it did nothing.

  private mutating func compareWithBest(_ accuracy: Accuracy) -> String? {
    let rounded = accuracy.hundredths(roundedTo: state.phase == .searching ? 1 : 2)
    if rounded > state.bestHundredths {
      state.bestHundredths = rounded
      state.epochsWithoutImprovement = 0
      return nil
    }
    state.epochsWithoutImprovement += 1
    guard state.epochsWithoutImprovement.isMultiple(of: options.plateau.epochs) else { return nil }
    state.learningRate *= options.plateau.factor
    return "no improvement for \(epochs(state.epochsWithoutImprovement)): "
      + String(format: "learning rate lowered to %.3g", state.learningRate)
  }

  private mutating func grow() -> String {
    let given = state.current
    state.depth += 1
    state.depths.append(DepthRecord(depth: state.depth))
    state.epochsWithoutImprovement = 0
    state.learningRate = growthRate
    if options.bestAfterGrowth == .reset { state.bestHundredths = 0 }
    let best = given.accuracy.map(\.description) ?? "none"
    return """
      depth \(given.depth) (best validation \(best)) missed \(thresholdText) without improving for \
      \(epochs(options.patience)): growing to depth \(state.depth)
      """
  }

  private mutating func startFineTuning() -> String? {
    guard state.phase == .searching, meetsTarget || state.depth == maximumDepth else { return nil }
    state.phase = .fineTuning
    return meetsTarget
      ? "depth \(state.depth) meets \(thresholdText): fine-tuning"
      : "depth \(state.depth) is the maximum depth: fine-tuning"
  }

  private mutating func finish() -> String? {
    // The epoch just added gave the level in training a best accuracy.
    guard let accuracy = state.current.accuracy else { return nil }
    let targetMet = accuracy.isAtLeast(hundredths: threshold)
    let isConverged = isExhausted && state.phase == .fineTuning
    var best = (depth: state.depths[0].depth, accuracy: state.depths[0].accuracy ?? accuracy)
    for record in state.depths {
      if let other = record.accuracy, other.isBetter(than: best.accuracy) { best = (record.depth, other) }
    }
    let shallower = state.depths.first { $0.depth == state.depth - 1 }?.accuracy.map { EndEstimate($0) }
    let outcome = Outcome(
      targetMet: targetMet, target: options.target, tolerance: options.tolerance, depth: state.depth,
      accuracy: accuracy, bestDepth: best.depth, bestAccuracy: best.accuracy,
      reason: !isConverged ? .epochLimit : (meetsTarget ? .fineTuned : .maximumDepth),
      shallowerMisses: targetMet ? shallower?.probability(below: Double(threshold) / 10_000) : nil)
    state.outcome = outcome
    return outcome.description
  }

  private func epochs(_ count: Int) -> String { count == 1 ? "1 epoch" : "\(count) epochs" }

  /// For example `99.0 % (target 99.5, tolerance 0.5)`.
  private var thresholdText: String {
    String(format: "%.1f %%", Double(threshold) / 100) + " (target \(options.target), tolerance \(options.tolerance))"
  }
}
