// Where batch norm is local to a rank, or to a group of ranks, a pass is that over its share alone; only gradients and
// running statistics are combined.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func localBatchNormTests() -> [RankTest] {
  [
    RankTest("ranks, or groups of them, combine what each finds on its share alone") { world, expect in
      for size in 1..<max(world.size, 2) where world.size.isMultiple(of: size) {
        var options = TrainingOptions(batchSize: 4 * world.size + 1, batchNorm: .local)
        if size > 1 { (options.batchNorm, options.batchNormRanks) = (.synchronized, size) }
        try expectParts(of: size, options, world, expect)
      }
    },
    RankTest("groups of one are local, one group is all ranks") { world, expect in
      func digest(_ batchNorm: TrainingOptions.BatchNorm, _ ranks: Int?) throws -> UInt64 {
        let options = TrainingOptions(batchSize: 16, batchNorm: batchNorm, batchNormRanks: ranks)
        return try TrainingRun(
          SyntheticImages.architecture(depth: 1), data: SyntheticImages.splits(train: 53), communicator: world,
          options: options, epochs: 2
        ).digest
      }
      expect.equal(try digest(.synchronized, 1), try digest(.local, nil))
      expect.equal(try digest(.synchronized, world.size), try digest(.synchronized, nil))
    },
    RankTest("groups that the ranks do not make up are refused, before anything is trained") { world, expect in
      let error = TrainingError.batchNormRanks(world.size + 1, ranks: world.size)
      let options = TrainingOptions(
        batchSize: 16, batchNorm: .synchronized, batchNormRanks: world.size + 1)
      expect(error.isUsage)
      let data = SyntheticImages.splits(train: 53)
      let architecture = try SyntheticImages.architecture(depth: 1)
      expect.throwing(error) {
        _ = try SearchCoordinator(
          architecture, data: data, communicator: world, search: SearchOptions(policy: .paper, target: 90),
          warmUp: WarmUpOptions(),
          training: options)
      }
      expect.throwing(error) {
        _ = try DataParallelTrainer(
          architecture, heads: .deepest, data: data, communicator: world, options: options)
      }
    },
  ]
}

/// One step of all ranks is the sum of those that each group makes on its images, and statistics are the groups' mean.
private func expectParts(
  of size: Int, _ options: TrainingOptions, _ world: Communicator, _ expect: Expectations
) throws {
  let architecture = try SyntheticImages.architecture(depth: 1)
  let images = options.batchSize
  let together = try TrainingRun(
    architecture, data: SyntheticImages.splits(train: images), communicator: world, options: options, epochs: 1)

  guard let group = try world.split(color: world.rank / size) else { return expect.fail("no group") }
  let permutation = EpochPermutation(count: images, seed: options.seed, epoch: 0)
  let first = world.rank / size * size
  let share = (first..<first + size).flatMap {
    Array(ShardedBatches(permutation, batchSize: images, rank: $0, ranks: world.size)[0].indices)
  }
  let whole = SyntheticImages.splits(train: 1)
  let data = DatasetSplits(
    train: DatasetSplit(SyntheticImages.dataset(share)), validation: whole.validation, test: whole.test,
    normalization: whole.normalization)
  var alone = options
  alone.batchNormRanks = nil
  let part = try TrainingRun(architecture, data: data, communicator: group, options: alone, epochs: 1)

  // Every rank of a group has the whole group's gradient.
  let weight = Float(share.count) / Float(images) / Float(size)
  let gradient = try world.allreduce(part.gradient.map { $0 * weight }, .sum)
  let statistics = try world.allreduce(part.weights.statistics.map { $0 / Float(world.size) }, .sum)
  // The images of a share come in another order: float sums differ by some 2⁻²⁴, times batch norm's cancellation.
  let distances = [
    relativeDistance(together.gradient, gradient), relativeDistance(together.weights.statistics, statistics),
  ]
  expect(
    distances.allSatisfy { $0 <= 1e-5 },
    "groups of \(size): relative distances of gradient and statistics: \(distances)")
}
