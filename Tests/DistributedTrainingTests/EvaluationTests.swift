// An evaluation shared among ranks counts every image once.

import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func evaluationTests(alone: Communicator) -> [RankTest] {
  [
    RankTest("all ranks together count every image once, as one rank does") { world, expect in
      let architecture = try SyntheticImages.architecture(depth: 2)
      for heads in [HeadSelection.deepest, .all] {
        let levels = heads == .all ? 2 : 1
        for images in [1, 2, 3, 7, 23, 24] {
          let data = SyntheticImages.splits(train: 40, validation: images)
          let options = TrainingOptions(batchSize: 8, batchNorm: .synchronized)
          let trainers = try [world, alone].map {
            try DataParallelTrainer(architecture, heads: heads, data: data, communicator: $0, options: options)
          }
          // Weights trained a little, so that answers and losses differ from image to image.
          _ = try trainers[1].trainEpochs(2, from: .initial(architecture, heads: heads, seed: 2), learningRate: 0.01)
          try trainers[0].broadcast(trainers[1].network.weights, from: 0)
          let (together, single) = (
            try trainers[0].evaluate(data.validation), try trainers[1].evaluate(data.validation)
          )
          expect.equal(together.total, images * levels)
          expect.equal(single.total, images * levels)
          expect.equal(together.correct, single.correct)
          // The same logits up to the order in which floats of a batch are added, and a sum of doubles.
          expect.close(together.loss, single.loss, tolerance: 1e-6)
          expect.equal(try world.allgather(together.loss), Array(repeating: together.loss, count: world.size))
        }
      }
    },
    RankTest("the answers of all ranks stand in the order of the images, and are those of one rank") { world, expect in
      let architecture = try SyntheticImages.architecture(depth: 1)
      for images in [1, 3, 23] {
        let data = SyntheticImages.splits(train: 40, validation: images)
        let options = TrainingOptions(batchSize: 8)
        let (shared, single) = try (
          DataParallelTrainer(architecture, heads: .deepest, data: data, communicator: world, options: options),
          DataParallelTrainer(architecture, heads: .deepest, data: data, communicator: alone, options: options)
        )
        _ = try single.trainEpochs(2, from: .initial(architecture, heads: .deepest, seed: 2), learningRate: 0.01)
        try shared.broadcast(single.network.weights, from: 0)
        let (totals, together) = try shared.classify(data.validation)
        let answers = try single.classify(data.validation).predictions
        expect.equal(together == nil, world.rank != 0)
        expect.equal(totals, try shared.evaluate(data.validation))
        guard let together, let answers else { continue }
        expect.equal(together.labels, (0..<images).map { Int(data.validation.label(at: $0)) })
        expect.equal(together.predictions, answers.predictions)
        expect.equal(zip(together.labels, together.predictions).count { $0 == $1 }, totals.correct)
        for (own, other) in zip(together.confidences, answers.confidences) {
          // Rounded to 4 decimals, of logits that differ by the order of sums.
          expect.close(own, other, tolerance: 2e-4)
        }
      }
    },
    RankTest("parameters are shown after each epoch, if that is asked for") { world, expect in
      var trial = SearchTrial(data: SyntheticImages.splits(train: 24), search: .impossible().atFixedDepth(1))
      let (_, silent) = try trial.run(on: world)
      expect(silent.parameters.isEmpty)
      trial.showsParameters = true
      let (result, watcher) = try trial.run(on: world)
      guard world.rank == 0 else { return }
      expect.equal(watcher.parameters.count, watcher.warmUp.count + watcher.epochs.count)
      expect(watcher.parameters.allSatisfy { $0.gradients.contains { $0 != 0 } && $0.values.allSatisfy(\.isFinite) })
      let right = watcher.predictions.map { zip($0.labels, $0.predictions).count { $0 == $1 } } ?? -1
      let images = watcher.predictions?.labels.count ?? 0
      expect.close(100 * Double(right) / Double(max(images, 1)), result.testAccuracy, tolerance: 1e-9)
    },
    RankTest("an evaluation changes neither weights nor statistics") { world, expect in
      let architecture = try SyntheticImages.architecture(depth: 1)
      let data = SyntheticImages.splits(train: 16)
      let trainer = try DataParallelTrainer(
        architecture, heads: .deepest, data: data, communicator: world, options: TrainingOptions(batchSize: 8))
      trainer.network.weights = .initial(architecture, heads: .deepest, seed: 2)
      let digest = trainer.network.arena.digest
      let first = try trainer.evaluate(data.test)
      expect.equal(trainer.network.arena.digest, digest)
      expect.equal(try trainer.evaluate(data.test), first)
    },
  ]
}
