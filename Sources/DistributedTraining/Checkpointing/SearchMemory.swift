// The weights that a search keeps besides those in training. Only rank 0 has any.

import DepthSearch
import NeuralNetwork

/// Weights, and the epoch that they are from.
struct KeptWeights: Sendable {
  let weights: NetworkWeights
  let result: EpochResult
}

/// What rank 0 remembers.
struct SearchMemory: Sendable {
  /// The weights that the warm-up ended with, of all levels.
  var warm: NetworkWeights?
  /// What is kept of the level in training.
  var bestOfDepth: KeptWeights?
  /// The best of each level that may still be the answer, once another one is in training.
  var candidates: [KeptWeights] = []
  /// The best of all levels that have come to their end.
  var bestOfAll: KeptWeights?

  /// Takes in weights that stand for the level in training from now on.
  mutating func keep(_ weights: NetworkWeights, from result: EpochResult) {
    bestOfDepth = KeptWeights(weights: weights, result: result)
  }

  /// The level in training has come to its end: it may be the best of all, and of those that were trained before only
  /// `depths` may still be the answer.
  mutating func endLevel(candidates depths: [Int]) {
    guard let bestOfDepth else { return }
    let isBest = bestOfAll.map { bestOfDepth.result.validation.isBetter(than: $0.result.validation) } ?? true
    if isBest { bestOfAll = bestOfDepth }
    candidates = (candidates + [bestOfDepth]).filter { depths.contains($0.result.depth) }
  }

  /// The best weights of a level, if they were kept.
  func best(ofDepth depth: Int) -> NetworkWeights? {
    ([bestOfDepth, bestOfAll].compactMap(\.self) + candidates).first { $0.result.depth == depth }?.weights
  }

  /// What a level starts from; nil without warm weights, as on other ranks.
  func start(ofDepth depth: Int, restart: SearchOptions.Restart?) throws -> NetworkWeights? {
    guard var weights = try warm?.extracting(depth: depth) else { return nil }
    if restart == .inherit, let bestOfDepth { weights.adopt(bestOfDepth.weights) }
    return weights
  }
}
