// The weights that a level starts from. A learning rate that is 0 as a float leaves parameters as they are, so the best
// weights of a level show what it started with.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

/// Above 0 as the options demand; 0 once a step makes a float of it.
private let vanishing = 1e-60

func restartTests() -> [RankTest] {
  [
    RankTest("without a warm-up the first level starts from the initial weights") { world, expect in
      var trial = SearchTrial(data: data, search: .impossible(growthRateFactor: vanishing))
      trial.warmUp.epochs = 0
      let (_, watcher) = try trial.run(on: world)
      guard world.rank == 0 else { return }
      let initial = NetworkWeights.initial(
        try SyntheticImages.architecture(depth: 2), heads: .deepest, seed: trial.training.seed)
      expectEqual(watcher.firstBest(depth: 2), initial, initial.layout.parameters.map(\.name), expect)
    },
    RankTest("restart: warmup takes a new level's weights from the warm-up") { world, expect in
      let trial = SearchTrial(data: data, search: .impossible(restart: .warmup, growthRateFactor: vanishing))
      let warm = try warmWeights(trial, world)
      let (_, watcher) = try trial.run(on: world)
      guard world.rank == 0 else { return }
      let start = try warm.extracting(depth: 2)
      expectEqual(watcher.firstBest(depth: 2), start, start.layout.parameters.map(\.name), expect)
    },
    RankTest("restart: inherit keeps the best of the trained blocks") { world, expect in
      let trial = SearchTrial(data: data, search: .impossible(restart: .inherit, growthRateFactor: vanishing))
      let warm = try warmWeights(trial, world)
      let (_, watcher) = try trial.run(on: world)
      guard world.rank == 0 else { return }
      let grown = watcher.firstBest(depth: 2)
      guard let trained = watcher.best.last(where: { $0.result.depth == 1 })?.weights else {
        return expect.fail("depth 1 has no best weights")
      }
      let kept = trained.layout.parameters.map(\.name).filter { !$0.hasPrefix("heads.") }
      let new = (grown?.layout.parameters.map(\.name) ?? []).filter { !kept.contains($0) }
      expect.equal(new.filter { $0.hasPrefix("heads.") }, ["heads.2.weight", "heads.2.bias"])
      expectEqual(grown, trained, kept, expect)
      expectEqual(grown, warm, new, expect)
      expect(values("conv1.weight", trained) != values("conv1.weight", warm), "depth 1 has learned nothing")
    },
  ]
}

private let data = SyntheticImages.contradictorySplits(train: 32)

/// What the warm-up of `trial` comes to, trained without a search. Collective.
func warmWeights(_ trial: SearchTrial, _ world: Communicator) throws -> NetworkWeights {
  let architecture = try SyntheticImages.architecture(depth: trial.search.maximumDepth ?? 2)
  let trainer = try DataParallelTrainer(
    architecture, heads: .all, data: trial.data, communicator: world, options: trial.training)
  trainer.network.weights = .initial(architecture, heads: .all, seed: trial.training.seed)
  for epoch in 0..<trial.warmUp.epochs {
    _ = try trainer.trainEpoch(epoch, learningRate: trial.warmUp.learningRate(inEpoch: epoch + 1)) { _ in }
  }
  return trainer.network.weights
}

private func expectEqual(
  _ found: NetworkWeights?, _ expected: NetworkWeights, _ names: [String], _ expect: Expectations
) {
  guard let found else { return expect.fail("there are no weights") }
  expect(!names.isEmpty, "there is nothing to compare")
  for name in names { expect(values(name, found) == values(name, expected), "\(name) differs") }
}

private func values(_ name: String, _ weights: NetworkWeights) -> [Float]? {
  weights.layout.parameters.first { $0.name == name }.map { Array(weights.parameters[$0.range]) }
}

extension Watcher {
  fileprivate func firstBest(depth: Int) -> NetworkWeights? {
    best.first { $0.result.depth == depth }?.weights
  }
}
