// With local batch norm a rank's pass is that over its share alone; only gradients and running statistics are combined.

import Datasets
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func localBatchNormTests(alone: Communicator) -> [RankTest] {
  [
    RankTest("with local batch norm ranks combine what each finds on its share alone") { world, expect in
      let architecture = try SyntheticImages.architecture(depth: 1)
      let images = 4 * world.size + 1
      let options = TrainingOptions(batchSize: images, batchNorm: .local)
      let together = try TrainingRun(
        architecture, data: SyntheticImages.splits(train: images), communicator: world, options: options, epochs: 1)

      let share = ShardedBatches(
        EpochPermutation(count: images, seed: options.seed, epoch: 0), batchSize: images, rank: world.rank,
        ranks: world.size)[0]
      let whole = SyntheticImages.splits(train: 1)
      let data = DatasetSplits(
        train: DatasetSplit(SyntheticImages.dataset(Array(share.indices))), validation: whole.validation,
        test: whole.test, normalization: whole.normalization)
      let single = try TrainingRun(architecture, data: data, communicator: alone, options: options, epochs: 1)

      let weight = Float(share.count) / Float(images)
      let gradient = try world.allreduce(single.gradient.map { $0 * weight }, .sum)
      let statistics = try world.allreduce(single.weights.statistics.map { $0 / Float(world.size) }, .sum)
      // The images of a share come in another order: float sums differ by some 2⁻²⁴, times batch norm's cancellation.
      let distances = [
        relativeDistance(together.gradient, gradient), relativeDistance(together.weights.statistics, statistics),
      ]
      expect(distances.allSatisfy { $0 <= 1e-5 }, "relative distances of gradient and statistics: \(distances)")
    }
  ]
}
