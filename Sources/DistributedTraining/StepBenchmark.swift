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
  private let run: () throws -> Void

  /// - Parameters:
  ///   - batch: images per step on each rank, at least 1.
  ///   - communicator: the ranks that sum their gradients.
  public init(
    _ architecture: Architecture, batch count: Int, pass: Pass = .training, communicator: Communicator,
    communication: CommunicationOptions = CommunicationOptions(), kernels: any Kernels = KernelFamily.fast.kernels()
  ) throws {
    self.communicator = communicator
    let batch = Batch(architecture, images: count, index: communicator.rank)
    self.batch = batch
    let weights = NetworkWeights.initial(architecture, heads: .deepest, seed: 0)
    switch pass {
    case .inference:
      let network = InferenceNetwork(architecture, batchCapacity: count, kernels: kernels)
      network.load(weights)
      run = { network.forward(batch.images.view, images: count) }
    case .training:
      let network = DepthNetwork(architecture, batchCapacity: count, kernels: kernels)
      network.weights = weights
      let reducer = GradientReducer(communicator, options: communication)
      let optimizer = StochasticGradientDescent(learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4)
      let globalImages = count * communicator.size
      let guards = StepGuard(ReliabilityOptions(), communicator: communicator)
      run = {
        try network.forward(batch.images.view, images: count)
        let result = network.crossEntropy(images: count, labels: batch.labels.view, globalImages: globalImages)
        try network.backward(batch.images.view, images: count)
        try reducer.reduce(network.arena.gradients)
        if let refusal = try guards.update(network, optimizer, result, answers: count) {
          throw TrainingError.diverged(Divergence(symptom: refusal.symptom, depth: architecture.depth))
        }
      }
    }
  }

  /// Makes one step. Collective.
  /// - Throws: `MPIError`.
  public func step() throws { try run() }

  /// Makes one step, and returns the seconds that the slowest rank took. Collective.
  /// - Throws: `MPIError`.
  public func timeStep() throws -> Double {
    try communicator.barrier()
    let start = ContinuousClock.now
    try step()
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
