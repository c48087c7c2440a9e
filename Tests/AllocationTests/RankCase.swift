// The steps of several ranks, whose own allocations are counted: what the MPI library allocates is its own affair.

import CAllocations
import DistributedTraining
import MPI
import NeuralNetwork

/// A way to sum the gradients of all ranks.
struct RankCase {
  let options: CommunicationOptions
  let threads: Int

  static let all = CommunicationOptions.Compression.allCases.flatMap { compression in
    [CommunicationOptions.Mode.blocking, .overlapped].flatMap { mode in
      // Some 25 buckets.
      [1, 2].map {
        RankCase(
          options: CommunicationOptions(bucketMegabytes: 0.05, mode: mode, compression: compression), threads: $0)
      }
    }
  }

  var name: String { "gradients \(options.mode), compression \(options.compression), \(threads) threads" }

  /// The most allocations that a rank makes in a training step after two others. Collective.
  func trainingStep(_ world: Communicator) throws -> Int {
    let architecture = try Architecture(
      family: .resnet18, depth: 3, classes: 10, input: ImageShape(height: 16, width: 16, channels: 3))
    let benchmark = try StepBenchmark(architecture, batch: 6, communicator: world, communication: options) {
      KernelFamily.fast.kernels(threads: threads, background: $0)
    }
    for _ in 0..<2 { try benchmark.step() }
    allocations_start_own()
    try benchmark.step()
    return try world.allreduce(allocations_stop(), .max)
  }
}
