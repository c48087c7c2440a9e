// Which ranks normalize a batch together, worked out for layouts that are not there, and tried on those that are.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func normalizationGroupTests() -> [RankTest] { choiceTests() + lastBatchTests() + singleValueTests() + recordTests() }

private func choiceTests() -> [RankTest] {
  [
    RankTest("by default as few neighbours as have 32 images normalize together, else all", ranks: 1...1) { _, expect in
      for (batch, ranks, size) in [
        (128, 1, 1), (128, 4, 1), (128, 8, 2), (128, 16, 4), (128, 3, 1), (96, 6, 2), (100, 6, 2), (90, 6, 3),
        (8, 1, 1), (8, 4, 4), (32, 16, 16), (16, 16, 16), (64, 7, 7), (62, 2, 2), (64, 2, 1),
      ] {
        let groups = try NormalizationGroups(TrainingOptions(batchSize: batch), ranks: ranks)
        expect.equal(groups.size, size, "\(ranks) ranks, batches of \(batch)")
        expect.equal(groups.images, batch / (ranks / size))
      }
    },
    RankTest("they are on one host, where a divisor of the ranks allows that", ranks: 1...1) { _, expect in
      func size(_ batch: Int, _ hosts: [Int], ranks: Int? = nil) throws -> Int {
        try NormalizationGroups(TrainingOptions(batchSize: batch), ranks: ranks ?? hosts.count, hosts: hosts).size
      }
      expect.equal(try size(96, [0, 0, 0, 3, 3, 3]), 3, "pairs would be on both hosts")
      expect.equal(try size(64, [0, 0, 2, 2]), 2)
      expect.equal(try size(32, [0, 0, 2, 2]), 4, "no host has 32 images")
      expect.equal(try size(128, [0, 0, 2, 2]), 1)
      expect.equal(try size(128, [0, 0, 0, 3, 3, 3, 3, 3]), 2, "hosts of 3 and 5 ranks cannot be divided")
      expect.equal(try size(64, [0, 1, 0, 1]), 2, "ranks that are not placed host by host stay neighbours")
      // Groups of a search: the same for all of them.
      expect.equal(try size(32, Array(repeating: 0, count: 6) + [6, 6, 6, 9, 9, 9], ranks: 6), 6)
      expect.equal(try size(96, Array(repeating: 0, count: 6) + [6, 6, 6, 9, 9, 9], ranks: 6), 3)
    },
    RankTest("others do what is asked for", ranks: 1...1) { _, expect in
      func size(_ batchNorm: TrainingOptions.BatchNorm, _ ranks: Int? = nil) throws -> Int {
        try NormalizationGroups(
          TrainingOptions(batchSize: 8, batchNorm: batchNorm, batchNormRanks: ranks), ranks: 4, hosts: [0, 0, 0, 3]
        ).size
      }
      expect.equal(try size(.local), 1)
      expect.equal(try size(.synchronized), 4)
      expect.equal(try size(.synchronized, 2), 2)
      expect.throwing(TrainingError.batchNormRanks(3, ranks: 4)) { _ = try size(.synchronized, 3) }
    },
    RankTest("ranks that have few images, or normalize few, are warned of", ranks: 1...1) { _, expect in
      func warnings(_ ranks: Int, _ training: TrainingOptions, groups: Int = 1, warmUp: Int = 0) throws -> [String] {
        var search = SearchOptions(policy: .paper, target: 90)
        search.groups = groups
        return try BatchSharing(
          ranks: ranks, SyntheticImages.architecture(depth: 2), trainImages: 1_000, search: search,
          warmUp: WarmUpOptions(epochs: warmUp), training: training
        ).warnings
      }
      expect.equal(try warnings(1, TrainingOptions(batchSize: 1)), [])
      expect.equal(try warnings(32, TrainingOptions(batchSize: 128)), [])
      expect.equal(try warnings(43, TrainingOptions(batchSize: 128)).count, 1)
      expect(try warnings(43, TrainingOptions(batchSize: 128))[0].contains("leaves a rank 2"))
      expect.equal(try warnings(4, TrainingOptions(batchSize: 32, batchNorm: .local)).count, 1)
      expect.equal(try warnings(2, TrainingOptions(batchSize: 32, batchNorm: .local)), [])
      expect.equal(try warnings(8, TrainingOptions(batchSize: 16, batchNorm: .local)).count, 2)
      expect.equal(try warnings(8, TrainingOptions(batchSize: 16), groups: 4), [], "2 ranks train a depth")
      expect.equal(try warnings(8, TrainingOptions(batchSize: 16), groups: 4, warmUp: 1).count, 1, "8 warm up")
    },
  ]
}

private func lastBatchTests() -> [RankTest] {
  [
    RankTest("a last batch that leaves a rank fewer than 16 images is normalized over all", ranks: 2...) {
      world, expect in
      let architecture = try SyntheticImages.architecture(depth: 1)
      let whole = 32 * world.size
      let options = TrainingOptions(batchSize: whole, seed: 3)
      // An epoch of one batch of 16 images for all, which every rank would normalize by itself were it a whole one.
      let data = SyntheticImages.splits(train: 16)
      var together = options
      (together.batchNorm, together.batchNormRanks) = (.synchronized, nil)
      let runs = try [options, together].map {
        try TrainingRun(architecture, data: data, communicator: world, options: $0, epochs: 2)
      }
      // The mean of equal running statistics may be rounded, as of three ranks.
      expect.equal(runs[0].weights.parameters, runs[1].weights.parameters)
      // And one that leaves each enough is not.
      var apart = options
      apart.batchNorm = .local
      let enough = SyntheticImages.splits(train: whole + 16 * world.size)
      let others = try [options, apart].map {
        try TrainingRun(architecture, data: enough, communicator: world, options: $0, epochs: 1)
      }
      expect.equal(others[0].digest, others[1].digest)
    }
  ]
}

private func singleValueTests() -> [RankTest] {
  func sharing(
    _ training: TrainingOptions, ranks: Int, images: Int = 100, depth: Int = 8, size: Int = 8
  ) throws -> BatchSharing {
    let input = ImageShape(height: size, width: size, channels: 1)
    return try BatchSharing(
      ranks: ranks, Architecture(family: .resnet18, depth: depth, classes: 3, input: input), trainImages: images,
      search: SearchOptions(policy: .paper, target: 90), warmUp: WarmUpOptions(), training: training)
  }
  return [
    RankTest("a single value of each channel is refused, wherever a batch would leave one", ranks: 1...1) { _, expect in
      func isRefused(
        _ training: TrainingOptions, ranks: Int, images: Int = 100, depth: Int = 8, size: Int = 8
      ) -> Bool {
        do {
          _ = try sharing(training, ranks: ranks, images: images, depth: depth, size: size)
          return false
        } catch let error as TrainingError {
          if case .singleValue = error { return error.isUsage }
          return false
        } catch {
          return false
        }
      }
      let one = TrainingOptions(batchSize: 1)
      expect(isRefused(one, ranks: 1))
      expect(!isRefused(one, ranks: 1, depth: 6), "maps of 2x2")
      expect(!isRefused(one, ranks: 1, size: 16), "maps of 2x2")
      expect(isRefused(TrainingOptions(batchSize: 2), ranks: 1, images: 1))
      expect(!isRefused(TrainingOptions(batchSize: 2), ranks: 1, images: 39), "the odd image joins another batch")
      expect(!isRefused(TrainingOptions(batchSize: 8), ranks: 8), "all normalize together")
      let local = TrainingOptions(batchSize: 8, batchNorm: .local)
      expect(isRefused(local, ranks: 8))
      expect(isRefused(local, ranks: 5), "shares of 1 and 2 images")
      expect(!isRefused(local, ranks: 4))
      let large = TrainingOptions(batchSize: 64, batchNorm: .local)
      expect(isRefused(large, ranks: 16, images: 64 + 17), "the last batch")
      expect(!isRefused(large, ranks: 16, images: 64 + 32))
    },
    RankTest("the smallest batches that are not refused never diverge", ranks: 1...1) { world, expect in
      let shape = ImageShape(height: 8, width: 8, channels: 1)
      let architecture = try Architecture(family: .resnet18, depth: 8, classes: 3, input: shape, width: 0.25)
      for seed in 0..<8 {
        let options = TrainingOptions(batchSize: 2, seed: UInt64(seed))
        let run = try TrainingRun(
          architecture, data: SyntheticImages.splits(train: 39), communicator: world, options: options, epochs: 3)
        expect(run.totals.allSatisfy { $0.loss.isFinite })
        expect.equal(run.losses.count, 3 * 19)
      }
    },
  ]
}

private func recordTests() -> [RankTest] {
  [
    RankTest("a search says which ranks normalize together, in its plan, its result and its checkpoints") {
      world, expect in
      var trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 53), search: .impossible())
      trial.batchNorm = .automatic
      trial.search.epochLimit = 1
      let (result, watcher) = try trial.run(on: world)
      // Batches of 16 images are normalized by all.
      expect.equal(result.batchNormRanks, world.size)
      guard world.rank == 0 else { return }
      expect.equal(watcher.plan?.batchNorm.depths.size, world.size)
      expect.equal(watcher.plan?.batchNorm.warmUp?.size, world.size)
      let ranks = world.size == 1 ? "1 rank" : "\(world.size) ranks"
      expect.equal(watcher.plan.map { "\($0.batchNorm)" }, "batch norm over \(ranks) (16 images)")
    }
  ]
}
