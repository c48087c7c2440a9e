// How long networks take to classify one image, for budgets that limit it. Whatever is measured differs from time to
// time: a search measures once, and all that follows goes by what it found then.

import DepthSearch
import MPI
import NeuralNetwork
import NumericKernels

extension SearchOptions {
  /// The depths that the budget allows, with latencies measured on rank 0 if it limits them. Collective.
  ///
  /// The latency of a depth is the median of some forward passes of one image through a network with folded batch norms and
  /// random weights, by rank 0's threads and kernels, while the other ranks wait. They are the milliseconds of the machine
  /// that the search runs on.
  /// - Parameters:
  ///   - measured: what is known already, on rank 0; taken instead if it has all depths that the other limits allow.
  ///   - heartbeat: where this rank notes what it is doing.
  /// - Throws: `SearchError.depths`, `SearchError.budget`, `MPIError`.
  func affordableDepths(
    of network: Architecture, training: TrainingOptions, communicator: Communicator, measured: [Double]?,
    heartbeat: Heartbeat
  ) throws -> AffordableDepths {
    let others = try affordableDepths(of: network)
    guard budget.latencyMilliseconds != nil else { return others }
    let kernels = try training.makeKernels(communicator)
    var latencies: [Double] = []
    heartbeat.enter(communicator.rank == 0 ? .measuringLatencies : .waitingForOther)
    if communicator.rank == 0 {
      if let measured, measured.count >= others.depths.count {
        latencies = Array(measured.prefix(others.depths.count))
      } else {
        latencies = try others.depths.map {
          1e3 * (try network.withDepth($0).latency(kernels: kernels, progress: heartbeat.beat))
        }
      }
    }
    // Ranks that wait leave their cores to the one that measures.
    try communicator.meet()
    return try affordableDepths(of: network, latencies: communicator.broadcast(latencies, from: 0))
  }
}

extension Architecture {
  /// Seconds for classifying one image: the median of `runs` forward passes, after one that is not timed.
  /// - Parameter progress: called after each block of a pass.
  public func latency(kernels: any Kernels, runs: Int = 15, progress: @escaping () -> Void = {}) -> Double {
    let network = InferenceNetwork(self, batchCapacity: 1, kernels: kernels)
    network.progress = progress
    network.load(.initial(self, heads: .deepest, seed: 0))
    let image = AlignedBuffer<Float>(count: input.count)
    var random = RandomStream(seed: 0, purpose: .test)
    for i in 0..<image.count { image.view[i] = 2 * random.uniform() - 1 }
    network.forward(image.view, images: 1)
    return (0..<runs).map { _ in
      let start = ContinuousClock.now
      network.forward(image.view, images: 1)
      return start.duration(to: .now) / .seconds(1)
    }.median
  }
}
