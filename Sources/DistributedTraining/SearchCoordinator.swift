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
  /// Rank 0's memory: the weights after the warm-up, the best of the level in training and of the best level.
  private var warmWeights: NetworkWeights?
  private var bestOfDepth: NetworkWeights?
  private var bestOfAll: (depth: Int, accuracy: Accuracy, weights: NetworkWeights)?

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
    self.communication = communication
    self.observer = observer
    try checkSizes()
  }

  /// Runs the search to its end. Collective; the result is the same on every rank.
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
    var decision: Decision?
    repeat { decision = try trainLevel(startedBy: decision) } while decision?.outcome == nil
    return try finish(decision, since: start)
  }

  // MARK: Warm-up

  /// Trains all levels together: one pass over the trunk with a classifier after every block.
  private func warmAllLevels() throws {
    let initial = NetworkWeights.initial(largest, heads: .all, seed: training.seed)
    if communicator.rank == 0 { warmWeights = initial }
    guard warmUp.epochs > 0 else { return }
    let trainer = try makeTrainer(largest, heads: .all)
    trainer.network.weights = initial
    try communicator.verifyEqualWeights(trainer.network.arena, epoch: 0)
    try observe(.stageStarted(.warmUp, largest))
    for epoch in 1...warmUp.epochs {
      let rate = warmUp.learningRate(inEpoch: epoch)
      let record = try train(trainer, stage: .warmUp, epoch: epoch, learningRate: rate) { 0 }
      try observe(.warmUpEpoch(record))
    }
    if communicator.rank == 0 { warmWeights = trainer.network.weights }
  }

  // MARK: Levels

  /// Trains one depth until a decision leaves it, and returns that decision.
  private func trainLevel(startedBy decision: Decision?) throws -> Decision {
    let depth = decision?.depth ?? search.initialDepth
    let trainer = try startLevel(depth, growth: decision?.growth)
    var next = decision
    var learningRate = decision?.learningRate ?? training.learningRate
    var epoch = decision?.epoch ?? 0
    repeat {
      epoch += 1
      var validation = EpochTotals(loss: 0, correct: 0, total: 1)
      let record = try train(trainer, stage: .level, epoch: epoch, learningRate: learningRate) {
        try seconds { validation = try trainer.evaluate(data.validation) }
      }
      let result = EpochResult(
        epoch: epoch, depth: depth, validation: Accuracy(correct: validation.correct, total: validation.total),
        trainingLoss: record.trainingLoss)
      let decided = try decide(result)
      try carryOut(decided, after: result, record, trainer)
      learningRate = decided.learningRate
      next = decided
    } while next?.growth == nil && next?.outcome == nil
    guard let next else { preconditionFailure("a level ends with a decision") }
    return next
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
    try communicator.verifyEqualWeights(trainer.network.arena, epoch: epochsDone)
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
      if bestOfAll == nil || bestOfAll?.depth == result.depth
        || bestOfAll.map({ result.validation.isBetter(than: $0.accuracy) }) == true
      {
        bestOfAll = (result.depth, result.validation, weights)
      }
      try observe(.best(weights, result))
    }
    try observe(.epoch(record, result, decision))
  }

  // MARK: The result

  /// Tests the network found: the level that met the target, else the best of all.
  private func finish(_ decision: Decision?, since start: ContinuousClock.Instant) throws -> SearchResult {
    guard let outcome = decision?.outcome else { preconditionFailure("a search ends with an outcome") }
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

  /// One training epoch and what `validate` does after it.
  private func train(
    _ trainer: DataParallelTrainer, stage: SearchStage, epoch: Int, learningRate: Double, validate: () throws -> Double
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
      validationSeconds: try validate(), imagesPerSecond: Double(data.train.count) / trainingSeconds)
  }

  private func makeTrainer(_ architecture: Architecture, heads: HeadSelection) throws -> DataParallelTrainer {
    try DataParallelTrainer(
      architecture, heads: heads, data: data, communicator: communicator, options: training,
      communication: communication)
  }

  private func checkSizes() throws {
    let ranks = communicator.size
    for (images, part) in [(data.train.count, "training images"), (training.batchSize, "training.batchSize")] {
      guard ranks <= images else { throw TrainingError.tooManyRanks(ranks: ranks, images: images, of: part) }
    }
    if data.validation.count == 0 { throw TrainingError.noImages(of: "validation") }
    if data.test.count == 0 { throw TrainingError.noImages(of: "test") }
  }

  private func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = clock.now
    try body()
    return clock.now.seconds(since: start)
  }

  private func observe(_ event: SearchEvent) throws {
    if communicator.rank == 0 { try observer?.observe(event) }
  }
}

extension ContinuousClock.Instant {
  /// Seconds from `start` to this instant.
  func seconds(since start: Self) -> Double { start.duration(to: self) / .seconds(1) }
}
