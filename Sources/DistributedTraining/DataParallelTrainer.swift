// Trains and evaluates one network on all ranks at once; each rank works on its share of every batch.

import Datasets
import DepthSearch
import MPI
import NeuralNetwork

/// Trains a network data-parallel: every rank holds all weights, computes the gradient of its share of each batch, and
/// makes the same step with the sum of all gradients.
public final class DataParallelTrainer {
  /// The network in training.
  public let network: DepthNetwork
  let communicator: Communicator
  private let data: DatasetSplits
  private let options: TrainingOptions
  let reducer: GradientReducer
  /// What adds up batch-norm statistics; nil where each rank normalizes by itself.
  private let statistics: SynchronizedStatistics?
  /// Whether the ranks' running statistics differ within an epoch.
  let hasLocalStatistics: Bool
  private let evaluator: DistributedEvaluator
  private let heartbeat: Heartbeat
  let guards: StepGuard
  private let images: AlignedBuffer<Float>
  private let labels: AlignedBuffer<Int32>

  /// Allocates the network and the rank's share of a batch. The weights start as zeros: set them.
  ///
  /// - Parameters:
  ///   - normalization: which ranks of `communicator` normalize together; nil for what the options say of these ranks.
  ///   - placement: the threads of this rank; nil for a share of the cores that ranks of `communicator` have together.
  ///   - heartbeat: where it notes what it is doing.
  /// - Throws: `TrainingError.imageShape` or `TrainingError.classes` if the network is not one for such images,
  ///   `TrainingError.batchNormRanks`, `MPIError`. Collective.
  public init(
    _ architecture: Architecture, heads: HeadSelection, data: DatasetSplits, communicator: Communicator,
    options: TrainingOptions, communication: CommunicationOptions = CommunicationOptions(),
    reliability: ReliabilityOptions = ReliabilityOptions(), normalization: NormalizationGroups? = nil,
    placement: ThreadPlacement? = nil, heartbeat: Heartbeat = Heartbeat()
  ) throws {
    self.communicator = communicator
    self.data = data
    self.options = options
    self.heartbeat = heartbeat
    guards = StepGuard(reliability, communicator: communicator)
    reducer = try GradientReducer(
      communicator, layout: NetworkLayout(architecture, heads: heads), options: communication)
    let largest = BatchDivision(images: data.train.count, batchSize: options.batchSize).largest
    let capacity = (max(largest, 1) + communicator.size - 1) / communicator.size
    let kernels = options.kernels(
      try placement ?? ThreadPlacement(threads: options.threads, communicator: communicator),
      background: reducer.background)
    evaluator = try DistributedEvaluator(
      architecture, heads: heads, data: data, communicator: communicator, batchCapacity: capacity, kernels: kernels,
      heartbeat: heartbeat)
    let groups =
      try normalization
      ?? NormalizationGroups(options, ranks: communicator.size, hosts: communicator.hosts())
    statistics = try SynchronizedStatistics(communicator, groups)
    hasLocalStatistics = groups.size < communicator.size
    network = DepthNetwork(
      architecture, heads: heads, batchCapacity: capacity, kernels: kernels, statisticsReduction: statistics)
    images = AlignedBuffer(count: capacity * architecture.input.count)
    labels = AlignedBuffer(count: capacity)
    network.progress = heartbeat.beat
  }

  /// Its size in memory on this rank, the data set excepted: what training and validating take.
  public var bytes: Int { network.bytes + evaluator.bytes + reducer.bytes + images.bytes + labels.bytes }

  /// Gives every rank the weights, of this network's architecture and heads, that `root` passes; the others' argument
  /// is ignored. Collective.
  /// - Throws: `MPIError`.
  public func broadcast(_ weights: NetworkWeights?, from root: Int) throws {
    try broadcast(weights, from: root, over: communicator)
  }

  /// The same over `ranks`, several groups of which have a trainer each.
  func broadcast(_ weights: NetworkWeights?, from root: Int, over ranks: Communicator) throws {
    if ranks.rank == root, let weights { network.weights = weights }
    try ranks.broadcast(network.arena.values.unsafeBuffer, from: root)
    try ranks.broadcast(network.arena.statistics.unsafeBuffer, from: root)
  }

  /// Trains on every training image once, in the order of `epoch`, and leaves equal weights on all ranks. Collective.
  ///
  /// - Parameters:
  ///   - epoch: decides the order and the augmentation.
  ///   - learningRate: the rate of its steps, those of a ramp excepted.
  ///   - earlier: epochs that the warm-up, or the level, has had before, which decide where on the ramp it is; nil for one
  ///     behind it.
  ///   - start: how far this epoch is already, on this rank.
  ///   - afterStep: called after each step with how far the epoch then is, on this rank.
  /// - Throws: `MPIError`, `TrainingError.diverged`, `TrainingError.ranksDisagree`, and what `afterStep` throws.
  public func trainEpoch(
    _ epoch: Int, learningRate: Double, after earlier: Int? = nil, from start: EpochProgress = EpochProgress(),
    afterStep: (EpochProgress) throws -> Void
  ) throws -> EpochTotals {
    let assembler = BatchAssembler(
      data.train, normalization: data.normalization, augmentation: data.augmentation, seed: options.seed)
    let batches = ShardedBatches(
      EpochPermutation(count: data.train.count, seed: options.seed, epoch: epoch), batchSize: options.batchSize,
      rank: communicator.rank, ranks: communicator.size)
    var progress = start
    while progress.step < batches.count {
      heartbeat.enter(step: progress.step + 1)
      let share = batches[progress.step]
      assembler.assemble(share.indices, epoch: epoch, images: images.view, labels: labels.view)
      statistics?.begin(batchOf: share.globalCount)
      try network.forward(images.view, images: share.count)
      let result = network.crossEntropy(images: share.count, labels: labels.view, globalImages: share.globalCount)
      progress.sums.add(result, answers: share.count * network.levels)
      reducer.begin(network.arena.gradients)
      try network.backward(images.view, images: share.count, observer: reducer.observer)
      heartbeat.enter(.gradientSum)
      try reducer.finish()
      heartbeat.enter(.update)
      let ramp = earlier.map {
        options.rampFactor(epoch: $0, step: progress.step, stepsPerEpoch: batches.count)
      }
      progress.step += 1
      let refusal = try guards.update(network, result, answers: share.count * network.levels) {
        update(learningRate: learningRate * (ramp ?? 1))
      }
      if let refusal { throw try divergence(refusal, result, share, step: progress.step) }
      if guards.isTimeToVerify(afterStep: progress.step) { try communicator.verifyEqualParameters(network.arena) }
      try afterStep(progress)
    }
    heartbeat.enter(.endOfEpoch)
    if hasLocalStatistics { try averageStatistics() }
    try communicator.verifyEqualWeights(network.arena)
    return try progress.sums.combined(communicator, depth: network.architecture.depth)
  }

  /// The error for a step that was not to be made. Collective.
  private func divergence(
    _ refusal: StepGuard.Refusal, _ result: CrossEntropy, _ share: BatchShare, step: Int
  ) throws -> TrainingError {
    var divergence = Divergence(symptom: refusal.symptom, depth: network.architecture.depth, step: step)
    if case .spike = refusal.symptom { return .diverged(divergence) }
    func repeatStep() throws {
      try network.forward(images.view, images: share.count)
      _ = network.crossEntropy(images: share.count, labels: labels.view, globalImages: share.globalCount)
      try network.backward(images.view, images: share.count)
    }
    divergence.origin = try network.findOrigin(
      loss: result.loss, communicator, repeatStep: refusal.weightsAreIntact ? repeatStep : nil)
    return .diverged(divergence)
  }

  /// Makes a step with the present gradients, and returns whether all of them are finite.
  private func update(learningRate: Double) -> Bool {
    switch options.optimizer {
    case .sgd:
      network.update(
        StochasticGradientDescent(
          learningRate: learningRate, momentum: options.momentum, weightDecay: options.weightDecay))
    case .lars:
      network.update(
        LayerwiseAdaptiveRates(
          learningRate: learningRate, momentum: options.momentum, weightDecay: options.weightDecay,
          trustCoefficient: options.trustCoefficient))
    }
  }

  /// Steps that an epoch has.
  public var stepsPerEpoch: Int { BatchDivision(images: data.train.count, batchSize: options.batchSize).count }

  /// Classifies every image of `split` once, shared among the ranks, with running statistics. Collective.
  /// - Throws: `MPIError`, `TrainingError.diverged`.
  public func evaluate(_ split: DatasetSplit) throws -> EpochTotals {
    evaluator.load(network.arena)
    return try evaluator.evaluate(split)
  }

  /// The share of `split` that each classifier gets right, from that of the first block on, with running statistics.
  /// Collective.
  /// - Throws: `MPIError`.
  func accuracies(on split: DatasetSplit) throws -> [Accuracy] {
    evaluator.load(network.arena)
    return try evaluator.accuracies(on: split)
  }

  /// The same, with the answer to each image on rank 0; nil on the others. Collective.
  /// - Throws: `MPIError`, `TrainingError.diverged`.
  public func classify(_ split: DatasetSplit) throws -> (totals: EpochTotals, predictions: Predictions?) {
    evaluator.load(network.arena)
    return try evaluator.classify(split)
  }

  /// The mean of the ranks' running statistics, which differ where each rank, or group of them, normalizes by its own
  /// share. Ranks count alike: shares differ by one image at most.
  private func averageStatistics() throws {
    let statistics = network.arena.statistics
    try communicator.allreduce(statistics.unsafeBuffer, .sum)
    let share = 1 / Float(communicator.size)
    for i in 0..<statistics.count { statistics[i] *= share }
  }
}
