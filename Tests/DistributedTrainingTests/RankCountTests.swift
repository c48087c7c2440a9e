// With batch norm over the whole batch, any number of ranks does the arithmetic of one rank: every rank also trains alone and
// compares.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func rankCountTests(alone: Communicator) -> [RankTest] {
  [
    twentySteps("batches that 1 to 4 ranks share evenly", depth: 1, heads: .deepest, train: 48, batchSize: 12, alone),
    twentySteps("a last batch that 2 images have joined", depth: 1, heads: .deepest, train: 66, batchSize: 16, alone),
    twentySteps("a classifier at every level", depth: 2, heads: .all, train: 66, batchSize: 16, alone),
    RankTest("ranks that share few images follow a single rank by default") { world, expect in
      let architecture = try SyntheticImages.architecture(depth: 1)
      let data = SyntheticImages.splits(train: 64)
      for batchSize in [4, 8, 31] {
        let options = TrainingOptions(batchSize: batchSize, seed: 7)
        let runs = try [world, alone].map {
          try TrainingRun(architecture, data: data, communicator: $0, options: options, epochs: 1)
        }
        let differences = zip(runs[0].losses, runs[1].losses).prefix(2).map { abs($0 - $1) }
        expect(differences.allSatisfy { $0 <= 1e-5 }, "batches of \(batchSize): \(differences)")
      }
    },
    RankTest("the gradient is that of the mean over the batch, however unevenly it is shared") { world, expect in
      for (depth, heads) in [(1, HeadSelection.deepest), (2, .all)] {
        let architecture = try SyntheticImages.architecture(depth: depth)
        for images in [1, 2, 3, 5, 7, 16] {
          let data = SyntheticImages.splits(train: images)
          let options = TrainingOptions(batchSize: images, batchNorm: .synchronized)
          let gradients = try [world, alone].map {
            try TrainingRun(architecture, heads: heads, data: data, communicator: $0, options: options, epochs: 1)
              .gradient
          }
          // Float sums in another order: some 2⁻²⁴, times the cancellation in batch norm's gradient.
          let distance = relativeDistance(gradients[0], gradients[1])
          expect(distance <= 1e-5, "depth \(depth), \(images) images: relative distance \(distance)")
        }
      }
    },
    RankTest("a whole search on all ranks decides as a single rank does", ranks: 2...) { world, expect in
      for data in [SyntheticImages.splits(train: 64), SyntheticImages.contradictorySplits(train: 64)] {
        let search = SearchOptions(policy: .paper, target: 96, tolerance: 0, maximumDepth: 2, patience: 3)
        let trial = SearchTrial(data: data, search: search, batchNorm: .synchronized)
        let (together, watcher) = try trial.run(on: world)
        let (single, other) = try trial.run(on: alone)
        expect.equal(together.outcome, single.outcome)
        expect.equal(together.depths, single.depths)
        expect.equal(together.testAccuracy, single.testAccuracy)
        guard world.rank == 0 else { continue }
        expect(watcher.epochs.count > 5, "\(watcher.epochs.count) epochs")
        expect.equal(watcher.epochs.map(\.decision), other.epochs.map(\.decision))
        for (ours, theirs) in zip(watcher.epochs, other.epochs) {
          // As of 20 steps below.
          expect.close(ours.record.trainingLoss, theirs.record.trainingLoss, tolerance: 5e-3)
        }
      }
    },
    RankTest("levels start from weights that do not depend on the ranks") { world, expect in
      let architecture = try SyntheticImages.architecture(depth: 2)
      let data = SyntheticImages.splits(train: world.size)
      let initial = NetworkWeights.initial(architecture, heads: .all, seed: 3)
      let trainers = try [world, alone].map {
        try DataParallelTrainer(
          architecture, heads: .all, data: data, communicator: $0, options: TrainingOptions(batchSize: world.size))
      }
      let root = world.size - 1
      try trainers[0].broadcast(world.rank == root ? initial : nil, from: root)
      trainers[1].network.weights = initial
      expect.equal(trainers[0].network.arena.digest, trainers[1].network.arena.digest)
      let digests = try world.allgather(trainers[1].network.arena.digest)
      expect.equal(digests, Array(repeating: digests[0], count: world.size))
      expect.equal(trainers[0].network.weights.parameters, initial.parameters)
      expect.equal(trainers[0].network.weights.statistics, initial.statistics)
    },
  ]
}

/// 5 epochs of 4 steps, on all ranks together and on each alone.
private func twentySteps(
  _ situation: String, depth: Int, heads: HeadSelection, train: Int, batchSize: Int, _ alone: Communicator
) -> RankTest {
  RankTest("all ranks together follow a single rank over 20 steps: \(situation)") { world, expect in
    let architecture = try SyntheticImages.architecture(depth: depth)
    let data = SyntheticImages.splits(train: train, augmentation: .cropAndFlip)
    let options = TrainingOptions(batchSize: batchSize, seed: 7, batchNorm: .synchronized)
    let runs = try [world, alone].map {
      try TrainingRun(architecture, heads: heads, data: data, communicator: $0, options: options, epochs: 5)
    }
    expect.equal(runs[0].losses.count, 20)
    expect.equal(runs[0].totals.map(\.total), runs[1].totals.map(\.total))
    // Float sums in another order keep the losses within 1e-7, until an activation that close to 0 changes sides of a
    // ReLU: from there they part by up to some 1e-3 within 20 steps.
    for (step, (together, single)) in zip(runs[0].losses, runs[1].losses).enumerated() {
      let tolerance = step < 2 ? 1e-5 : 5e-3
      expect(abs(together - single) <= tolerance * single, "loss \(together), alone \(single), in step \(step + 1)")
    }
    for (name, part) in [("parameters", \NetworkWeights.parameters), ("statistics", \.statistics)] {
      let distance = relativeDistance(runs[0].weights[keyPath: part], runs[1].weights[keyPath: part])
      expect(distance <= 5e-3, "\(name): relative distance \(distance)")
    }
  }
}
