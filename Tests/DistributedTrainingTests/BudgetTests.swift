// Searches that train no depth beyond their budget.

import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func budgetTests() -> [RankTest] {
  func trial(_ policy: SearchOptions.Policy, _ budget: Budget) -> SearchTrial {
    SearchTrial(
      data: SyntheticImages.contradictorySplits(train: 32),
      search: SearchOptions(
        policy: policy, target: 100, tolerance: 0, budget: budget, patience: 1,
        adaptive: AdaptiveOptions(epochs: 2)), warmUp: WarmUpOptions(epochs: 1))
  }
  return [
    RankTest("a budget spends no epoch on depths beyond it, with either policy and with groups") { world, expect in
      for policy in SearchOptions.Policy.allCases {
        var trial = trial(policy, Budget(megabytes: 1))
        for groups in policy == .paper ? [1, world.size] : [1] {
          trial.search.groups = groups
          let (result, watcher) = try trial.run(on: world)
          expect.equal(result.depths.map(\.depth).max(), 2, "\(policy), \(groups) groups")
          guard world.rank == 0 else { continue }
          expect.equal(watcher.plan?.largest.depth, 2)
          expect.equal(watcher.plan?.affordable.excluded.map(\.depth), Array(3...8))
          expect(watcher.ahead.allSatisfy { $0.depth <= 2 } && watcher.warmUp.allSatisfy { $0.depth == 2 })
        }
      }
    },
    RankTest("a latency budget is measured before training, and the network found is within it") { world, expect in
      var free = trial(.paper, Budget(latencyMilliseconds: 1e9))
      free.search.maximumDepth = 1
      expect.equal(try free.run(on: world).0.depths.map(\.depth), [1])
      // Measured once more by itself, a deep network takes far longer than a shallow one.
      var limit = 0.0
      let kernels = KernelFamily.fast.kernels()
      let alone = try [1, 8].map { try 1e3 * SyntheticImages.architecture(depth: $0).latency(kernels: kernels) }
      limit = (alone[0] * alone[1]).squareRoot()
      try world.broadcast(&limit, from: 0)
      let (result, watcher): (SearchResult, Watcher)
      do {
        (result, watcher) = try trial(.paper, Budget(latencyMilliseconds: limit)).run(on: world)
      } catch SearchError.budget(let excess, _) {
        // Measured again, beside whatever else runs, even the first may take longer.
        return expect(excess.depth == 1 && excess.amount > limit, "\(excess)")
      }
      guard world.rank == 0, let affordable = watcher.plan?.affordable else { return }
      expect.equal(affordable.latencies.count, 8)
      let depths = affordable.latencies.prefix { $0 <= limit }.count
      expect.equal(affordable.depths, 1...max(depths, 1), "\(affordable)")
      expect(affordable.latencies[result.architecture.depth - 1] <= limit)
      expect(result.depths.allSatisfy { affordable.depths.contains($0.depth) })
      let found = 1e3 * result.architecture.latency(kernels: kernels)
      print(
        "  a budget of \(limit) ms: depths \(affordable.depths), measured \(affordable.latencies) ms; found depth "
          + "\(result.architecture.depth), measured again \(found) ms")
    },
    RankTest("latencies that are known are not measured again") { world, expect in
      for groups in [1, world.size] {
        var trial = trial(.paper, Budget(latencyMilliseconds: 2.5))
        trial.search.groups = groups
        // Only rank 0 has a checkpoint to know them from.
        trial.latencies = world.rank == 0 ? [1, 2, 3, 4, 5, 6, 7, 8] : nil
        let (result, watcher) = try trial.run(on: world)
        expect.equal(result.depths.map(\.depth).max(), 2)
        if world.rank == 0 { expect.equal(watcher.plan?.affordable.depths, 1...2) }
      }
    },
    RankTest("a search that is continued goes by the latencies that it had measured") { world, expect in
      let directory = try SharedDirectory(world)
      var trial = trial(.paper, Budget(latencyMilliseconds: 2.5))
      trial.latencies = [1, 2, 3, 4, 5, 6, 7, 8]
      var steps = 0
      let plan = CheckpointPlan(
        directory: directory.path, origin: CheckpointOrigin(configuration: [:], configurationHash: ""),
        isStopRequested: {
          steps += 1
          return steps == 5
        })
      do {
        _ = try trial.run(on: world, checkpoints: plan)
        expect(false, "the search was not stopped")
      } catch TrainingError.stopped(let file) {
        let checkpoint = try world.rank == 0 ? file.map { try SearchCheckpoint(path: $0) } : nil
        if world.rank == 0 { expect.equal(checkpoint?.latencies, trial.latencies) }
        trial.latencies = checkpoint?.latencies
        let (result, _) = try trial.run(on: world, from: checkpoint)
        expect.equal(result.depths.map(\.depth), [1, 2])
      }
    },
    RankTest("a latency that even the shallowest depth does not have is refused on all ranks") { world, expect in
      var trial = trial(.paper, Budget(latencyMilliseconds: 2.5))
      trial.latencies = [3, 4, 5, 6, 7, 8, 9, 10]
      let excess = ExcludedDepth(depth: 1, cost: .latencyMilliseconds, amount: 3, limit: 2.5)
      expect.throwing(SearchError.budget(excess, alternatives: [])) { _ = try trial.run(on: world) }
    },
  ]
}
