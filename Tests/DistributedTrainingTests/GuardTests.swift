// Numbers that go out of hand are found before they reach the weights, on all ranks alike, with the place that they come
// from; and a search can go back and try again.

import Checkpoints
import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func guardTests() -> [RankTest] { originTests() + spikeTests() + verificationTests() + rollbackTests() }

private let batchSize = 8

/// A trainer of depth 1 on 24 images: three steps an epoch.
private func makeTrainer(
  _ world: Communicator, batchNorm: TrainingOptions.BatchNorm = .local,
  reliability: ReliabilityOptions = ReliabilityOptions()
) throws -> DataParallelTrainer {
  let architecture = try SyntheticImages.architecture(depth: 1)
  let trainer = try DataParallelTrainer(
    architecture, heads: .deepest, data: SyntheticImages.splits(train: 24), communicator: world,
    options: TrainingOptions(batchSize: batchSize, batchNorm: batchNorm), reliability: reliability)
  trainer.network.weights = .initial(architecture, heads: .deepest, seed: 0)
  return trainer
}

/// What a training that diverges is ended by.
private func divergence(_ expect: Expectations, _ body: () throws -> Void) -> Divergence? {
  let error = expect.throwing(TrainingError.self, body)
  if case .diverged(let divergence)? = error { return divergence }
  expect.fail("threw \(error.map(String.init) ?? "nothing")")
  return nil
}

extension DataParallelTrainer {
  /// Changes the first number of a parameter.
  fileprivate func set(_ tensor: String, to value: Float) throws {
    guard let slice = network.arena.layout.slice(tensor) else { throw NoTensor() }
    network.arena.values[slice.range.lowerBound] = value
  }

  /// Multiplies a parameter.
  fileprivate func scale(_ tensor: String, by factor: Float) throws {
    guard let slice = network.arena.layout.slice(tensor) else { throw NoTensor() }
    for place in slice.range { network.arena.values[place] *= factor }
  }
}

private struct NoTensor: Error {}

private func originTests() -> [RankTest] {
  [
    RankTest("a weight that is no number on one rank is found there, before any step") { world, expect in
      for rank in 0..<world.size {
        for tensor in ["conv1.weight", "layer1.0.bn2.weight", "heads.1.bias"] {
          let trainer = try makeTrainer(world)
          if world.rank == rank { try trainer.set(tensor, to: .nan) }
          let before = trainer.network.weights.parameters
          var steps = 0
          let found = divergence(expect) {
            _ = try trainer.trainEpoch(2, learningRate: 0.01) { _ in steps += 1 }
          }
          expect.equal(found?.origin, .init(tensor: tensor, rank: rank))
          expect.equal(found?.step, 1)
          expect.equal(steps, 0)
          guard case .loss(let loss)? = found?.symptom else { return expect.fail("\(found as Any)") }
          expect(loss.isNaN)
          expect.equal(trainer.network.weights.parameters.map(\.bitPattern), before.map(\.bitPattern))
        }
      }
    },
    RankTest("of several tensors the first one of the forward pass is named, and of several ranks the first") {
      world, expect in
      let trainer = try makeTrainer(world)
      for tensor in ["heads.1.weight", "layer1.0.conv2.weight", "layer1.0.conv1.weight"] {
        try trainer.set(tensor, to: .infinity)
      }
      let found = divergence(expect) { _ = try trainer.trainEpoch(2, learningRate: 0.01) { _ in } }
      expect.equal(found?.origin, .init(tensor: "layer1.0.conv1.weight", rank: 0))
    },
    RankTest("weights that let activations overflow are told by the batch norm behind them") { world, expect in
      let last = world.size - 1
      let trainer = try makeTrainer(world)
      // Finite, but not their products with activations.
      if world.rank == last { try trainer.scale("layer1.0.conv2.weight", by: 1e38) }
      let found = divergence(expect) { _ = try trainer.trainEpoch(2, learningRate: 0.01) { _ in } }
      expect.equal(found?.origin?.rank, last)
      expect(found?.origin?.tensor?.hasPrefix("layer1.0.bn2.running_") == true, "\(found as Any)")
    },
    RankTest("gradients that overflow where the loss does not are found, and never applied") { world, expect in
      let last = world.size - 1
      let trainer = try makeTrainer(world)
      // The classifier's huge weights meet tiny activations, so that the loss is finite. On its way back the gradient is
      // huge, and the stem's batch norm multiplies it by its weight over the deviation of what is tiny.
      if world.rank == last {
        for (tensor, factor) in [("heads.1.weight", 1e37), ("bn1.weight", 1e6), ("conv1.weight", 1e-10)] {
          try trainer.scale(tensor, by: Float(factor))
        }
      }
      let found = divergence(expect) { _ = try trainer.trainEpoch(2, learningRate: 0.01) { _ in } }
      expect.equal(found?.symptom, .gradient)
      expect.equal(found?.step, 1)
      expect.equal(found?.origin, .init(tensor: "conv1.weight", rank: last))
      expect(trainer.network.arena.values.array.allSatisfy(\.isFinite))
    },
    RankTest("a gradient that overflows by itself is found too, and not applied") { world, expect in
      let trainer = try makeTrainer(world)
      // The activations that the classifier reads are so large that the first step makes its weights huge. In the second,
      // the gradient of the last convolution is their product, summed over all pixels; what is passed on is less.
      for (tensor, factor) in [("bn1.weight", 1e20), ("layer1.0.bn2.weight", 1e20), ("heads.1.weight", 1e-25)] {
        try trainer.scale(tensor, by: Float(factor))
      }
      let convolution = trainer.network.arena.layout.slice("layer1.0.conv2.weight")?.range ?? 0..<0
      let found = divergence(expect) { _ = try trainer.trainEpoch(2, learningRate: 0.01) { _ in } }
      expect.equal(found?.symptom, .gradient)
      expect.equal(found?.origin, .init(tensor: "layer1.0.conv2.weight", rank: nil))
      expect(trainer.network.arena.values[convolution].array.allSatisfy(\.isFinite))
    },
    RankTest("messages name what was seen, and where") { _, expect in
      var divergence = Divergence(symptom: .loss(.nan), depth: 2, epoch: 3, step: 17)
      divergence.origin = .init(tensor: "layer1.0.bn1.running_var", rank: 1)
      expect.equal(
        TrainingError.diverged(divergence).description,
        "the loss became nan at depth 2, epoch 3, step 17, first in layer1.0.bn1.running_var on rank 1: lower "
          + "training.learningRate or warmUp.learningRate, or let reliability.onDivergence be rollback")
      divergence.symptom = .spike(loss: 1e30, deviations: 2e31)
      divergence.origin = nil
      expect.equal(
        divergence.description,
        "the loss rose to 1e+30, 2e+31 standard deviations above its mean, at depth 2, epoch 3, step 17")
      divergence.origin = .init(tensor: "conv1.weight", rank: nil)
      divergence.symptom = .gradient
      divergence.rollbacks = 3
      expect.equal(
        divergence.description,
        "a gradient became infinite or no number at depth 2, epoch 3, step 17, first in conv1.weight in the sum over the "
          + "ranks, after 3 rollbacks")
    },
  ]
}

private func spikeTests() -> [RankTest] {
  [
    RankTest("a loss far above those before is a spike, if there is a threshold for it") { world, expect in
      for threshold: Double? in [nil, 10] {
        let trainer = try makeTrainer(
          world, reliability: ReliabilityOptions(spikeThreshold: threshold))
        for epoch in 0..<10 { _ = try trainer.trainEpoch(epoch, learningRate: 0.01) { _ in } }
        // The classifier is sure of everything, and of wrong things too.
        try trainer.scale("heads.1.weight", by: -100)
        let next = { _ = try trainer.trainEpoch(10, learningRate: 0.01) { _ in } }
        guard let threshold else {
          try next()
          continue
        }
        let found = divergence(expect, next)
        guard case .spike(let loss, let deviations)? = found?.symptom else { return expect.fail("\(found as Any)") }
        expect(loss > 2 && deviations > threshold, "\(loss), \(deviations)")
        expect.equal(found?.step, 1)
        expect.equal(found?.origin, nil)
      }
    }
  ]
}

private func verificationTests() -> [RankTest] {
  [
    RankTest("ranks whose weights differ are found out in the middle of an epoch", ranks: 2...) { world, expect in
      for odd in 0..<world.size {
        let trainer = try makeTrainer(world, reliability: ReliabilityOptions(verifySteps: 2))
        if world.rank == odd { trainer.network.arena.values[0] += 0.5 }
        // Of two ranks nobody knows which one is right.
        let different = world.size == 2 ? [1] : [odd]
        var steps = 0
        expect.throwing(TrainingError.ranksDisagree(ranks: different)) {
          _ = try trainer.trainEpoch(2, learningRate: 0.01) { steps = $0.step }
        }
        expect.equal(steps, 1)
      }
    }
  ]
}

/// A search whose first epochs at some stage diverge, because its learning rate is far too high.
private struct ReboundTrial {
  var reliability = ReliabilityOptions()
  var warmUpRate = 0x1p-10
  var rate = 0x1p-6
  var communication = CommunicationOptions()

  /// Two rollbacks of 80 powers of two lead from a rate beyond all floats to one that learns.
  static let patient = ReboundTrial(
    reliability: ReliabilityOptions(onDivergence: .rollback, rollbackFactor: 0x1p-80, rollbacks: 2), rate: 0x1p152)

  func run(
    on world: Communicator, _ watcher: Watcher = Watcher(), checkpoints: CheckpointPlan? = nil,
    from checkpoint: SearchCheckpoint? = nil
  ) throws -> SearchResult {
    var search = SearchOptions(policy: .paper, target: 100, tolerance: 0, maximumDepth: 1, patience: 2)
    search.epochLimit = 2
    let coordinator = try SearchCoordinator(
      SyntheticImages.architecture(depth: 1), data: SyntheticImages.contradictorySplits(train: 53),
      communicator: world, search: search, warmUp: WarmUpOptions(epochs: 1, learningRate: warmUpRate),
      training: TrainingOptions(batchSize: 16, learningRate: rate, seed: 1), communication: communication,
      observer: watcher)
    coordinator.reliability = reliability
    coordinator.checkpoints = checkpoints
    return try coordinator.run(from: checkpoint)
  }
}

private func rollbackTests() -> [RankTest] {
  [
    RankTest("without rollback the search ends with the place in it") { world, expect in
      let found = divergence(expect) { _ = try ReboundTrial(rate: 0x1p100).run(on: world) }
      expect.equal(found?.depth, 1)
      expect.equal(found?.epoch, 1)
      expect.equal(found?.rollbacks, 0)
    },
    RankTest("with rollback the epoch begins again at a lower rate, until it goes well") { world, expect in
      let watcher = Watcher()
      let result = try ReboundTrial.patient.run(on: world, watcher)
      expect.equal(result.depths.map(\.epochs), [2])
      guard world.rank == 0 else { return }
      expect.equal(watcher.rollbacks.map(\.rollback), [1, 2])
      expect.equal(watcher.rollbacks.map(\.rateFactor), [0x1p-80, 0x1p-160])
      for rollback in watcher.rollbacks {
        expect(rollback.stage == .level && rollback.depth == 1 && rollback.epoch == 1 && rollback.limit == 2)
      }
      expect.equal(watcher.epochs.map(\.record.learningRate), [0x1p-8, 0x1p-8])
    },
    RankTest("after a rollback an epoch is that of a search with the lower rate, bit for bit") { world, expect in
      let reliability = ReliabilityOptions(onDivergence: .rollback, rollbackFactor: 0x1p-106, rollbacks: 1)
      let (inWarmUp, inLevel) = (Watcher(), Watcher())
      _ = try ReboundTrial(reliability: reliability, warmUpRate: 0x1p96).run(on: world, inWarmUp)
      _ = try ReboundTrial(reliability: reliability, rate: 0x1p100).run(on: world, inLevel)
      let direct = Watcher()
      _ = try ReboundTrial().run(on: world, direct)
      guard world.rank == 0 else { return }
      expect.equal(inWarmUp.rollbacks.map(\.stage), [.warmUp])
      expect.equal(inLevel.rollbacks.map(\.stage), [.level])
      for watcher in [inWarmUp, inLevel] {
        expect.equal(watcher.warmUp.map(\.trainingLoss), direct.warmUp.map(\.trainingLoss))
        expect.equal(watcher.epochs.map(\.result), direct.epochs.map(\.result))
        expect.equal(watcher.epochs.map(\.record.learningRate), [0x1p-6, 0x1p-6])
        expect.equal(watcher.finished?.weights.parameters, direct.finished?.weights.parameters)
        expect.equal(watcher.finished?.weights.statistics, direct.finished?.weights.statistics)
      }
    },
    RankTest("a search goes back no more often than it may") { world, expect in
      for rollbacks in [0, 1] {
        var trial = ReboundTrial.patient
        trial.reliability.rollbacks = rollbacks
        expect.equal(divergence(expect) { _ = try trial.run(on: world) }?.rollbacks, rollbacks)
      }
    },
    RankTest("stopped at any step and continued, a search that goes back gives the same bits") { world, expect in
      // Also with what compression still owes.
      for compression in CommunicationOptions.Compression.allCases {
        var trial = ReboundTrial.patient
        trial.communication.compression = compression
        try trial.checkInParts(on: world, expect)
      }
    },
  ]
}

extension ReboundTrial {
  /// Stops after every step, and continues.
  fileprivate func checkInParts(on world: Communicator, _ expect: Expectations) throws {
    let undisturbed = Watcher()
    let whole = try run(on: world, undisturbed)
    let directory = try SharedDirectory(world)
    var watchers: [Watcher] = []
    var checkpoint: SearchCheckpoint?
    var result: SearchResult?
    while result == nil {
      let plan = CheckpointPlan(
        directory: directory.file("checkpoints"),
        origin: CheckpointOrigin(configuration: [:], configurationHash: "0"), isStopRequested: { world.rank == 0 })
      watchers.append(Watcher())
      do {
        result = try run(
          on: world, watchers[watchers.count - 1], checkpoints: plan, from: checkpoint)
      } catch TrainingError.stopped(let path?) {
        checkpoint = world.rank == 0 ? try SearchCheckpoint(path: path) : nil
      }
    }
    // Nine steps that count, and some that were taken back.
    expect(watchers.count > 10, "\(watchers.count) parts")
    expect.equal(result?.testAccuracy, whole.testAccuracy)
    expect.equal(watchers.flatMap(\.rollbacks), undisturbed.rollbacks)
    expect.equal(watchers.flatMap(\.epochs).map(\.result), undisturbed.epochs.map(\.result))
    expect.equal(
      watchers.last?.finished?.weights.parameters, undisturbed.finished?.weights.parameters)
  }
}
