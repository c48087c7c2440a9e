// Leads all ranks through a search. Rank 0 asks the policy and broadcasts what it decides; every rank carries it out.

import Datasets
import DepthSearch
import MPI
import NeuralNetwork

/// A depth search on all ranks of a communicator: warm-up, levels, and the test of what was found.
public final class SearchCoordinator {
  private let largest: Architecture
  private let data: DatasetSplits
  private let communicator: Communicator
  private let search: SearchOptions
  private let warmUp: WarmUpOptions
  private let training: TrainingOptions
  private let communication: CommunicationOptions
  private var policy: any DepthPolicy
  /// Told of everything on rank 0; that of other ranks is never told anything.
  public var observer: (any SearchObserver)?
  private let clock = ContinuousClock()

  /// Epochs done, warm-up included: the key of each epoch's order and augmentation.
  private var epochsDone = 0
  /// Epochs of the search done, and the learning rate of the next one.
  private var searchEpoch = 0
  private var learningRate: Double
  /// Rank 0's memory: the weights after the warm-up, the best of the level in training and of the best level.
  private var warmWeights: NetworkWeights?
  private var bestOfDepth: NetworkWeights?
  private var bestOfAll: (accuracy: Accuracy, weights: NetworkWeights)?

  /// - Parameters:
  ///   - family: what all networks of the search have in common, at any depth.
  ///   - observer: told of everything on rank 0.
  /// - Throws: `SearchError` for impossible depths, `TrainingError` where data and ranks do not fit.
  public init(
    _ family: Architecture, data: DatasetSplits, communicator: Communicator, search: SearchOptions,
    warmUp: WarmUpOptions, training: TrainingOptions, communication: CommunicationOptions = CommunicationOptions(),
    observer: (any SearchObserver)? = nil
  ) throws {
    largest = try family.withDepth(search.depths(in: family.family).upperBound)
    policy = try search.makePolicy(for: family.family, learningRate: training.learningRate)
    self.data = data
    self.communicator = communicator
    self.search = search
    self.warmUp = warmUp
    self.training = training
    learningRate = training.learningRate
    self.communication = communication
    self.observer = observer
    try checkSizes()
  }

  /// Runs the search to its end, once. Collective; the result is the same on every rank.
  ///
  /// - Throws: `MPIError`, `TrainingError`, and what the observer throws.
  public func run() throws -> SearchResult {
    let start = clock.now
    try observe(
      .started(
        SearchPlan(
          largest: largest, trainImages: data.train.count, validationImages: data.validation.count,
          testImages: data.test.count, batchSize: training.batchSize, ranks: communicator.size, options: search)))
    try warmAllLevels()
    var depth = search.initialDepth
    var growth: SearchOptions.Restart?
    while true {
      let trainer = try startLevel(depth, growth: growth)
      let decision = try trainLevel(trainer)
      if let outcome = decision.outcome { return try finish(outcome, since: start) }
      depth = decision.depth
      growth = decision.growth
    }
  }

  // MARK: Warm-up

  /// Trains all levels together: one pass over the trunk with a classifier after every block.
  private func warmAllLevels() throws {
    let initial = NetworkWeights.initial(largest, heads: .all, seed: training.seed)
    if communicator.rank == 0 { warmWeights = initial }
    guard warmUp.epochs > 0 else { return }
    let trainer = try makeTrainer(largest, heads: .all)
    trainer.network.weights = initial
    try communicator.verifyEqualWeights(trainer.network.arena)
    try observe(.stageStarted(.warmUp, largest))
    for epoch in 1...warmUp.epochs {
      let rate = warmUp.learningRate(inEpoch: epoch)
      let record = try train(trainer, stage: .warmUp, epoch: epoch, learningRate: rate)
      try observe(.warmUpEpoch(record))
    }
    if communicator.rank == 0 { warmWeights = trainer.network.weights }
  }

  // MARK: Levels

  /// Trains one depth until a decision leaves it, and returns that decision.
  private func trainLevel(_ trainer: DataParallelTrainer) throws -> Decision {
    var decision: Decision
    repeat {
      let epoch = searchEpoch + 1
      var record = try train(trainer, stage: .level, epoch: epoch, learningRate: learningRate)
      let start = clock.now
      let validation = try trainer.evaluate(data.validation)
      record.validationSeconds = clock.now.seconds(since: start)
      let result = EpochResult(
        epoch: epoch, depth: record.depth, validation: Accuracy(correct: validation.correct, total: validation.total),
        trainingLoss: record.trainingLoss)
      decision = try decide(result)
      try carryOut(decision, after: result, record, trainer)
      searchEpoch = epoch
      learningRate = decision.learningRate
    } while decision.growth == nil && decision.outcome == nil
    return decision
  }

  /// Builds the network of a level on every rank, with the architecture and the weights that rank 0 sends.
  private func startLevel(_ depth: Int, growth: SearchOptions.Restart?) throws -> DataParallelTrainer {
    var start: NetworkWeights?
    if let warmWeights {
      var weights = try warmWeights.extracting(depth: depth)
      if growth == .inherit, let bestOfDepth { weights.adopt(bestOfDepth) }
      start = weights
    }
    bestOfDepth = nil
    let architecture = try communicator.broadcast(start?.architecture, from: 0)
    let trainer = try makeTrainer(architecture, heads: .deepest)
    try trainer.broadcast(start, from: 0)
    try communicator.verifyEqualWeights(trainer.network.arena)
    try observe(.stageStarted(.level, architecture))
    return trainer
  }

  /// Rank 0's decision on an epoch, on every rank.
  private func decide(_ result: EpochResult) throws -> Decision {
    let decision = communicator.rank == 0 ? policy.next(result) : nil
    return try communicator.broadcast(decision, from: 0)
  }

  /// Keeps the weights if they are the best of their depth, and reports the epoch. Rank 0's part of a decision.
  private func carryOut(
    _ decision: Decision, after result: EpochResult, _ record: EpochRecord, _ trainer: DataParallelTrainer
  ) throws {
    guard communicator.rank == 0 else { return }
    if decision.keepsWeights {
      let weights = trainer.network.weights
      bestOfDepth = weights
      if bestOfAll.map({ result.validation.isBetter(than: $0.accuracy) }) ?? true {
        bestOfAll = (result.validation, weights)
      }
      try observe(.best(weights, result))
    }
    try observe(.epoch(record, result, decision))
  }

  // MARK: The result

  /// Tests the network found: the level that met the target, else the best of all.
  private func finish(_ outcome: Outcome, since start: ContinuousClock.Instant) throws -> SearchResult {
    let weights = outcome.targetMet ? bestOfDepth : bestOfAll?.weights
    let architecture = try communicator.broadcast(weights?.architecture, from: 0)
    let trainer = try makeTrainer(architecture, heads: .deepest)
    try trainer.broadcast(weights, from: 0)
    let test = try trainer.evaluate(data.test)
    let result = SearchResult(
      architecture: architecture, outcome: outcome,
      validationAccuracy: (outcome.targetMet ? outcome.accuracy : outcome.bestAccuracy).percent,
      testAccuracy: Accuracy(correct: test.correct, total: test.total).percent, depths: policy.state.depths,
      imagesTrained: epochsDone * data.train.count, seconds: clock.now.seconds(since: start),
      ranks: communicator.size)
    let shared = try communicator.broadcast(result, from: 0)
    if let weights { try observe(.finished(shared, weights)) }
    return shared
  }

  // MARK: Parts

  /// One training epoch.
  private func train(
    _ trainer: DataParallelTrainer, stage: SearchStage, epoch: Int, learningRate: Double
  ) throws -> EpochRecord {
    let start = clock.now
    let totals = try trainer.trainEpoch(epochsDone, learningRate: learningRate) { step, steps, loss in
      let images = min(step * training.batchSize, data.train.count)
      try observe(
        .step(
          StepProgress(
            stage: stage, depth: trainer.network.architecture.depth, epoch: epoch, step: step, steps: steps, loss: loss,
            imagesPerSecond: Double(images) / clock.now.seconds(since: start))))
    }
    epochsDone += 1
    let trainingSeconds = clock.now.seconds(since: start)
    return EpochRecord(
      epoch: epoch, depth: trainer.network.architecture.depth, learningRate: learningRate, trainingLoss: totals.loss,
      trainingAccuracy: 100 * Double(totals.correct) / Double(max(totals.total, 1)), trainingSeconds: trainingSeconds,
      imagesPerSecond: Double(data.train.count) / trainingSeconds)
  }

  private func makeTrainer(_ architecture: Architecture, heads: HeadSelection) throws -> DataParallelTrainer {
    try DataParallelTrainer(
      architecture, heads: heads, data: data, communicator: communicator, options: training,
      communication: communication)
  }

  private func checkSizes() throws {
    let ranks = communicator.size
    let shared = [
      (data.train.count, "training images"), (training.batchSize, "images of a batch (training.batchSize)"),
    ]
    for (images, part) in shared {
      guard ranks <= images else { throw TrainingError.tooManyRanks(ranks: ranks, images: images, of: part) }
    }
    if data.validation.count == 0 { throw TrainingError.noImages(of: "validation") }
    if data.test.count == 0 { throw TrainingError.noImages(of: "test") }
  }

  private func observe(_ event: SearchEvent) throws {
    if communicator.rank == 0 { try observer?.observe(event) }
  }
}

extension ContinuousClock.Instant {
  /// Seconds from `start` to this instant.
  func seconds(since start: Self) -> Double { start.duration(to: self) / .seconds(1) }
}
