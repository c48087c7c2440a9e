// What stops a training stops it on every rank, with the same error.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func errorTests(alone: Communicator) -> [RankTest] {
  sizeErrorTests() + agreementTests() + trainingErrorTests() + observerErrorTests(alone: alone)
}

private func sizeErrorTests() -> [RankTest] {
  func coordinator(_ data: DatasetSplits, batchSize: Int, _ world: Communicator) throws {
    _ = try SearchCoordinator(
      SyntheticImages.architecture(depth: 1), data: data, communicator: world,
      search: SearchOptions(policy: .paper, target: 90),
      warmUp: WarmUpOptions(), training: TrainingOptions(batchSize: batchSize), observer: nil)
  }
  return [
    RankTest("more ranks than training images or images per batch are refused", ranks: 2...) { world, expect in
      let few = world.size - 1
      expect.throwing(TrainingError.tooManyRanks(ranks: world.size, images: few, of: "training images")) {
        try coordinator(SyntheticImages.splits(train: few), batchSize: 8, world)
      }
      let batch = "images of a batch (training.batchSize)"
      expect.throwing(TrainingError.tooManyRanks(ranks: world.size, images: few, of: batch)) {
        try coordinator(SyntheticImages.splits(train: 8), batchSize: few, world)
      }
      try coordinator(SyntheticImages.splits(train: world.size), batchSize: world.size, world)
    },
    RankTest("parts without images are refused") { world, expect in
      expect.throwing(TrainingError.noImages(of: "validation")) {
        try coordinator(SyntheticImages.splits(train: 8, validation: 0), batchSize: 8, world)
      }
      expect.throwing(TrainingError.noImages(of: "test")) {
        try coordinator(SyntheticImages.splits(train: 8, test: 0), batchSize: 8, world)
      }
    },
    RankTest("a network for images of another shape or for other classes is refused") { world, expect in
      let other = ImageShape(height: 8, width: 8, channels: 3)
      func trainer(_ shape: ImageShape, classes: Int) throws {
        let architecture = try Architecture(family: .resnet18, depth: 1, classes: classes, input: shape)
        _ = try DataParallelTrainer(
          architecture, heads: .deepest, data: SyntheticImages.splits(train: 8), communicator: world,
          options: TrainingOptions())
      }
      expect.throwing(TrainingError.imageShape(expected: other, found: SyntheticImages.shape)) {
        try trainer(other, classes: 3)
      }
      expect.throwing(TrainingError.classes(expected: 2, found: 3)) {
        try trainer(SyntheticImages.shape, classes: 2)
      }
    },
    RankTest("depths that the family lacks are refused") { world, expect in
      expect.throwing(SearchError.depths(initial: 1, maximum: 9, .resnet18)) {
        _ = try SearchCoordinator(
          SyntheticImages.architecture(depth: 1), data: SyntheticImages.splits(train: 8), communicator: world,
          search: SearchOptions(policy: .paper, target: 90, maximumDepth: 9), warmUp: WarmUpOptions(),
          training: TrainingOptions(batchSize: 8), observer: nil)
      }
    },
  ]
}

/// An error that only some ranks meet.
private struct Mishap: Error, CustomStringConvertible {
  let description: String
}

private func agreementTests() -> [RankTest] {
  [
    RankTest("what fails on one rank fails on all, with its reason") { world, expect in
      for failing in 0..<world.size {
        for isUsage in [true, false] {
          let error = TrainingError.rankFailed(rank: failing, reason: "no file on \(failing)", isUsage: isUsage)
          expect.equal(error.isUsage, isUsage)
          expect.throwing(error) {
            try world.agree(isUsage: { $0 is Mishap && isUsage }) {
              if world.rank == failing { throw Mishap(description: "no file on \(failing)") }
            }
          }
        }
      }
    },
    RankTest("of several failures the first rank's is told") { world, expect in
      expect.throwing(TrainingError.rankFailed(rank: 0, reason: "0", isUsage: false)) {
        try world.agree(isUsage: { _ in false }) { throw Mishap(description: "\(world.rank)") }
      }
    },
    RankTest("without a failure each rank keeps its own result") { world, expect in
      expect.equal(try world.agree(isUsage: { _ in true }) { world.rank }, world.rank)
    },
  ]
}

private func trainingErrorTests() -> [RankTest] {
  func trainer(_ world: Communicator) throws -> DataParallelTrainer {
    let architecture = try SyntheticImages.architecture(depth: 1)
    let trainer = try DataParallelTrainer(
      architecture, heads: .deepest, data: SyntheticImages.splits(train: 24), communicator: world,
      options: TrainingOptions(batchSize: 8))
    trainer.network.weights = .initial(architecture, heads: .deepest, seed: 0)
    return trainer
  }
  return [
    RankTest("a loss that is no number ends the training on every rank") { world, expect in
      let trainer = try trainer(world)
      let error = expect.throwing(TrainingError.self) {
        _ = try trainer.trainEpoch(3, learningRate: 1e30) { _ in }
      }
      guard case .diverged(let divergence)? = error, case .loss(let loss) = divergence.symptom else {
        return expect.fail("threw \(error.map(String.init) ?? "nothing")")
      }
      expect(!loss.isFinite && divergence.depth == 1, "\(loss)")
    },
    RankTest("ranks that start from different weights are found out", ranks: 2...) { world, expect in
      for odd in 0..<world.size {
        let trainer = try trainer(world)
        if world.rank == odd { trainer.network.arena.values[0] += 0.5 }
        // What most ranks have is right; of two, what the first has.
        let different = world.size == 2 ? [1] : [odd]
        expect.throwing(TrainingError.ranksDisagree(ranks: different)) {
          _ = try trainer.trainEpoch(2, learningRate: 0.01) { _ in }
        }
      }
    },
  ]
}

/// Refuses one kind of event.
private struct Objector: SearchObserver {
  let isRefused: (SearchEvent) -> Bool

  mutating func observe(_ event: SearchEvent) throws {
    if isRefused(event) { throw Mishap(description: "no more") }
  }
}

private func observerErrorTests(alone: Communicator) -> [RankTest] {
  func run(_ communicator: Communicator, refusing isRefused: @escaping (SearchEvent) -> Bool) throws {
    var search = SearchOptions(policy: .paper, target: 90, maximumDepth: 1)
    search.epochLimit = 1
    _ = try SearchCoordinator(
      SyntheticImages.architecture(depth: 1), data: SyntheticImages.splits(train: 8), communicator: communicator,
      search: search, warmUp: WarmUpOptions(epochs: 1), training: TrainingOptions(batchSize: 8),
      observer: Objector(isRefused: isRefused)
    ).run()
  }
  return [
    // In the middle of a search the other ranks would wait for the one that threw, so each searches alone here.
    RankTest("an observer's error ends the search") { _, expect in
      let kinds: [(SearchEvent) -> Bool] = [
        { if case .started = $0 { true } else { false } },
        { if case .stageStarted = $0 { true } else { false } },
        { if case .step = $0 { true } else { false } },
        { if case .warmUpEpoch = $0 { true } else { false } },
        { if case .best = $0 { true } else { false } },
        { if case .epoch = $0 { true } else { false } },
      ]
      for kind in kinds { expect.throwing(Mishap.self) { try run(alone, refusing: kind) } }
      try run(alone) { _ in false }
    },
    RankTest("only rank 0 has an observer") { world, expect in
      let refused: (SearchEvent) -> Bool = { if case .finished = $0 { true } else { false } }
      if world.rank == 0 {
        expect.throwing(Mishap.self) { try run(world, refusing: refused) }
      } else {
        try run(world, refusing: refused)
      }
    },
  ]
}
