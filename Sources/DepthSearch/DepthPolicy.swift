// The question that training asks after every epoch, and the form of the answer.
//
// A policy sees counts and answers with plain values: no MPI, no clock, no randomness. Rank 0 asks it and broadcasts
// the decision; how a decision is carried out is left to DistributedTraining.

@_exported import struct NeuralNetwork.Architecture

/// What one epoch of one level came to.
public struct EpochResult: Codable, Equatable, Sendable {
  /// The epoch's number in the whole search, from 1.
  public var epoch: Int
  /// The level trained.
  public var depth: Int
  /// The validation accuracy after the epoch, over all ranks.
  public var validation: Accuracy
  /// The mean training loss of the epoch; for the log, no policy here decides by it.
  public var trainingLoss: Double

  /// The result of one epoch.
  public init(epoch: Int, depth: Int, validation: Accuracy, trainingLoss: Double) {
    self.epoch = epoch
    self.depth = depth
    self.validation = validation
    self.trainingLoss = trainingLoss
  }
}

/// What follows from an epoch. One epoch can do several things at once: keep its weights, grow, start fine-tuning.
public struct Decision: Codable, Equatable, Sendable, CustomStringConvertible {
  /// The epoch that it follows.
  public var epoch: Int
  /// Whether this epoch's weights are the best of their depth so far. Keep them before anything else is done.
  public var keepsWeights: Bool
  /// The depth of the next epoch.
  public var depth: Int
  /// The learning rate of the next epoch.
  public var learningRate: Double
  /// The phase of the next epoch.
  public var phase: SearchPhase
  /// If another level begins, the weights that it starts from; momentum is cleared either way.
  public var restart: SearchOptions.Restart?
  /// If the search is over, how it ended; there is no next epoch then.
  public var outcome: Outcome?
  /// If the level that was trained ends, the levels that may still be the answer, itself among them if it may: their best
  /// weights have to be kept. Empty where only the last level or the best of all can be.
  public var candidates: [Int] = []
  /// What changed and why, one line for the log; empty if training just goes on.
  public var explanation: String

  /// Whether the level that was trained has had its last epoch: it was given up, or the search is over.
  public var endsLevel: Bool { restart != nil || outcome != nil }

  /// Whether the search goes no deeper than `depth`: that level met the target, or is the last one.
  public var isDeepest: Bool { phase == .fineTuning || outcome != nil }

  /// The explanation, or that training goes on.
  public var description: String {
    explanation.isEmpty ? "training of depth \(depth) goes on" : explanation
  }
}

/// A procedure that leads a search from epoch to epoch.
public protocol DepthPolicy: Sendable {
  /// Where the search stands: what the next epoch trains, and all that a checkpoint has to hold.
  var state: SearchState { get }

  /// Takes in an epoch and decides what follows.
  /// - Precondition: the search is not over, and the result is of epoch `state.epoch + 1` at `state.depth`.
  mutating func next(_ result: EpochResult) -> Decision

  /// The validation accuracy that a level has to come to, in hundredths of a percent; at least 10.
  var threshold: Int { get }

  /// Whether the search trains this level, or may still come to it.
  func mayTrain(_ depth: Int) -> Bool
}
