// What a search tells whoever watches it: a run log, a progress display, a file of the best weights.

import DepthSearch
import NeuralNetwork

/// Something that happened during a search.
public enum SearchEvent: Sendable {
  /// The search begins.
  case started(SearchPlan)
  /// The search goes on where a checkpoint was written.
  case resumed(SearchPlan, ResumePoint)
  /// A stage begins: the warm-up of all levels up to this network, or the training of this one level.
  case stageStarted(SearchStage, Architecture)
  /// A training step is done.
  case step(StepProgress)
  /// An epoch of the warm-up is done.
  case warmUpEpoch(EpochRecord)
  /// The warm-up is over: the validation accuracy of each depth's classifier, from depth 1 on.
  case warmedUp([Accuracy])
  /// An epoch of the search is done, and what follows from it is decided.
  case epoch(EpochRecord, EpochResult, Decision)
  /// In a search by groups, a group has trained an epoch of a level that the search has not come to yet. The epoch is
  /// counted within the level. It is told of once more, as `epoch`, if the search comes to the level.
  case ahead(EpochRecord, Accuracy)
  /// In a search by groups, the search will not come to a level that was tried: if it was in training, that has been ended.
  case cancelled(CancelledLevel)
  /// The numbers of an epoch diverged, and the search has gone back to its beginning.
  case rolledBack(Rollback)
  /// The weights are the best of their depth so far.
  case best(NetworkWeights, EpochResult)
  /// Something is not as it should be, but the search goes on.
  case warning(String)
  /// An epoch of training is done: what its last step left, for whoever looks into networks. Only told if
  /// `SearchCoordinator.showsParameters`.
  case parameters(ParameterSnapshot)
  /// The network found has classified the test images.
  case tested(Predictions)
  /// The search is over; these are the weights of the network it found.
  case finished(SearchResult, NetworkWeights)
}

/// The parts of a search.
public enum SearchStage: String, Codable, Sendable {
  /// All levels are trained together.
  case warmUp
  /// One level is trained.
  case level
}

/// The sizes of a search.
public struct SearchPlan: Codable, Equatable, Sendable {
  /// The deepest network that the search may reach.
  public let largest: Architecture
  /// Images to learn from.
  public let trainImages: Int
  /// Images that decide.
  public let validationImages: Int
  /// Images that the result is tested on.
  public let testImages: Int
  /// Images per step over all ranks.
  public let batchSize: Int
  /// Ranks that train together.
  public let ranks: Int
  /// Which of them normalize a batch together.
  public let batchNorm: BatchSharing
  /// Where they are; nil if whoever began the search did not say.
  public let layout: RunLayout?
  /// What the search aims at.
  public let options: SearchOptions
  /// The depths that its budget allows, and those that it excludes.
  public let affordable: AffordableDepths
}

/// How far an epoch is.
public struct StepProgress: Codable, Equatable, Sendable {
  /// The part of the search.
  public let stage: SearchStage
  /// The depth trained; the largest in the warm-up.
  public let depth: Int
  /// The epoch within the warm-up, or within the whole search; in a search by groups within the level.
  public let epoch: Int
  /// Steps done in this epoch.
  public let step: Int
  /// Steps that the epoch has.
  public let steps: Int
  /// Mean loss of the epoch so far, on rank 0.
  public let loss: Double
  /// Accuracy of the epoch so far, on rank 0, in percent.
  public let accuracy: Double
  /// Images per second over all ranks, in this epoch so far.
  public let imagesPerSecond: Double

  /// Progress made in code.
  public init(
    stage: SearchStage, depth: Int, epoch: Int, step: Int, steps: Int, loss: Double, accuracy: Double,
    imagesPerSecond: Double
  ) {
    self.stage = stage
    self.depth = depth
    self.epoch = epoch
    self.step = step
    self.steps = steps
    self.loss = loss
    self.accuracy = accuracy
    self.imagesPerSecond = imagesPerSecond
  }
}

/// What an epoch cost and came to in training.
public struct EpochRecord: Codable, Equatable, Sendable {
  /// The epoch within the warm-up, or within the whole search.
  public internal(set) var epoch: Int
  /// The depth trained; the largest in the warm-up.
  public let depth: Int
  /// The learning rate of its steps, those of a ramp excepted.
  public let learningRate: Double
  /// Mean cross-entropy of the training images while they were learned from.
  public let trainingLoss: Double
  /// Their accuracy, in percent.
  public let trainingAccuracy: Double
  /// Seconds for training.
  public let trainingSeconds: Double
  /// Seconds for validation; 0 where there is none.
  public internal(set) var validationSeconds = 0.0
  /// Training images per second over all ranks.
  public let imagesPerSecond: Double
  /// The bytes that a rank hands over to be summed in a step: 4 for each parameter of the network in training, 2 with
  /// bf16, none where there is one rank.
  public let allreduceBytesPerStep: Int
  /// Seconds that rank 0 waited for sums of gradients, since the epoch began or was continued.
  public let waitingSeconds: Double

  /// The same with another number.
  func inEpoch(_ epoch: Int) -> EpochRecord {
    var record = self
    record.epoch = epoch
    return record
  }
}

/// A level that was tried although the search does not come to it.
public struct CancelledLevel: Codable, Equatable, Sendable {
  /// The level.
  public let depth: Int
  /// Epochs that were spent on it.
  public let epochs: Int
  /// Its best validation accuracy so far; nil before its first epoch.
  public let best: Accuracy?
}

/// A decision to train an epoch again with a lower learning rate.
public struct Rollback: Codable, Equatable, Sendable {
  /// What was seen, where and when.
  public let reason: String
  /// The part of the search.
  public let stage: SearchStage
  /// The depth in training; the largest in the warm-up.
  public let depth: Int
  /// The epoch within the warm-up, or within the whole search.
  public internal(set) var epoch: Int
  /// The step after which it was seen; nil at the end of the epoch.
  public let step: Int?
  /// What the learning rates of the stage or level are multiplied by from now on.
  public let rateFactor: Double
  /// Its number in the search, from 1.
  public internal(set) var rollback: Int
  /// Rollbacks that the search may make.
  public let limit: Int

  /// The same with other numbers.
  func inEpoch(_ epoch: Int, number: Int) -> Rollback {
    var rollback = self
    rollback.epoch = epoch
    rollback.rollback = number
    return rollback
  }
}

/// What the epochs of a level took.
public struct LevelTime: Codable, Equatable, Sendable {
  /// The level.
  public let depth: Int
  /// Epochs.
  public internal(set) var epochs: Int
  /// Seconds of their training and validation.
  public internal(set) var seconds: Double
}

/// What a search found.
public struct SearchResult: Codable, Equatable, Sendable {
  /// The network found: at the depth that met the target, else at the depth with the best validation accuracy.
  public let architecture: Architecture
  /// How the search ended.
  public let outcome: Outcome
  /// The result's accuracy on the validation images, in percent.
  public let validationAccuracy: Double
  /// Its accuracy on the test images, which took part in no decision, in percent.
  public let testAccuracy: Double
  /// The depths trained, shallowest first.
  public let depths: [DepthRecord]
  /// Images trained on: warm-up and all epochs, one count per image and epoch.
  public let imagesTrained: Int
  /// Wall time of the whole search on rank 0.
  public let seconds: Double
  /// Ranks that trained together.
  public let ranks: Int
  /// Neighbouring ranks that normalized a batch together; nil in logs of versions that did not say.
  public var batchNormRanks: Int?
  /// What the depths took, as far as is known.
  public var times: [LevelTime]?
  /// The depths that the search could visit; nil in logs of versions that did not say.
  public var affordable: AffordableDepths?
}

/// The parameters of a network in training, with the gradients of its last step.
public struct ParameterSnapshot: Sendable {
  /// The part of the search.
  public let stage: SearchStage
  /// The depth in training; the largest in the warm-up.
  public let depth: Int
  /// The epoch within the warm-up, or within the whole search.
  public let epoch: Int
  /// Where each tensor lies.
  public let layout: NetworkLayout
  /// The parameter arena, `layout.parameterFloats` long.
  public let values: [Float]
  /// The gradient of the loss in each of them, summed over all ranks.
  public let gradients: [Float]

  /// A snapshot made in code.
  public init(
    stage: SearchStage, depth: Int, epoch: Int, layout: NetworkLayout, values: [Float], gradients: [Float]
  ) {
    self.stage = stage
    self.depth = depth
    self.epoch = epoch
    self.layout = layout
    self.values = values
    self.gradients = gradients
  }
}

/// Someone who watches a search. Only rank 0 has one.
public protocol SearchObserver {
  /// Takes note of an event. An error ends the search.
  mutating func observe(_ event: SearchEvent) throws
}
