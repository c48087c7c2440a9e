// Training in every way of summing gradients.

import Datasets
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func communicationTests() -> [RankTest] {
  [
    RankTest("training gives the same bits again, whenever gradients are summed and whatever they are") {
      world, expect in
      for mode in [CommunicationOptions.Mode.blocking, .overlapped] {
        for compression in CommunicationOptions.Compression.allCases {
          let options = CommunicationOptions(bucketMegabytes: 0.05, mode: mode, compression: compression)
          let runs = try (0..<2).map { _ in try train(world, options) }
          expect.equal(runs[0].digest, runs[1].digest, "\(options)")
          expect.equal(runs[0].losses, runs[1].losses, "\(options)")
        }
      }
    },
    RankTest("overlapped or not, training is the same to rounding, and bit by bit where sums have two terms") {
      world, expect in
      for (batchNorm, kernels) in [(TrainingOptions.BatchNorm.local, KernelFamily.fast), (.synchronized, .reference)] {
        let (blocking, overlapped) = (
          try train(world, CommunicationOptions(mode: .blocking), batchNorm, kernels, epochs: 1),
          try train(world, CommunicationOptions(mode: .overlapped), batchNorm, kernels, epochs: 1)
        )
        if world.size <= 2 { expect.equal(overlapped.digest, blocking.digest, "\(batchNorm)") }
        // Three steps: float sums in another order differ by some 2⁻²⁴, unless that puts an activation on the other side of
        // a ReLU.
        let distance = relativeDistance(overlapped.weights.parameters, blocking.weights.parameters)
        expect(distance <= 1e-4, "\(batchNorm): relative distance \(distance)")
      }
    },
    RankTest("compressed sums of compressed gradients are the same whenever they are taken", ranks: 2...) {
      world, expect in
      let digests = try [CommunicationOptions.Mode.blocking, .overlapped].map {
        try train(world, CommunicationOptions(bucketMegabytes: 0.05, mode: $0, compression: .bf16)).digest
      }
      expect.equal(digests[0], digests[1])
    },
    RankTest("with bf16 the loss falls as without") { world, expect in
      // Synchronized, so that it falls alike on any number of ranks.
      let losses = try CommunicationOptions.Compression.allCases.map {
        try train(world, CommunicationOptions(compression: $0), .synchronized, epochs: 8).totals.map(\.loss)
      }
      expect(losses[0][7] < 0.6 * losses[0][0], "\(losses[0])")
      // Gradients are off by a few thousandths of themselves, which is made up for later.
      expect(abs(losses[1][7] - losses[0][7]) < 0.1 * losses[0][0], "\(losses)")
    },
  ]
}

/// Some epochs of batches of 16, 16 and 5 images.
private func train(
  _ world: Communicator, _ communication: CommunicationOptions, _ batchNorm: TrainingOptions.BatchNorm = .local,
  _ kernels: KernelFamily = .fast, epochs: Int = 2
) throws -> TrainingRun {
  try TrainingRun(
    SyntheticImages.architecture(depth: 2), heads: .all, data: SyntheticImages.splits(train: 53),
    communicator: world, options: TrainingOptions(batchSize: 16, seed: 4, batchNorm: batchNorm, kernels: kernels),
    communication: communication, epochs: epochs)
}
