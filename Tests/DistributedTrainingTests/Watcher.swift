// An observer that notes what it is told, and a small search for it to watch.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork

/// Notes all events of a search.
final class Watcher: SearchObserver {
  /// The events in order, in words.
  private(set) var log: [String] = []
  private(set) var plan: SearchPlan?
  private(set) var point: ResumePoint?
  /// The loss that each step reported.
  private(set) var steps: [Double] = []
  private(set) var warmUp: [EpochRecord] = []
  private(set) var epochs: [(record: EpochRecord, result: EpochResult, decision: Decision)] = []
  private(set) var best: [(weights: NetworkWeights, result: EpochResult)] = []
  private(set) var warnings: [String] = []
  private(set) var rollbacks: [Rollback] = []
  private(set) var ahead: [EpochRecord] = []
  private(set) var cancelled: [CancelledLevel] = []
  private(set) var parameters: [ParameterSnapshot] = []
  private(set) var predictions: Predictions?
  private(set) var finished: (result: SearchResult, weights: NetworkWeights)?

  /// Called at each step that is told of.
  var atStep: () -> Void = {}

  /// Called when the search is over, before its checkpoints are removed.
  var atEnd: () -> Void = {}

  func observe(_ event: SearchEvent) {
    switch event {
    case .started(let plan):
      self.plan = plan
      log.append("started")
    case .stageStarted(.warmUp, let architecture): log.append("warm-up of \(architecture.depth)")
    case .stageStarted(.level, let architecture): log.append("depth \(architecture.depth)")
    case .step(let progress):
      atStep()
      steps.append(progress.loss)
      log.append(
        "step \(progress.step)/\(progress.steps) of epoch \(progress.epoch), \(progress.stage) \(progress.depth)")
    case .warmUpEpoch(let record):
      warmUp.append(record)
      log.append("warm-up epoch \(record.epoch)")
    case .best(let weights, let result):
      best.append((weights, result))
      log.append("best in epoch \(result.epoch)")
    case .epoch(let record, let result, let decision):
      epochs.append((record, result, decision))
      log.append("epoch \(result.epoch)")
    case .resumed(_, let point):
      self.point = point
      log.append("resumed after step \(point.step)")
    case .ahead(let record, _):
      ahead.append(record)
      log.append("ahead: depth \(record.depth), epoch \(record.epoch)")
    case .cancelled(let level):
      cancelled.append(level)
      log.append("cancelled: depth \(level.depth)")
    case .rolledBack(let rollback):
      rollbacks.append(rollback)
      log.append("rolled back")
    case .warning(let text):
      log.append("warning")
      warnings.append(text)
    case .parameters(let snapshot): parameters.append(snapshot)
    case .warmedUp: break
    case .tested(let predictions): self.predictions = predictions
    case .finished(let result, let weights):
      finished = (result, weights)
      log.append("finished")
      atEnd()
    }
  }
}

/// The settings of one small search, run with a watcher.
struct SearchTrial {
  var data: DatasetSplits
  var search: SearchOptions
  var batchNorm = TrainingOptions.BatchNorm.automatic
  var warmUp = WarmUpOptions(epochs: 2, learningRate: 0.001)

  var showsParameters = false
  var communication = CommunicationOptions()
  var options = TrainingOptions(batchSize: 16, learningRate: 0.005, seed: 1)
  var reliability = ReliabilityOptions()
  /// What is known of latencies, on rank 0.
  var latencies: [Double]?

  var training: TrainingOptions {
    var training = options
    training.batchNorm = batchNorm
    return training
  }

  func run(
    on communicator: Communicator, checkpoints: CheckpointPlan? = nil, from checkpoint: SearchCheckpoint? = nil,
    checkpointMinutes: Double = 1e6, heartbeat: Heartbeat = Heartbeat(), watcher: Watcher = Watcher()
  ) throws -> (SearchResult, Watcher) {
    let coordinator = try SearchCoordinator(
      SyntheticImages.architecture(depth: 1), data: data, communicator: communicator, search: search, warmUp: warmUp,
      training: training, communication: communication, latencies: latencies, heartbeat: heartbeat,
      observer: watcher)
    coordinator.checkpoints = checkpoints
    coordinator.reliability = reliability
    coordinator.showsParameters = showsParameters
    coordinator.reliability.checkpointMinutes = checkpointMinutes
    return (try coordinator.run(from: checkpoint), watcher)
  }
}

extension SearchOptions {
  /// Aims at what contradictory data never gives, with depths 1 and 2.
  static func impossible(restart: Restart = .warmup, growthRateFactor: Double = 0.5) -> SearchOptions {
    SearchOptions(
      policy: .paper, target: 100, tolerance: 0, maximumDepth: 2, patience: 2, restart: restart,
      growthRateFactor: growthRateFactor)
  }
}
