// Steps on random images, for measuring.

import MPI
import NeuralNetwork

/// A network and a batch on every rank, with nothing between steps: what training or classifying costs without reading
/// images.
public final class StepBenchmark {
  /// What a step is.
  public enum Pass: String, Codable, Sendable {
    /// Forward, backward, sum of the gradients over the ranks, guards, update.
    case training
    /// Forward with fixed weights.
    case inference
  }

  private let communicator: Communicator
  private let batch: Batch
  private let reducer: GradientReducer?
  private let run: () throws -> Void
  /// Sums the gradients as they are.
  private let sum: () throws -> Void

  /// - Parameters:
  ///   - batch: images per step on this rank, at least 1.
  ///   - communicator: the ranks that sum their gradients.
  ///   - batchNormRanks: neighbouring ranks that normalize together, a divisor of all.
  ///   - makeKernels: makes the kernels, which let what they are given go on between their parts.
  /// - Throws: `TrainingError.batchNormRanks`, `MPIError`. Collective.
  public init(
    _ architecture: Architecture, batch count: Int, pass: Pass = .training, communicator: Communicator,
    communication: CommunicationOptions = CommunicationOptions(), batchNormRanks: Int = 1,
    makeKernels: ((any BackgroundWork)?) -> any Kernels = { KernelFamily.fast.kernels(background: $0) }
  ) throws {
    self.communicator = communicator
    let batch = Batch(architecture, images: count, index: communicator.rank)
    self.batch = batch
    let weights = NetworkWeights.initial(architecture, heads: .deepest, seed: 0)
    switch pass {
    case .inference:
      reducer = nil
      sum = {}
      let network = InferenceNetwork(architecture, batchCapacity: count, kernels: makeKernels(nil))
      network.load(weights)
      run = { network.forward(batch.images.view, images: count) }
    case .training:
      let reducer = try GradientReducer(
        communicator, layout: NetworkLayout(architecture, heads: .deepest), options: communication)
      self.reducer = reducer
      let globalImages = try communicator.allreduce(count, .sum)
      let groups = try NormalizationGroups(
        TrainingOptions(batchSize: globalImages, batchNorm: .synchronized, batchNormRanks: batchNormRanks),
        ranks: communicator.size)
      let network = DepthNetwork(
        architecture, batchCapacity: count, kernels: makeKernels(reducer.background),
        statisticsReduction: try SynchronizedStatistics(communicator, groups))
      network.weights = weights
      let optimizer = StochasticGradientDescent(learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4)
      let guards = StepGuard(ReliabilityOptions(), communicator: communicator)
      sum = {
        reducer.begin(network.arena.gradients)
        try reducer.finish()
      }
      run = {
        try network.forward(batch.images.view, images: count)
        let result = network.crossEntropy(images: count, labels: batch.labels.view, globalImages: globalImages)
        reducer.begin(network.arena.gradients)
        try network.backward(batch.images.view, images: count, observer: reducer.observer)
        try reducer.finish()
        if let refusal = try guards.update(network, result, answers: count, { network.update(optimizer) }) {
          throw TrainingError.diverged(Divergence(symptom: refusal.symptom, depth: architecture.depth))
        }
      }
    }
  }

  /// Whether gradients are summed while the backward pass goes on.
  public var isOverlapped: Bool { reducer?.isOverlapped ?? false }
  /// The bytes that a rank hands over to be summed in a step, as `GradientReducer.bytesPerStep`.
  public var allreduceBytesPerStep: Int { reducer?.bytesPerStep ?? 0 }
  /// How long this rank has waited for sums so far.
  private var waitingTime: Duration { reducer?.waitingTime ?? .zero }

  /// Makes one step. Collective.
  /// - Throws: `MPIError`.
  public func step() throws { try run() }

  /// What a step took.
  public struct Times: Sendable {
    /// Seconds of the slowest rank.
    public let seconds: Double
    /// The most seconds that a rank waited for the sums of gradients, and for slower ranks.
    public let waitingSeconds: Double
    /// The seconds of the rank that waited least, which no other rank kept waiting: what the sums themselves cost.
    public let exposedSeconds: Double
  }

  /// Makes one step, and returns what it took. Collective.
  /// - Throws: `MPIError`.
  public func timeStep() throws -> Times {
    try communicator.barrier()
    let (start, waited) = (ContinuousClock.now, waitingTime)
    try step()
    let own = [start.duration(to: .now) / .seconds(1), (waitingTime - waited) / .seconds(1)]
    let slowest = try communicator.allreduce(own, .max)
    return Times(
      seconds: slowest[0], waitingSeconds: slowest[1], exposedSeconds: try communicator.allreduce(own[1], .min))
  }

  /// Sums the gradients that the last step left, with nothing to compute meanwhile, and returns the seconds of the slowest
  /// rank. The next step replaces them. Collective.
  /// - Throws: `MPIError`.
  public func timeSum() throws -> Double {
    try communicator.barrier()
    let start = ContinuousClock.now
    try sum()
    return try communicator.allreduce(start.duration(to: .now) / .seconds(1), .max)
  }

  /// Random images and labels.
  private final class Batch {
    let images: AlignedBuffer<Float>
    let labels: AlignedBuffer<Int32>

    init(_ architecture: Architecture, images count: Int, index: Int) {
      images = AlignedBuffer(count: count * architecture.input.count)
      labels = AlignedBuffer(count: count)
      var random = RandomStream(seed: 0, purpose: .test, index: index)
      for i in 0..<images.count { images.view[i] = 2 * random.uniform() - 1 }
      for i in 0..<count { labels.view[i] = Int32(random.integer(below: architecture.classes)) }
    }
  }
}
