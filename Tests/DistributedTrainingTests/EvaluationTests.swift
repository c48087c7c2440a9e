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
