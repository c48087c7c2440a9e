// How far a search is, and how that is told.

import DepthSearch
import NeuralNetwork

/// How far a search is; the same on all ranks.
struct SearchProgress: Codable, Equatable, Sendable {
  /// The part of the search that is under way.
  var stage = SearchStage.warmUp
  /// Epochs done, warm-up included.
  var epochsDone = 0
  /// Epochs of the search done.
  var searchEpoch = 0
  /// The learning rate of the next epoch of the search.
  var learningRate: Double
  /// How the search ended, once only the test of the result is left.
  var outcome: Outcome?
  /// How the search has gone back, if it has.
  var recovery: Recovery?
  /// What the epochs of each level took, in the order in which they were trained; nil before the first.
  var times: [LevelTime]?

  /// Epochs of the warm-up done.
  var warmUpEpoch: Int { epochsDone - searchEpoch }

  /// Goes on to what a decision on an epoch says.
  mutating func take(_ decision: Decision, on record: EpochRecord) {
    var times = times ?? []
    if times.last?.depth != record.depth { times.append(LevelTime(depth: record.depth, epochs: 0, seconds: 0)) }
    times[times.count - 1].epochs += 1
    times[times.count - 1].seconds += record.trainingSeconds + record.validationSeconds
    self.times = times
    searchEpoch = decision.epoch
    learningRate = decision.learningRate
    outcome = decision.outcome
  }
}

extension Decision {
  /// Whether there is a checkpoint after it. A new level has one when it starts.
  var changesCourse: Bool { !explanation.isEmpty && restart == nil }
}

/// Where a search continues.
public struct ResumePoint: Sendable {
  /// The checkpoint's path.
  public let file: String
  /// The part of the search that was under way.
  public let stage: SearchStage
  /// The depth in training; the largest in the warm-up. Of a search by groups the one that the search has come to.
  public internal(set) var depth: Int
  /// Epochs of the warm-up done.
  public let warmUpEpochs: Int
  /// Epochs of the search done.
  public internal(set) var searchEpochs: Int
  /// Steps done in the epoch that was under way.
  public let step: Int
  /// Wall time of the search up to there.
  public let seconds: Double
  /// The ranks that trained together.
  public let ranks: Int
  /// Rollbacks so far.
  public internal(set) var rollbacks: Int
  /// The depths trained so far, shallowest first.
  public let depths: [DepthRecord]
  /// The best of the depth in training, if it has an epoch.
  public let best: (weights: NetworkWeights, result: EpochResult)?
  /// In a search by groups, what has happened in the search since the warm-up: groups may have saved it before the search
  /// could tell of it.
  public internal(set) var recap: [SearchEvent] = []

  /// Whether the training of a depth had come to its end.
  public func isOver(_ depth: Int) -> Bool {
    stage == .level && depth != self.depth && (depth < self.depth || depths.contains { $0.depth == depth })
  }

  init(_ checkpoint: SearchCheckpoint) {
    let state = checkpoint.state
    file = checkpoint.path
    stage = state.progress.stage
    depth = stage == .warmUp ? state.largest.depth : state.trainedDepth
    warmUpEpochs = state.progress.warmUpEpoch
    rollbacks = state.progress.recovery?.rollbacks ?? 0
    searchEpochs = state.progress.searchEpoch
    step = state.step
    seconds = state.seconds
    ranks = state.ranks
    depths = state.policy.depths
    best = checkpoint.memory.bestOfDepth.map { ($0.weights, $0.result) }
  }
}
