// Leads all ranks through a search. Rank 0 asks the policy and broadcasts what it decides; every rank carries it out.
// How a search is saved and taken up again is in SearchCoordinator+Checkpoints.swift, how its levels are trained by groups
// of ranks in Groups.

import Datasets
import DepthSearch
import MPI
import NeuralNetwork

/// A depth search on all ranks of a communicator: warm-up, levels, and the test of what was found.
public final class SearchCoordinator {
  let largest: Architecture
  let data: DatasetSplits
  let communicator: Communicator
  /// The depths within the budget, and those that are not.
  let affordable: AffordableDepths
  /// What the search aims at, down to the deepest level within the budget.
  let search: SearchOptions
  let warmUp: WarmUpOptions
  let training: TrainingOptions
  let communication: CommunicationOptions
  /// How the ranks share batches; where this trains a single depth, those of the search that it belongs to.
  var sharing: BatchSharing
  /// This rank's threads, whichever ranks train a level together.
  let placement: ThreadPlacement
  /// Told of everything on rank 0; that of other ranks is never told anything.
  public var observer: (any SearchObserver)?
  /// Where checkpoints go and what may stop the search, on all ranks alike; nil for a search without them.
  public var checkpoints: CheckpointPlan?
  /// Where this rank notes what it is doing.
  let heartbeat: Heartbeat
  /// When checkpoints are due, and what follows when numbers diverge.
  public var reliability = ReliabilityOptions()
  /// Where the ranks are, for whoever watches.
  public var layout: RunLayout?
  /// Whether the observer is told of all parameters and gradients after each epoch.
  public var showsParameters = false
  private let clock = ContinuousClock()

  var policy: any DepthPolicy
  var progress: SearchProgress
  var memory = SearchMemory()
  /// The network in training; nil between stages.
  var trainee: Trainee?
  /// Epochs that the level in training has had.
  var levelEpochs = 0
  var checkpointer: Checkpointer?
  /// When the search and the epoch under way began: after an interruption, as if there had been none.
  var start = ContinuousClock.now
  var epochStart = ContinuousClock.now
  /// What the epoch under way began with, if the search may go back to it. Rank 0's.
  var epochStartState: TrainingState?

  // Where groups of ranks train levels.

  /// The ranks that train the same level: this rank's group.
  var levelRanks: Communicator
  /// The level, if this trains one by itself, for another coordinator's search.
  var level: LevelHistory?
  /// What whoever ordered that wants between two steps; all its ranks have one, or none.
  var interruption: (() throws -> Pause)?
  /// What is known of levels when a search is continued. Rank 0's.
  var replay: LevelReplay?

  /// A network in training, and how far its epoch is on this rank.
  struct Trainee {
    let trainer: DataParallelTrainer
    var epoch = EpochProgress()
  }

  /// - Parameters:
  ///   - family: what all networks of the search have in common, at any depth.
  ///   - latencies: what was measured before, if this continues a search (`SearchCheckpoint.latencies`); rank 0's counts.
  ///     Without, latencies are measured now where the budget limits them.
  ///   - placement: the threads of this rank; nil for a share of the cores that ranks of `communicator` have together.
  ///   - heartbeat: where this rank notes what it is doing, for a `StallWatch`.
  ///   - observer: told of everything on rank 0.
  /// - Throws: `SearchError` for impossible depths or groups, or a budget that no depth is within, `TrainingError` where data
  ///   and ranks do not fit, `MPIError`. Collective.
  public init(
    _ family: Architecture, data: DatasetSplits, communicator: Communicator, search: SearchOptions,
    warmUp: WarmUpOptions, training: TrainingOptions, communication: CommunicationOptions = CommunicationOptions(),
    latencies: [Double]? = nil, placement: ThreadPlacement? = nil, heartbeat: Heartbeat = Heartbeat(),
    observer: (any SearchObserver)? = nil
  ) throws {
    self.heartbeat = heartbeat
    affordable = try search.affordableDepths(
      of: family, training: training, communicator: communicator, measured: latencies, heartbeat: heartbeat)
    var search = search
    search.maximumDepth = affordable.depths.upperBound
    largest = try family.withDepth(affordable.depths.upperBound)
    policy = try search.makePolicy(for: largest, learningRate: training.learningRate * training.rateFactor)
    self.data = data
    self.communicator = communicator
    levelRanks = communicator
    self.search = search
    self.warmUp = warmUp
    self.training = training
    progress = SearchProgress(learningRate: policy.state.learningRate)
    self.communication = communication
    self.placement = try placement ?? ThreadPlacement(threads: training.threads, communicator: communicator)
    self.observer = observer
    if search.groups > 1 && !search.levelsAreIndependent { throw SearchError.dependentLevels(groups: search.groups) }
    sharing = try BatchSharing(
      ranks: communicator.size, largest, trainImages: data.train.count, search: search, warmUp: warmUp,
      training: training, hosts: communicator.hosts())
    if data.validation.count == 0 { throw TrainingError.noImages(of: "validation") }
    if data.test.count == 0 { throw TrainingError.noImages(of: "test") }
  }

  /// Runs the search to its end, once. Collective; the result is the same on every rank.
  ///
  /// - Parameter checkpoint: where to continue; rank 0's counts, the others pass nil.
  /// - Throws: `MPIError`, `TrainingError` (`stopped` if `checkpoints` said so), and what the observer throws.
  public func run(from checkpoint: SearchCheckpoint? = nil) throws -> SearchResult {
    checkpointer = checkpoints.map {
      Checkpointer(
        $0, every: .seconds(60 * reliability.checkpointMinutes), communicator: communicator, resumed: checkpoint?.path)
    }
    start = clock.now
    if checkpoint == nil { try observe(.started(plan)) }
    try resume(checkpoint)
    for warning in warnings { try observe(.warning(warning)) }
    if progress.stage == .warmUp {
      try warmAllLevels()
      try startLevels()
    }
    if isGrouped { try trainLevelsInGroups() } else { try trainLevels() }
    let result = try finish()
    removeLevelCheckpoints()
    checkpointer?.removeAll()
    return result
  }

  private func startLevels() throws {
    guard isGrouped else { return try startLevel(policy.state.depth, restart: nil) }
    trainee = nil
    // They are of other weights, if there are any.
    removeLevelCheckpoints()
    try save()
  }

  private func trainLevels() throws {
    while progress.outcome == nil, let decision = try trainee.map({ try trainLevel($0.trainer) }) {
      if let restart = decision.restart { try startLevel(decision.depth, restart: restart) }
    }
  }

  // MARK: Warm-up

  /// Trains all levels together: one pass over the trunk with a classifier after every block.
  private func warmAllLevels() throws {
    var warm = NetworkWeights.initial(largest, heads: .all, seed: training.seed)
    if warmUp.epochs > 0 {
      let trainer = try trainee?.trainer ?? startWarmUp(warm)
      while progress.warmUpEpoch < warmUp.epochs {
        let earlier = progress.warmUpEpoch
        let rate = warmUp.learningRate(inEpoch: earlier + 1) * training.rateFactor
        let record = try retrying(trainer, epoch: earlier + 1) {
          try train(trainer, epoch: earlier + 1, learningRate: rate, after: earlier)
        }
        try observe(.warmUpEpoch(record))
      }
      warm = trainer.network.weights
      try observe(.warmedUp(trainer.accuracies(on: data.validation)))
    }
    if communicator.rank == 0 { memory.warm = warm }
    progress.stage = .level
  }

  private func startWarmUp(_ initial: NetworkWeights) throws -> DataParallelTrainer {
    heartbeat.enter(.warmUp, depth: largest.depth, epoch: 1)
    let trainer = try makeTrainer(largest, heads: .all)
    trainer.network.weights = initial
    try communicator.verifyEqualWeights(trainer.network.arena)
    try observe(.stageStarted(.warmUp, largest))
    return trainer
  }

  // MARK: Levels

  /// Trains one depth until a decision leaves it, and returns that decision.
  func trainLevel(_ trainer: DataParallelTrainer) throws -> Decision {
    var decision: Decision
    repeat {
      let epoch = progress.searchEpoch + 1
      let (record, validation) = try retrying(trainer, epoch: epoch) {
        var record = try train(trainer, epoch: epoch, learningRate: progress.learningRate, after: levelEpochs)
        let start = clock.now
        let validation = try trainer.evaluate(data.validation)
        record.validationSeconds = clock.now.seconds(since: start)
        return (record, validation)
      }
      levelEpochs += 1
      let result = EpochResult(
        epoch: epoch, depth: record.depth, validation: Accuracy(correct: validation.correct, total: validation.total),
        trainingLoss: record.trainingLoss)
      decision = try decide(result)
      progress.take(decision, on: record)
      if decision.endsLevel { level?.isEnded = true }
      try carryOut(decision, after: result, record, trainer)
      if decision.changesCourse || level?.isEnded == true { try save() }
    } while !decision.endsLevel
    return decision
  }

  /// Builds the network of a level on every rank, with the architecture and the weights that rank 0 sends.
  func startLevel(_ depth: Int, restart: SearchOptions.Restart?) throws {
    // The last level's memory is free before the next one's is taken.
    trainee = nil
    levelEpochs = 0
    progress.recovery?.rateFactor = 1
    heartbeat.enter(.level, depth: depth, epoch: progress.searchEpoch + 1)
    let start = try memory.start(ofDepth: depth, restart: restart)
    memory.bestOfDepth = nil
    let architecture = try communicator.broadcast(start?.architecture, from: 0)
    let trainer = try makeTrainer(architecture, heads: .deepest)
    try trainer.broadcast(start, from: 0)
    try communicator.verifyEqualWeights(trainer.network.arena)
    try observe(.stageStarted(.level, architecture))
    trainee = Trainee(trainer: trainer)
    try save()
  }

  /// Rank 0's decision on an epoch, on every rank.
  private func decide(_ result: EpochResult) throws -> Decision {
    heartbeat.enter(.decision)
    let decision = communicator.rank == 0 ? policy.next(result) : nil
    return try communicator.broadcast(decision, from: 0)
  }

  /// Keeps the weights if they are the best of their depth, and reports the epoch. Rank 0's part of a decision.
  private func carryOut(
    _ decision: Decision, after result: EpochResult, _ record: EpochRecord, _ trainer: DataParallelTrainer
  ) throws {
    heartbeat.enter(.runFiles)
    guard communicator.rank == 0 else { return }
    level?.entries.append(.epoch(record, result))
    if decision.isDeepest && decision.restart == nil { level?.isDeepest = true }
    if decision.keepsWeights {
      let weights = trainer.network.weights
      memory.keep(weights, from: result)
      try observe(.best(weights, result))
    }
    if decision.endsLevel { memory.endLevel(candidates: decision.candidates) }
    try observe(.epoch(record, result, decision))
  }

  // MARK: The result

  /// Tests the network found: the level that met the target or the objective, else the best of all.
  private func finish() throws -> SearchResult {
    // The last level's memory is free before that of the test is taken.
    trainee = nil
    epochStartState = nil
    let outcome = try communicator.broadcast(progress.outcome, from: 0)
    let weights = memory.best(ofDepth: outcome.foundDepth)
    let architecture = try communicator.broadcast(weights?.architecture, from: 0)
    let (test, predictions) = try test(weights, of: architecture)
    let result = SearchResult(
      architecture: architecture, outcome: outcome,
      validationAccuracy: outcome.foundAccuracy.percent,
      testAccuracy: Accuracy(correct: test.correct, total: test.total).percent,
      depths: policy.state.depths.sorted { $0.depth < $1.depth },
      imagesTrained: progress.epochsDone * data.train.count, seconds: clock.now.seconds(since: start),
      ranks: communicator.size, batchNormRanks: sharing.depths.size, times: progress.times, affordable: affordable)
    let shared = try communicator.broadcast(result, from: 0)
    try tell(shared, weights, predictions)
    return shared
  }

  /// Tells rank 0's observer of the result. The other ranks wait for as long as it takes, as where a disk is full.
  /// - Throws: `TrainingError.stopped` on every rank if the observer throws that; what else it throws, on rank 0.
  ///   Collective.
  private func tell(_ result: SearchResult, _ weights: NetworkWeights?, _ predictions: Predictions?) throws {
    heartbeat.enter(communicator.rank == 0 ? .result : .waitingForOther)
    var isStopped = false
    var failure: (any Error)?
    do {
      if let predictions { try observe(.tested(predictions)) }
      if let weights { try observe(.finished(result, weights)) }
    } catch TrainingError.stopped {
      isStopped = true
    } catch {
      // Not before the other ranks know that there is nothing to wait for.
      failure = error
    }
    try communicator.meet()
    if try communicator.broadcast(isStopped, from: 0) {
      throw TrainingError.stopped(checkpoint: try communicator.broadcast([checkpointer?.newest], from: 0)[0])
    }
    if let failure { throw failure }
  }

  /// Classifies the test images with rank 0's weights; the answers are on rank 0. Each group does it by itself, as the one
  /// did that trained them.
  private func test(
    _ weights: NetworkWeights?, of architecture: Architecture
  ) throws -> (totals: EpochTotals, predictions: Predictions?) {
    let trainer = try makeTrainer(architecture, heads: .deepest)
    try trainer.broadcast(weights, from: 0, over: communicator)
    let (totals, predictions) = try trainer.classify(data.test)
    return (totals, communicator.rank == 0 ? predictions : nil)
  }

  // MARK: Parts

  /// What is better known before the search begins.
  private var warnings: [String] {
    (layout?.warnings ?? []) + sharing.warnings
      + [search.resolutionWarning(images: data.validation.count)].compactMap(\.self)
  }

  var plan: SearchPlan {
    SearchPlan(
      largest: largest, trainImages: data.train.count, validationImages: data.validation.count,
      testImages: data.test.count, batchSize: training.batchSize, ranks: communicator.size, batchNorm: sharing,
      layout: layout, options: search, affordable: affordable)
  }

  /// Trains what is left of an epoch.
  private func train(
    _ trainer: DataParallelTrainer, epoch: Int, learningRate: Double, after earlier: Int
  ) throws -> EpochRecord {
    let depth = trainer.network.architecture.depth
    let rest = trainee?.epoch ?? EpochProgress()
    if rest.step == 0 {
      epochStart = clock.now
      try keepEpochStart(trainer)
    }
    let learningRate = learningRate * (progress.recovery?.rateFactor ?? 1)
    heartbeat.enter(progress.stage, depth: depth, epoch: epoch)
    let waited = trainer.reducer.waitingTime
    let division = BatchDivision(images: data.train.count, batchSize: training.batchSize)
    let totals = try trainer.trainEpoch(
      Self.orderKey(progress.stage, depth: depth, after: earlier), learningRate: learningRate, after: earlier,
      from: rest
    ) { done in
      try observe(
        .step(
          StepProgress(
            stage: progress.stage, depth: depth, epoch: epoch, step: done.step, steps: division.count,
            loss: done.meanLoss, accuracy: done.accuracy,
            imagesPerSecond: Double(division.images(after: done.step)) / clock.now.seconds(since: epochStart))))
      trainee = Trainee(trainer: trainer, epoch: done)
      try pause()
    }
    trainee = Trainee(trainer: trainer)
    progress.epochsDone += 1
    try showParameters(of: trainer.network, epoch: epoch)
    let seconds = clock.now.seconds(since: epochStart)
    return EpochRecord(
      epoch: epoch, depth: depth, learningRate: learningRate, trainingLoss: totals.loss,
      trainingAccuracy: 100 * Double(totals.correct) / Double(max(totals.total, 1)), trainingSeconds: seconds,
      imagesPerSecond: Double(data.train.count) / seconds, allreduceBytesPerStep: trainer.reducer.bytesPerStep,
      waitingSeconds: (trainer.reducer.waitingTime - waited) / .seconds(1))
  }

  /// What decides the order and the augmentation of an epoch: the level and the epochs that it has had before, whatever
  /// other levels have had. The warm-up counts as level 0.
  private static func orderKey(_ stage: SearchStage, depth: Int, after earlier: Int) -> Int {
    (stage == .warmUp ? 0 : depth) << 24 + earlier
  }

  private func showParameters(of network: DepthNetwork, epoch: Int) throws {
    guard showsParameters, communicator.rank == 0 else { return }
    let arena = network.arena
    try observe(
      .parameters(
        ParameterSnapshot(
          stage: progress.stage, depth: network.architecture.depth, epoch: epoch, layout: arena.layout,
          values: Array(arena.values.unsafeBuffer), gradients: Array(arena.gradients.unsafeBuffer))))
  }

  func makeTrainer(_ architecture: Architecture, heads: HeadSelection) throws -> DataParallelTrainer {
    try DataParallelTrainer(
      architecture, heads: heads, data: data, communicator: levelRanks, options: training,
      communication: communication, reliability: reliability,
      normalization: heads == .all ? sharing.warmUp : sharing.depths, placement: placement, heartbeat: heartbeat)
  }

  func observe(_ event: SearchEvent) throws {
    if communicator.rank == 0 { try observer?.observe(event) }
  }
}

extension ContinuousClock.Instant {
  /// Seconds from `start` to this instant.
  func seconds(since start: Self) -> Double { start.duration(to: self) / .seconds(1) }
}
