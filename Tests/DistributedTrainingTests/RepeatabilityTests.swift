// The same run twice at the same rank count gives the same bits.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func repeatabilityTests() -> [RankTest] {
  TrainingOptions.BatchNorm.allCases.flatMap { batchNorm in
    [
      RankTest("the same training twice gives the same bits: \(batchNorm) batch norm") { world, expect in
        let architecture = try SyntheticImages.architecture(depth: 2)
        // Batches of 16, 16 and 5 images: uneven shares at 3 ranks, and at 2 and 4.
        let data = SyntheticImages.splits(train: 53, augmentation: .cropAndFlip)
        let options = TrainingOptions(batchSize: 16, seed: 4, batchNorm: batchNorm)
        let runs = try (0..<2).map { _ in
          try TrainingRun(
            architecture, heads: .all, data: data, communicator: world, options: options, epochs: 3)
        }
        expect.equal(runs[0].digest, runs[1].digest)
        expect.equal(runs[0].losses, runs[1].losses)
        expect.equal(runs[0].totals, runs[1].totals)
        var other = options
        other.seed = 5
        let third = try TrainingRun(
          architecture, heads: .all, data: data, communicator: world, options: other, epochs: 3)
        expect(third.digest != runs[0].digest, "another seed gave the same weights")
      },
      RankTest("the same search twice gives the same bits: \(batchNorm) batch norm") { world, expect in
        let trial = SearchTrial(
          data: SyntheticImages.contradictorySplits(train: 53), search: .impossible(restart: .inherit),
          batchNorm: batchNorm)
        let (first, firstWatcher) = try trial.run(on: world)
        let (second, secondWatcher) = try trial.run(on: world)
        expect.equal(first.outcome, second.outcome)
        expect.equal(first.depths, second.depths)
        expect.equal(first.testAccuracy, second.testAccuracy)
        expect.equal(firstWatcher.steps, secondWatcher.steps)
        expect.equal(firstWatcher.epochs.map(\.result), secondWatcher.epochs.map(\.result))
        expect.equal(firstWatcher.best.map(\.weights.parameters), secondWatcher.best.map(\.weights.parameters))
        expect.equal(firstWatcher.best.map(\.weights.statistics), secondWatcher.best.map(\.weights.statistics))
      },
    ]
  }
}
