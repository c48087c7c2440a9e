// Whole searches: their course, their events and their result, on all ranks.

import Datasets
import DepthSearch
import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

func searchTests() -> [RankTest] {
  TrainingOptions.BatchNorm.allCases.flatMap { batchNorm in
    [
      RankTest("a target out of reach is reported as missed at the maximum depth: \(batchNorm)") { world, expect in
        let trial = SearchTrial(
          data: SyntheticImages.contradictorySplits(train: 64), search: .impossible(), batchNorm: batchNorm)
        let (result, watcher) = try trial.run(on: world)
        expect(!result.outcome.targetMet)
        expect.equal(result.outcome.reason, .maximumDepth)
        expect.equal(result.outcome.depth, 2)
        expect.equal(result.depths.map(\.depth), [1, 2])
        expect(world.rank != 0 || watcher.best.count > 2, "no level improved on its first epoch")
        expect.equal(result.architecture.depth, result.outcome.bestDepth)
        expect.equal(result.validationAccuracy, result.outcome.bestAccuracy.percent)
        try expectSame(result, world, expect)
        expectCourse(of: trial, result, watcher, world, expect)
      },
      RankTest("a target within reach is met at the first depth: \(batchNorm)") { world, expect in
        let trial = SearchTrial(
          data: SyntheticImages.splits(train: 64),
          search: SearchOptions(policy: .paper, target: 80, tolerance: 10, maximumDepth: 2, patience: 6),
          batchNorm: batchNorm)
        let (result, watcher) = try trial.run(on: world)
        expect(result.outcome.targetMet, "\(result.outcome)")
        expect.equal(result.outcome.reason, .fineTuned)
        expect.equal(result.architecture.depth, 1)
        expect.equal(result.depths.map(\.depth), [1])
        // The same three kinds of images: what was learned holds for those that nobody has seen.
        expect(result.testAccuracy >= 70, "test accuracy \(result.testAccuracy) %")
        try expectSame(result, world, expect)
        expectCourse(of: trial, result, watcher, world, expect)
      },
    ]
  } + [
    RankTest("the baseline of a fixed depth trains that depth alone") { world, expect in
      var search = SearchOptions.impossible().atFixedDepth(2)
      search.epochLimit = 3
      let trial = SearchTrial(
        data: SyntheticImages.contradictorySplits(train: 32), search: search,
        warmUp: WarmUpOptions(epochs: 0))
      let (result, watcher) = try trial.run(on: world)
      expect.equal(result.depths.map(\.depth), [2])
      expect.equal(result.architecture.depth, 2)
      expect.equal(result.imagesTrained, 32 * (result.depths.first?.epochs ?? 0))
      try expectSame(result, world, expect)
      expectCourse(of: trial, result, watcher, world, expect)
    },
    RankTest("a missed target gives the best weights of all depths") { world, expect in
      // The second level hardly learns, so the first is the best although the search ends at the second.
      let trial = SearchTrial(
        data: SyntheticImages.contradictorySplits(train: 64), search: .impossible(growthRateFactor: 1e-6))
      let (result, watcher) = try trial.run(on: world)
      expect.equal(result.outcome.depth, 2)
      expect.equal(result.architecture.depth, 1)
      guard world.rank == 0 else { return }
      let best = watcher.best.last { $0.result.depth == 1 }
      expect.equal(best?.result.validation, result.outcome.bestAccuracy)
      expect.equal(watcher.finished?.result, result)
      expect.equal(watcher.finished?.weights.parameters, best?.weights.parameters)
      expect.equal(watcher.finished?.weights.statistics, best?.weights.statistics)
    },
  ]
}

/// All ranks return the same result.
private func expectSame(_ result: SearchResult, _ world: Communicator, _ expect: Expectations) throws {
  expect.equal(try world.broadcast(result, from: 0), result)
  expect.equal(result.ranks, world.size)
}

/// The events came in their order, and the counts of the result agree with them. The other ranks saw none.
private func expectCourse(
  of trial: SearchTrial, _ result: SearchResult, _ watcher: Watcher, _ world: Communicator, _ expect: Expectations
) {
  guard world.rank == 0 else { return expect.equal(watcher.log, []) }
  let images = trial.data.train.count
  let steps = BatchDivision(images: images, batchSize: trial.training.batchSize).count
  func stepLog(_ epoch: Int, _ stage: SearchStage, _ depth: Int) -> [String] {
    (1...steps).map { "step \($0)/\(steps) of epoch \(epoch), \(stage) \(depth)" }
  }
  var log = ["started"]
  if trial.warmUp.epochs > 0 {
    log.append("warm-up of 2")
    for epoch in 1...trial.warmUp.epochs { log += stepLog(epoch, .warmUp, 2) + ["warm-up epoch \(epoch)"] }
  }
  var epoch = 0
  for level in result.depths {
    log.append("depth \(level.depth)")
    for _ in 0..<level.epochs {
      epoch += 1
      log += stepLog(epoch, .level, level.depth)
      if watcher.best.contains(where: { $0.result.epoch == epoch }) { log.append("best in epoch \(epoch)") }
      log.append("epoch \(epoch)")
    }
  }
  // Ranks that normalize few images by themselves are warned of.
  expect.equal(watcher.log.filter { $0 != "warning" }, log + ["finished"])
  expect.equal(watcher.best.map(\.result), watcher.epochs.filter(\.decision.keepsWeights).map(\.result))
  expect.equal(result.imagesTrained, images * (trial.warmUp.epochs + epoch))
  expect.equal(watcher.epochs.map(\.record.depth), watcher.epochs.map(\.result.depth))
  let rates = [trial.training.learningRate] + watcher.epochs.dropLast().map(\.decision.learningRate)
  expect.equal(watcher.epochs.map(\.record.learningRate), rates)
  expect.equal(watcher.warmUp.map(\.learningRate), Array([0.001, 0.0005].prefix(trial.warmUp.epochs)))
  expect(watcher.epochs.allSatisfy { $0.result.validation.total == trial.data.validation.count })
  for record in watcher.epochs.map(\.record) {
    let parameters = (try? SyntheticImages.architecture(depth: record.depth).parameterCount) ?? 0
    expect.equal(record.allreduceBytesPerStep, world.size > 1 ? 4 * parameters : 0)
    expect(record.waitingSeconds >= 0 && record.waitingSeconds < record.trainingSeconds)
  }
  expect.equal(watcher.plan?.ranks, world.size)
  expect.equal(watcher.plan?.largest.depth, 2)
}
