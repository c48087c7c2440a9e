// Searches whose levels are trained by groups of ranks at the same time come to what a group comes to that trains one
// after the other.

import Checkpoints
import Datasets
import DepthSearch
import DistributedTraining
import Foundation
import MPI
import NeuralNetwork
import RankTesting
import Synchronization

func groupTests() -> [RankTest] { equalityTests() + cancellationTests() + failureTests() + continuationTests() }

/// A search over three depths that ends at the last. Without a warm-up, which is trained by all ranks together.
private let missed = SearchTrial(
  data: SyntheticImages.contradictorySplits(train: 53),
  search: SearchOptions(policy: .paper, target: 100, tolerance: 0, maximumDepth: 3, patience: 2),
  warmUp: WarmUpOptions(epochs: 0))

/// A search over three depths that ends at the first, after some epochs of fine-tuning.
private let met = SearchTrial(
  data: SyntheticImages.splits(train: 64),
  search: SearchOptions(policy: .paper, target: 80, tolerance: 10, maximumDepth: 3, patience: 6),
  warmUp: WarmUpOptions(epochs: 0))

/// Searches by the adaptive procedure: one that leaves a depth out and ends at the last, and one that begins in the middle.
private let bracketed = [
  SearchTrial(
    data: SyntheticImages.contradictorySplits(train: 53),
    search: SearchOptions(
      policy: .adaptive, target: 100, tolerance: 0, maximumDepth: 5,
      adaptive: AdaptiveOptions(epochs: 2, confidence: 1)),
    warmUp: WarmUpOptions(epochs: 0)),
  SearchTrial(
    data: SyntheticImages.splits(train: 64),
    search: SearchOptions(
      policy: .adaptive, target: 80, tolerance: 10, maximumDepth: 4,
      adaptive: AdaptiveOptions(epochs: 6, rateFactor: 1, order: .bisection, confidence: 1)),
    warmUp: WarmUpOptions(epochs: 0)),
]

extension SearchTrial {
  /// The same search by so many groups.
  fileprivate func by(_ groups: Int) -> SearchTrial {
    var trial = self
    trial.search.groups = groups
    return trial
  }

  /// The same search by this rank's group of several, which then is all there is. Collective.
  fileprivate func alone(in groups: Int, of world: Communicator) throws -> (SearchResult, Watcher) {
    guard let group = try world.split(color: world.rank * groups / world.size) else { throw NoGroup() }
    return try run(on: group)
  }
}

private struct NoGroup: Error {}

/// How many groups the ranks can make up.
private func groupCounts(_ world: Communicator) -> [Int] {
  (2...world.size).filter { world.size.isMultiple(of: $0) }
}

/// Checks that a search by groups, which had `found`, is that of one group, and that whoever watches is told the same.
private func expectSame(
  _ found: (SearchResult, Watcher), _ expected: (SearchResult, Watcher), _ what: String, _ world: Communicator,
  _ expect: Expectations
) throws {
  expectSame(found.0, expected.0, what, expect)
  expect.equal(try world.broadcast(found.0, from: 0), found.0)
  guard world.rank == 0 else { return expect.equal(found.1.log, []) }
  let (watcher, alone) = (found.1, expected.1)
  expect.equal(watcher.epochs.map(\.result), alone.epochs.map(\.result), what)
  expect.equal(watcher.epochs.map(\.decision), alone.epochs.map(\.decision), what)
  expect.equal(watcher.epochs.map(\.record.learningRate), alone.epochs.map(\.record.learningRate), what)
  expect.equal(watcher.epochs.map(\.record.epoch), alone.epochs.map(\.record.epoch), what)
  // Each level's weights are told of once, at its end.
  expect.equal(watcher.best.map(\.result.depth).sorted(), found.0.depths.map(\.depth), what)
  for kept in watcher.best {
    let last = alone.best.last { $0.result.depth == kept.result.depth }
    expect.equal(kept.result, last?.result, what)
    expect.equal(kept.weights.parameters, last?.weights.parameters, what)
    expect.equal(kept.weights.statistics, last?.weights.statistics, what)
  }
  expect.equal(watcher.finished?.weights.parameters, alone.finished?.weights.parameters, what)
  expect.equal(watcher.finished?.weights.statistics, alone.finished?.weights.statistics, what)
}

private func equalityTests() -> [RankTest] {
  // In batches as small as these, `automatic` takes the statistics over all ranks of a group, as `synchronized` does.
  [TrainingOptions.BatchNorm.local, .automatic].map { batchNorm in
    RankTest("a search by groups is that of one group, bit for bit: \(batchNorm)", ranks: 2...) { world, expect in
      for groups in groupCounts(world) {
        for var trial in [missed, met] + bracketed {
          trial.batchNorm = batchNorm
          let whole = try trial.alone(in: groups, of: world)
          try expectSame(trial.by(groups).run(on: world), whole, "\(groups) groups", world, expect)
        }
      }
    }
  } + [
    RankTest("the shallowest depth wins although a deeper one has come to its end before", ranks: 2...) {
      world, expect in
      var trial = met
      trial.search.growthRateFactor = 1
      let whole = try trial.alone(in: world.size, of: world)
      // The second level by itself, which begins with the same rate.
      var second = trial
      second.search.initialDepth = 2
      let epochs = try second.alone(in: world.size, of: world).0.depths.first?.epochs ?? 0
      // Rank 1 trains the second level, and waits for work before and after. Rank 0 trains the first, and does not go on
      // before the second has ended and been heard of.
      let directory = try SharedDirectory(world)
      defer { withExtendedLifetime(directory) {} }
      let mark = directory.file("second")
      let waits = Mutex(0)
      let heartbeat = Heartbeat { [rank = world.rank] heartbeat in
        guard rank == 1, heartbeat.state.operation == .waitingForWork else { return }
        let count = waits.withLock {
          $0 += 1
          return $0
        }
        if count == 2 { _ = FileManager.default.createFile(atPath: mark, contents: nil) }
      }
      let watcher = Watcher()
      func secondEpochs() -> Int { watcher.ahead.count { $0.depth == 2 } }
      watcher.atStep = {
        while !FileManager.default.fileExists(atPath: mark) { Thread.sleep(forTimeInterval: 0.001) }
        if secondEpochs() < epochs { Thread.sleep(forTimeInterval: 0.1) }
      }
      let found = try trial.by(world.size).run(on: world, heartbeat: heartbeat, watcher: watcher)
      try expectSame(found, whole, "slow group 0", world, expect)
      guard world.rank == 0 else { return }
      expect.equal(found.0.depths.map(\.depth), [1])
      expect.equal(secondEpochs(), epochs)
      expect.equal(watcher.cancelled.first { $0.depth == 2 }?.epochs, epochs)
    },
    RankTest("more groups than depths do no harm, and the search says so", ranks: 2...) { world, expect in
      var trial = missed
      trial.search.maximumDepth = 1
      let whole = try trial.alone(in: world.size, of: world)
      let found = try trial.by(world.size).run(on: world)
      try expectSame(found, whole, "one depth", world, expect)
      if world.rank == 0 {
        expect.equal(found.1.warnings, ["there are \(world.size) groups of ranks for 1 depths: some have no work"])
      }
    },
    RankTest("all ranks warm up together, and every group's levels start from that", ranks: 2...) { world, expect in
      // A rate that is 0 as a float leaves the weights that a level starts with.
      var trial = missed
      trial.warmUp = WarmUpOptions(epochs: 2, learningRate: 0.001)
      trial.search.growthRateFactor = 1e-60
      let warm = try warmWeights(trial, world)
      let watcher = try trial.by(world.size).run(on: world).1
      guard world.rank == 0 else { return }
      expect.equal(watcher.warmUp.count, 2)
      for depth in 2...3 {
        let start = try warm.extracting(depth: depth)
        expect.equal(watcher.best.first { $0.result.depth == depth }?.weights.parameters, start.parameters)
      }
    },
    RankTest("levels that depend on each other, and ranks that make up no groups, are refused") { world, expect in
      let dependent = SearchError.dependentLevels(groups: world.size)
      for change: (inout SearchOptions) -> Void in [
        { $0.restart = .inherit }, { $0.bestAfterGrowth = .keep }, { $0.epochLimit = 10 },
        { ($0.policy, $0.adaptive.confidence) = (.adaptive, 0.9) },
      ] where world.size > 1 {
        var trial = missed.by(world.size)
        change(&trial.search)
        expect.throwing(dependent) { _ = try trial.run(on: world) }
      }
      expect.throwing(TrainingError.groups(world.size + 1, ranks: world.size)) {
        _ = try missed.by(world.size + 1).run(on: world)
      }
    },
  ]
}

private func cancellationTests() -> [RankTest] {
  [
    RankTest("deeper levels are cancelled as soon as one meets the target", ranks: 2...) { world, expect in
      let (result, watcher) = try met.by(world.size).run(on: world)
      expect.equal(result.depths.map(\.depth), [1])
      guard world.rank == 0 else { return }
      // Whichever group hears of it first.
      expect.equal(watcher.cancelled.map(\.depth).sorted(), Array(2...min(world.size, 3)))
      expect(watcher.epochs.allSatisfy { $0.result.depth == 1 })
      // Nothing is heard of a level after that.
      for level in watcher.cancelled.map(\.depth) {
        let end = watcher.log.firstIndex { $0.hasPrefix("cancelled") && $0.contains("depth \(level)") }
        guard let end else { return expect.fail("\(watcher.log)") }
        expect(!watcher.log[end...].contains { $0.hasPrefix("ahead: depth \(level),") }, "\(watcher.log)")
      }
      guard let cancelled = watcher.log.firstIndex(where: { $0.hasPrefix("cancelled") }) else { return }
      expect.equal(watcher.cancelled.map(\.epochs).reduce(0, +), watcher.ahead.count)
      // The first level goes on to be fine-tuned.
      expect(watcher.log[cancelled...].count { $0.hasPrefix("epoch") } >= 6, "\(watcher.log)")
    },
    RankTest("an adaptive search ends what it will not come to, and leaves out what it has not come to", ranks: 2...) {
      world, expect in
      for trial in bracketed {
        let (result, watcher) = try trial.by(world.size).run(on: world)
        guard world.rank == 0 else { continue }
        let trained = Set(result.depths.map(\.depth))
        let tried = Set(watcher.ahead.map(\.depth)).union(trained)
        expect.equal(tried.subtracting(trained), Set(watcher.cancelled.filter { $0.epochs > 0 }.map(\.depth)))
        expect(trained.isDisjoint(with: watcher.cancelled.map(\.depth)), "\(watcher.log)")
      }
    },
  ]
}

private func failureTests() -> [RankTest] {
  [
    RankTest("a deeper level that diverges ends the search only if the search comes to it", ranks: 2...) {
      world, expect in
      for var trial in [met, missed] {
        trial.search.growthRateFactor = 1e30
        if trial.search.target == met.search.target {
          let whole = try trial.alone(in: world.size, of: world)
          try expectSame(trial.by(world.size).run(on: world), whole, "met before", world, expect)
        } else {
          let error = expect.throwing(TrainingError.self) { _ = try trial.by(world.size).run(on: world) }
          guard case .rankFailed(let rank, let reason, isUsage: false)? = error else {
            return expect.fail("\(error as Any)")
          }
          expect((0..<world.size).contains(rank))
          expect(reason.contains("at depth 2, epoch 1"), reason)
        }
      }
    },
    RankTest("a level goes back by itself, and the search counts how often", ranks: 2...) { world, expect in
      var trial = missed
      trial.search.growthRateFactor = 0x1p100
      trial.reliability = ReliabilityOptions(onDivergence: .rollback, rollbackFactor: 0x1p-106, rollbacks: 2)
      let whole = try trial.alone(in: world.size, of: world)
      let found = try trial.by(world.size).run(on: world)
      try expectSame(found, whole, "rolled back", world, expect)
      if world.rank == 0 {
        expect.equal(found.1.rollbacks.map(\.rollback), [1, 2])
        expect.equal(found.1.rollbacks.map(\.epoch), whole.1.rollbacks.map(\.epoch))
        expect.equal(found.1.rollbacks.map(\.depth), [2, 3])
      }
      trial.reliability.rollbacks = 1
      expect.throwing(TrainingError.self) { _ = try trial.by(world.size).run(on: world) }
    },
  ]
}

private func continuationTests() -> [RankTest] {
  [
    RankTest("stopped again and again and continued, a search by groups gives the same bits", ranks: 2...) {
      world, expect in
      for (trial, warmUpEpochs, interval) in [(missed, 2, 5), (met, 0, 7), (bracketed[0], 2, 4)] {
        var trial = trial.by(world.size)
        trial.warmUp.epochs = warmUpEpochs
        let whole = try trial.run(on: world)
        let parts = try trial.runInParts(of: interval, on: world)
        expectSame(parts.result, whole.0, "stops every \(interval) steps", expect)
        expect(parts.stops > 2, "\(parts.stops) stops")
        guard world.rank == 0, let last = parts.watchers.last else { continue }
        expect.equal(last.finished?.weights.parameters, whole.1.finished?.weights.parameters)
        expect.equal(last.finished?.weights.statistics, whole.1.finished?.weights.statistics)
        expect.equal((last.point?.told ?? []) + last.epochs.map(\.result), whole.1.epochs.map(\.result))
        expect.equal(parts.watchers.flatMap(\.warnings).filter { !$0.hasPrefix("there are") }, [])
      }
    },
    RankTest("a level's checkpoint that no level can have is refused, however intact its file", ranks: 2...2) {
      world, expect in
      let directory = try SharedDirectory(world)
      var steps = 0
      let plan = CheckpointPlan(
        directory: directory.file("checkpoints"), origin: CheckpointOrigin(configuration: [:], configurationHash: "0"),
        isStopRequested: {
          steps += 1
          return steps == 7 && world.rank == 0
        })
      expect.throwing(TrainingError.self) { _ = try missed.by(2).run(on: world, checkpoints: plan) }
      try world.barrier()
      guard world.rank == 0, let path = CheckpointDirectory.files(in: directory.file("checkpoints/depth-01")).first
      else { return }
      let sound = try SearchCheckpoint(path: path)
      expect.equal(sound.point.depth, 1)
      expect.equal(sound.point.searchEpochs, 2)
      var reader = try CheckpointReader(path: path)
      let state = String(decoding: try reader.bytes("state", atMost: 1 << 20), as: UTF8.self)
      for (right, wrong) in [
        ("\"isEnded\":false", "\"isEnded\":true"), ("\"level\":{\"depth\":1", "\"level\":{\"depth\":2"),
        ("\"level\":{\"depth\":1", "\"hasLevelsApart\":true,\"level\":{\"depth\":1"),
        ("\"_1\":{\"depth\":1,\"epoch\":2", "\"_1\":{\"depth\":1,\"epoch\":3"),
        ("\"_1\":{\"depth\":1,\"epoch\":2", "\"_1\":{\"depth\":2,\"epoch\":2"),
        ("\"stage\":\"level\",", "\"stage\":\"warmUp\","),
        ("\"times\":[{\"depth\":1", "\"times\":[{\"depth\":4"),
      ] {
        let changed = state.replacing(right, with: wrong)
        expect(changed != state, "there is no \(right) in \(state)")
        try CheckpointContent([CheckpointSection("state", .bytes(Array(changed.utf8)))]).write(to: path)
        let error = expect.throwing(CheckpointError.self) { _ = try SearchCheckpoint(path: path) }
        guard case .damaged(_, "section state", _, _)? = error else {
          expect.fail("\(wrong): \(error as Any)")
          continue
        }
      }
    },
    RankTest("a search by groups and one without do not go on from each other's checkpoints", ranks: 2...) {
      world, expect in
      for (first, second) in [(1, world.size), (world.size, 1)] {
        let directory = try SharedDirectory(world)
        var steps = 0
        let plan = CheckpointPlan(
          directory: directory.file("checkpoints"),
          origin: CheckpointOrigin(configuration: [:], configurationHash: "0"),
          isStopRequested: {
            steps += 1
            return steps == 4
          })
        guard
          case .stopped(let path?)? = expect.throwing(
            TrainingError.self, { _ = try missed.by(first).run(on: world, checkpoints: plan) })
        else { return expect.fail("it was not stopped") }
        let checkpoint = world.rank == 0 ? try SearchCheckpoint(path: path) : nil
        let error = expect.throwing(TrainingError.self) {
          _ = try missed.by(second).run(on: world, from: checkpoint)
        }
        guard case .rankFailed(rank: 0, let reason, isUsage: true)? = error else {
          return expect.fail("\(error as Any)")
        }
        expect(reason.contains(first == 1 ? "one after the other" : "by groups of ranks"), reason)
        try world.barrier()
      }
    },
  ]
}

extension ResumePoint {
  /// The epochs of the search before it.
  fileprivate var told: [EpochResult] {
    recap.compactMap { if case .epoch(_, let result, _) = $0 { result } else { nil } }
  }
}
