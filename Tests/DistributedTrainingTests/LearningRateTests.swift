// Learning rates that follow from the batch size, and rise at the beginning.

import Datasets
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func learningRateTests() -> [RankTest] {
  [
    RankTest("rates scale with the batch, and rise by equal steps", ranks: 1...1) { _, expect in
      var options = TrainingOptions(batchSize: 512, baseBatch: 128, rampEpochs: 2)
      expect.equal(options.rateFactor, 1)
      options.scaling = .linear
      expect.equal(options.rateFactor, 4)
      let factors = (0..<3).flatMap { epoch in
        (0..<4).map { options.rampFactor(epoch: epoch, step: $0, stepsPerEpoch: 4) }
      }
      expect.equal(factors, (1...8).map { Double($0) / 8 } + [1, 1, 1, 1])
      options.rampEpochs = 0
      expect.equal(options.rampFactor(epoch: 0, step: 0, stepsPerEpoch: 4), 1)
    },
    RankTest("each step takes its part of the ramp") { world, expect in
      // Without momentum and decay a step is the rate times the gradient.
      let options = TrainingOptions(batchSize: 16, rampEpochs: 2, momentum: 0, weightDecay: 0)
      let architecture = try SyntheticImages.architecture(depth: 1)
      let trainer = try DataParallelTrainer(
        architecture, heads: .deepest, data: SyntheticImages.splits(train: 53), communicator: world, options: options)
      trainer.network.weights = .initial(architecture, heads: .deepest, seed: 1)
      var before = trainer.network.weights.parameters
      var rates: [Double] = []
      for epoch in 0..<3 {
        _ = try trainer.trainEpoch(epoch, learningRate: 0.006, after: epoch) { _ in
          let (values, gradients) = (trainer.network.weights.parameters, trainer.network.arena.gradients.array)
          let place = gradients.indices.max { abs(gradients[$0]) < abs(gradients[$1]) } ?? 0
          rates.append(Double((before[place] - values[place]) / gradients[place]))
          before = values
        }
      }
      let expected = (1...6).map { 0.001 * Double($0) } + [0.006, 0.006, 0.006]
      // The parameter is some tenths, its change a few thousandths, each rounded to 24 bits.
      for (found, rate) in zip(rates, expected) { expect.close(found / rate, 1, tolerance: 1e-2) }
      expect.equal(rates.count, 9)
    },
    RankTest("a search takes scaled rates, and begins each level on the ramp") { world, expect in
      var trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 53), search: .impossible())
      let (_, plain) = try trial.run(on: world)
      trial.options.scaling = .linear
      trial.options.baseBatch = 8
      let (_, scaled) = try trial.run(on: world)
      trial.options.rampEpochs = 1
      let (_, ramped) = try trial.run(on: world)
      guard world.rank == 0 else { return }
      expect.equal(scaled.warmUp.map(\.learningRate), plain.warmUp.map { 2 * $0.learningRate })
      expect.equal(scaled.epochs.first?.record.learningRate, 2 * trial.options.learningRate)
      let growth = scaled.epochs.first { $0.decision.restart != nil }?.decision.learningRate
      expect.equal(growth, trial.options.learningRate, "half of twice the rate")
      // The rate of an epoch is what the ramp leads to.
      expect.equal(ramped.epochs.first?.record.learningRate, 2 * trial.options.learningRate)
      expect(ramped.warmUp[0].trainingLoss != scaled.warmUp[0].trainingLoss, "the warm-up has no ramp")
    },
  ]
}
