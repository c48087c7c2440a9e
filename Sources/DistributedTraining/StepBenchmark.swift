// Training steps on random images, for measuring.

import MPI
import NeuralNetwork

/// A network and a batch on every rank, with nothing between steps: what training costs without reading images.
public final class StepBenchmark {
  private let network: DepthNetwork
  private let reducer: GradientReducer
  private let communicator: Communicator
  private let images: AlignedBuffer<Float>
  private let labels: AlignedBuffer<Int32>
  private let optimizer = StochasticGradientDescent(learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4)

  /// - Parameters:
  ///   - batch: images per step on each rank, at least 1.
  ///   - communicator: the ranks that sum their gradients.
  public init(
    _ architecture: Architecture, batch: Int, communicator: Communicator,
    communication: CommunicationOptions = CommunicationOptions(), kernels: any Kernels = KernelFamily.fast.kernels
  ) throws {
    self.communicator = communicator
    network = DepthNetwork(architecture, batchCapacity: batch, kernels: kernels)
    network.weights = .initial(architecture, heads: .deepest, seed: 0)
    reducer = GradientReducer(communicator, options: communication)
    images = AlignedBuffer(count: batch * architecture.input.count)
    labels = AlignedBuffer(count: batch)
    var random = RandomStream(seed: 0, purpose: .test, index: communicator.rank)
    for i in 0..<images.count { images.view[i] = 2 * random.uniform() - 1 }
    for i in 0..<batch { labels.view[i] = Int32(random.integer(below: architecture.classes)) }
  }

  /// Makes one step. Collective.
  /// - Throws: `MPIError`.
  public func step() throws {
    let count = network.batchCapacity
    try network.forward(images.view, images: count, mode: .training)
    _ = network.crossEntropy(images: count, labels: labels.view, globalImages: count * communicator.size)
    try network.backward(images.view, images: count)
    try reducer.reduce(network.arena.gradients)
    network.update(optimizer)
  }

  /// Makes one step, and returns the seconds that the slowest rank took. Collective.
  /// - Throws: `MPIError`.
  public func timeStep() throws -> Double {
    try communicator.barrier()
    let start = ContinuousClock.now
    try step()
    return try communicator.allreduce(start.duration(to: .now) / .seconds(1), .max)
  }
}
