// A search that was stopped and continued is the search that was never stopped, bit for bit.

import Checkpoints
import Datasets
import DepthSearch
import DistributedTraining
import Foundation
import MPI
import NeuralNetwork
import RankTesting

/// A way of training.
private struct Way {
  let name: String
  var batchNorm = TrainingOptions.BatchNorm.automatic
  var communication = CommunicationOptions()
  var options = TrainingOptions(batchSize: 16, learningRate: 0.005, seed: 1)

  func trial(_ search: SearchOptions) -> SearchTrial {
    SearchTrial(
      data: SyntheticImages.contradictorySplits(train: 53), search: search, batchNorm: batchNorm,
      communication: communication, options: options)
  }
}

/// Those in which ranks keep something of their own between steps or do not, or steps differ within an epoch.
private let ways = [
  Way(name: "automatic"),
  Way(name: "local", batchNorm: .local),
  Way(name: "synchronized", batchNorm: .synchronized, communication: CommunicationOptions(mode: .overlapped)),
  Way(
    name: "bf16",
    communication: CommunicationOptions(bucketMegabytes: 0.1, mode: .overlapped, compression: .bf16)),
  Way(
    name: "large batches",
    options: TrainingOptions(
      batchSize: 16, learningRate: 0.5, scaling: .linear, baseBatch: 4, rampEpochs: 2, optimizer: .lars, seed: 1)),
]

func checkpointTests(alone: Communicator) -> [RankTest] {
  ways.map { way in
    RankTest("stopped at any step and continued, a search gives the same bits: \(way.name)", ranks: ...3) {
      world, expect in
      // Batches of 16, 16 and 21 images, a growth that needs the best weights, and a level after it.
      let trial = way.trial(.impossible(restart: .inherit))
      let whole = try trial.run(on: world)
      var steps = whole.1.log.count { $0.hasPrefix("step") }
      try world.broadcast(&steps, from: 0)
      for interval in [1, 7, steps] {
        let parts = try trial.runInParts(of: interval, on: world)
        expect.equal(parts.stops, steps / interval)
        expectSame(parts.result, whole.0, "stops every \(interval) steps", expect)
        expect.equal(parts.watchers.flatMap(\.steps), whole.1.steps)
        expect.equal(parts.watchers.flatMap(\.warmUp).map(\.trainingLoss), whole.1.warmUp.map(\.trainingLoss))
        expect.equal(parts.watchers.flatMap(\.epochs).map(\.result), whole.1.epochs.map(\.result))
        expect.equal(parts.watchers.flatMap(\.epochs).map(\.decision), whole.1.epochs.map(\.decision))
        expect.equal(
          parts.watchers.flatMap(\.best).map(\.weights.parameters), whole.1.best.map(\.weights.parameters))
        expect.equal(
          parts.watchers.last?.finished?.weights.statistics, whole.1.finished?.weights.statistics)
        // Every part says how few images a rank normalizes by itself.
        expect.equal(parts.watchers.flatMap(\.warnings).filter { !$0.hasPrefix("batch norm over 1 rank") }, [])
      }
    }
  } + [
    RankTest("an adaptive search that is stopped and continued gives the same bits", ranks: ...3) { world, expect in
      let orders = AdaptiveOptions.Order.allCases.map { ($0, SearchOptions.Objective.target) }
      let objectives: [(AdaptiveOptions.Order, SearchOptions.Objective)] = [
        (.forecast, .bestWithinBudget), (.linear, .knee),
      ]
      for (order, objective) in orders + objectives {
        let trial = SearchTrial(
          data: SyntheticImages.splits(train: 53),
          search: SearchOptions(
            policy: .adaptive, objective: objective, target: 60, tolerance: 10, maximumDepth: 3,
            adaptive: AdaptiveOptions(epochs: 3, rateFactor: 2, order: order)))
        let whole = try trial.run(on: world)
        let parts = try trial.runInParts(of: 5, on: world)
        expectSame(parts.result, whole.0, "\(order), \(objective)", expect)
        expect.equal(parts.watchers.flatMap(\.epochs).map(\.decision), whole.1.epochs.map(\.decision))
        expect.equal(
          whole.0.architecture.depth,
          whole.0.outcome.targetMet || objective != .target ? whole.0.outcome.depth : whole.0.outcome.bestDepth)
        expect.equal(whole.0.depths.map(\.depth), whole.0.depths.map(\.depth).sorted())
        guard world.rank == 0 else { continue }
        let kept = whole.1.best.last { $0.result.depth == whole.0.architecture.depth }
        expect.equal(whole.1.finished?.weights.parameters, kept?.weights.parameters)
        expect.equal(parts.watchers.last?.finished?.weights.parameters, kept?.weights.parameters)
        let first = whole.1.epochs.first?.result.depth
        switch objective {
        case .target: expect.equal(first, order == .bisection ? 2 : 1)
        case .bestWithinBudget: expect.equal(first, 3)
        case .knee: expect.equal(whole.1.epochs.map(\.result.depth), [1, 1, 1, 3, 3, 3, 2, 2, 2])
        }
      }
    },
    RankTest("a search goes on from any of its checkpoints, also after the last decision") { world, expect in
      let trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 32), search: .impossible())
      let whole = try trial.run(on: world)
      let copies = try SharedDirectory(world)
      let recorder = Recorder(copies: copies.path, checkpoints: copies.file("checkpoints"))
      // There is a checkpoint after every step. Its copy is made before the next step, or at the end.
      let watcher = Watcher()
      watcher.atEnd = { recorder.copy(on: world) }
      _ = try trial.run(
        on: world, checkpoints: plan(copies.file("checkpoints")) { recorder.copy(on: world) },
        checkpointMinutes: 1e-9, watcher: watcher)
      var names = world.rank == 0 ? recorder.copied : []
      names = try world.broadcast(names, from: 0)
      expect(names.count > 10, "\(names.count) checkpoints")
      var endsAtOnce = false
      for name in names.enumerated().filter({ $0.offset % 5 == 0 || $0.offset == names.count - 1 }).map(\.element) {
        let checkpoint = world.rank == 0 ? try SearchCheckpoint(path: copies.file(name)) : nil
        let rest = try trial.run(on: world, from: checkpoint)
        expectSame(rest.0, whole.0, name, expect)
        expect.equal(rest.1.finished?.weights.parameters, whole.1.finished?.weights.parameters, name)
        endsAtOnce = endsAtOnce || rest.1.steps.isEmpty
        expect.equal(rest.1.epochs.map(\.result), whole.1.epochs.suffix(rest.1.epochs.count).map(\.result))
      }
      expect(endsAtOnce || world.rank != 0, "no checkpoint was written after the last decision")
    },
    RankTest("a search goes on with other numbers of ranks, and says so", ranks: 2...) { world, expect in
      for way in ways {
        var trial = way.trial(.impossible())
        trial.search.epochLimit = 3
        let whole = try trial.run(on: world)
        // In the middle of the second epoch of the search.
        let stopped = try trial.stop(afterSteps: 10, on: world)
        let checkpoint = try SearchCheckpoint(path: try stopped.file(world))
        expect.equal(checkpoint.ranks, world.size)
        let (fewer, watcher) = try trial.run(on: alone, from: checkpoint)
        expect.equal(watcher.warnings.count, 1)
        expect(watcher.warnings.allSatisfy { $0.contains("\(world.size) ranks") && $0.contains("continued by 1") })
        // Over all ranks the images that are normalized together stay the same.
        let effect = way.batchNorm == .local ? "may come to other accuracies" : "may be rounded differently"
        expect(watcher.warnings.allSatisfy { $0.contains(effect) }, "\(watcher.warnings)")
        expect.equal(fewer.imagesTrained % 53, 0)
        expect(fewer.depths.map(\.depth) == whole.0.depths.map(\.depth))
        // Every image of the epoch was counted once, by whomever.
        let first = watcher.epochs.first?.record
        let same = whole.1.epochs.first { $0.record.epoch == first?.epoch }?.record
        if let first, let same, way.batchNorm != .local, way.communication.compression == .none {
          // Float sums in another order, over a few steps.
          expect.close(first.trainingLoss, same.trainingLoss, tolerance: 1e-4)
        }

        // And from one rank to all of them.
        let lone = try trial.stop(afterSteps: 10, on: alone)
        let other = try SearchCheckpoint(path: try lone.file(alone))
        let (more, warned) = try trial.run(on: world, from: world.rank == 0 ? other : nil)
        expect.equal(more.ranks, world.size)
        if world.rank == 0 {
          expect.equal(
            warned.warnings.filter { $0.contains("continued by \(world.size) with batch norm over") }.count, 1)
          expect.equal(warned.warnings.count, way.batchNorm == .local ? 2 : 1, "\(warned.warnings)")
        }
      }
    },
    RankTest("any rank can stop the search, and all stop after the same step") { world, expect in
      let trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 53), search: .impossible())
      for rank in 0..<world.size {
        let stopped = try trial.stop(afterSteps: 4, by: rank, on: world)
        expect.equal(try world.allgather(stopped.questions), Array(repeating: 4, count: world.size))
        let path = try stopped.file(world)
        expect.equal(stopped.error, .stopped(checkpoint: stopped.path))
        if world.rank == 0 { expect.equal(try SearchCheckpoint(path: path).point.step, 1) }
      }
    },
    RankTest("a search whose checkpoints cannot be written goes on, with warnings and the same result") {
      world, expect in
      let trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 32), search: .impossible())
      let whole = try trial.run(on: world)
      let directory = try SharedDirectory(world)
      if world.rank == 0 { try Data().write(to: URL(fileURLWithPath: directory.file("taken"))) }
      let (result, watcher) = try trial.run(
        on: world, checkpoints: plan(directory.file("taken/checkpoints")), checkpointMinutes: 1e-9)
      expectSame(result, whole.0, "without checkpoints", expect)
      guard world.rank == 0 else { return }
      expect(watcher.warnings.count > 10, "\(watcher.warnings.count) warnings")
      expect(watcher.warnings.allSatisfy { $0.contains("Not a directory") && $0.contains("training goes on") })
    },
    RankTest("a checkpoint of another network is refused on all ranks") { world, expect in
      let trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 32), search: .impossible())
      let stopped = try trial.stop(afterSteps: 1, on: world)
      let checkpoint = world.rank == 0 ? try SearchCheckpoint(path: try stopped.file(world)) : nil
      if world.rank != 0 { _ = try stopped.file(world) }
      var deeper = trial
      deeper.search.maximumDepth = 3
      let error = expect.throwing(TrainingError.self) { _ = try deeper.run(on: world, from: checkpoint) }
      guard case .rankFailed(rank: 0, let reason, isUsage: true) = error else { return expect.fail("\(error as Any)") }
      expect(reason.contains("up to depth 3") && reason.contains("up to depth 2"), reason)
    },
    RankTest("a search that is continued in fewer levels goes on from its own checkpoints", ranks: ...2) {
      world, expect in
      let trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 32), search: .impossible())
      // Of the warm-up's epochs, which both have.
      let stopped = try trial.stop(afterSteps: 2 * trial.warmUp.epochs + 1, on: world)
      let path = try stopped.file(world)
      var fewer = trial
      fewer.search.maximumDepth = 1
      let checkpoint = world.rank == 0 ? try SearchCheckpoint(path: path) : nil
      let parts = try fewer.runInParts(of: 1, from: checkpoint, on: world)
      expect.equal(parts.result.depths.map(\.depth), [1])
      expect(parts.stops > 2, "\(parts.stops) stops")
    },
    RankTest("a state that no search can be in is refused, however intact its file", ranks: 1...1) { world, expect in
      let trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 32), search: .impossible())
      let stopped = try trial.stop(afterSteps: 8, on: world)
      let path = try stopped.file(world)
      var reader = try CheckpointReader(path: path)
      let state = String(decoding: try reader.bytes("state", atMost: 1 << 20), as: UTF8.self)
      /// Where reading a file with nothing but this state ends.
      func place(_ state: String) throws -> String {
        try CheckpointContent([CheckpointSection("state", .bytes(Array(state.utf8)))]).write(to: path)
        guard
          case .damaged(path, let place, _, _)? = expect.throwing(
            CheckpointError.self, { _ = try SearchCheckpoint(path: path) })
        else { return "" }
        return place
      }
      expect.equal(try place(state), "section warm.parameters", "the state is as it should be")
      for (key, values) in [
        ("ranks", ["0", "-1", "9223372036854775807", "1e30", "null"]), ("batchSize", ["0", "-16"]),
        ("trainImages", ["0", "9223372036854775807"]), ("step", ["-1", "3", "9223372036854775807"]),
        ("size", ["0", "2", "-1", "9223372036854775807"]),
        ("images", ["0"]),
        ("epochsDone", ["-1", "0", "9223372036854775807"]), ("searchEpoch", ["-1", "0", "9223372036854775807"]),
        ("learningRate", ["0", "-1", "1e999", "null"]), ("seconds", ["-1", "1e300"]), ("epochSeconds", ["-1"]),
        ("statistics", ["0", "2", "-1", "9223372036854775807"]), ("stage", ["\"warmUp\"", "\"other\""]),
        ("classes", ["0", "1", "65537"]), ("family", ["\"resnet19\""]),
        ("correct", ["-1", "22"]), ("depth", ["9", "0", "-1"]), ("count", ["-1", "9223372036854775807"]),
        ("mean", ["1e999"]),
        ("variance", ["-1"]),
      ] {
        for value in values {
          let damaged = state.replacing(try Regex("\"\(key)\":[^,{}]+"), with: "\"\(key)\":\(value)")
          expect(damaged != state, "there is no \(key)")
          expect.equal(try place(damaged), "section state", "\(key): \(value)")
        }
      }
      // What a search has only once it went back, or may.
      for (key, value) in [
        ("recovery", #"{"rollbacks":-1,"rateFactor":1}"#), ("recovery", #"{"rollbacks":1,"rateFactor":0}"#),
        ("recovery", #"{"rollbacks":1,"rateFactor":2}"#), ("recovery", #"{"rollbacks":1}"#),
      ] {
        let damaged = state.replacing("\"searchEpoch\":", with: "\"\(key)\":\(value),\"searchEpoch\":")
        expect.equal(try place(damaged), "section state", "\(key): \(value)")
      }
      let losses = #""losses":{"count":0,"mean":0,"variance":0}"#
      for start in [#""step":3,"statistics":1,"#, #""step":0,"statistics":2,"#, #""step":-1,"statistics":1,"#] {
        let damaged = state.replacing("\"largest\":", with: "\"epochStart\":{\(start)\(losses)},\"largest\":")
        expect.equal(try place(damaged), "section state", start)
      }
      let old = state.replacing(try Regex("\"losses\":\\{[^}]*\\},"), with: "")
      expect(old != state)
      expect.equal(try place(old), "section warm.parameters", "an older version's, without losses")
      let older = state.replacing(try Regex("\"normalization\":\\{[^}]*\\},"), with: "")
      expect(older != state)
      expect.equal(try place(older), "section warm.parameters", "an older version's, without the ranks that normalize")
      for residuals in [-1, 0, 2, Int.max] {
        expect.equal(try place("{\"residuals\":\(residuals),\(state.dropFirst())"), "section state", "\(residuals)")
      }
    },
    RankTest("after a change of the batch size the epoch begins again, and the search says so") { world, expect in
      let trial = SearchTrial(data: SyntheticImages.contradictorySplits(train: 53), search: .impossible())
      let stopped = try trial.stop(afterSteps: 2, on: world)
      let path = try stopped.file(world)
      var other = trial
      other.options.batchSize = 8
      let (_, watcher) = try other.run(on: world, from: world.rank == 0 ? try SearchCheckpoint(path: path) : nil)
      guard world.rank == 0 else { return }
      expect.equal(watcher.log[0...1], ["resumed after step 2", "warning"])
      let first = watcher.log.first { $0.hasPrefix("step") } ?? ""
      // 53 images in batches of 8: the last one has 13.
      expect(first.hasPrefix("step 1/6 of epoch 1, warmUp"), first)
    },
  ]
}

/// What two runs of the same search have to agree on.
func expectSame(_ found: SearchResult, _ expected: SearchResult, _ what: String, _ expect: Expectations) {
  expect.equal(found.architecture, expected.architecture, what)
  expect.equal(found.outcome, expected.outcome, what)
  expect.equal(found.validationAccuracy, expected.validationAccuracy, what)
  expect.equal(found.testAccuracy, expected.testAccuracy, what)
  expect.equal(found.depths, expected.depths, what)
  expect.equal(found.imagesTrained, expected.imagesTrained, what)
}

/// A plan that stops when asked to.
private func plan(
  _ directory: String, isStopRequested: @escaping () -> Bool = { false }
) -> CheckpointPlan {
  CheckpointPlan(
    directory: directory, origin: CheckpointOrigin(configuration: ["a.key": "1"], configurationHash: "0"),
    isStopRequested: isStopRequested)
}

/// A temporary directory that all ranks know, removed when rank 0 lets go of it.
final class SharedDirectory {
  let path: String
  private let isOwner: Bool

  init(_ world: Communicator) throws {
    isOwner = world.rank == 0
    let own = FileManager.default.temporaryDirectory.appendingPathComponent("odn-\(UUID().uuidString)").path
    path = try world.broadcast(own, from: 0)
    if isOwner { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }
  }

  deinit { if isOwner { try? FileManager.default.removeItem(atPath: path) } }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// A search that was told to stop.
private struct Stopped {
  /// Owns the checkpoint.
  let directory: SharedDirectory
  /// How often this rank was asked whether to stop.
  let questions: Int
  let error: TrainingError?

  /// The checkpoint that the error names.
  var path: String? { if case .stopped(let path)? = error { path } else { nil } }

  /// The same, on every rank. Collective.
  func file(_ world: Communicator) throws -> String { try world.broadcast(path, from: 0) }
}

/// A search in several parts.
struct Parts {
  let result: SearchResult
  let watchers: [Watcher]
  var stops: Int { watchers.count - 1 }
}

extension SearchTrial {
  fileprivate func stop(afterSteps steps: Int, by rank: Int = 0, on world: Communicator) throws -> Stopped {
    let directory = try SharedDirectory(world)
    var questions = 0
    let plan = plan(directory.file("checkpoints")) {
      questions += 1
      return world.rank == rank && questions == steps
    }
    do {
      _ = try run(on: world, checkpoints: plan)
    } catch let error as TrainingError {
      return Stopped(directory: directory, questions: questions, error: error)
    }
    return Stopped(directory: directory, questions: questions, error: nil)
  }

  /// Stops every `interval` steps and continues, each time from the file.
  func runInParts(of interval: Int, from first: SearchCheckpoint? = nil, on world: Communicator) throws -> Parts {
    let directory = try SharedDirectory(world)
    var watchers: [Watcher] = []
    var checkpoint = first
    while true {
      var steps = 0
      let watcher = Watcher()
      watchers.append(watcher)
      let plan = plan(directory.file("checkpoints")) {
        steps += 1
        // The rank that is told changes from part to part.
        return steps >= interval && world.rank == watchers.count % world.size
      }
      do {
        return Parts(
          result: try run(on: world, checkpoints: plan, from: checkpoint, watcher: watcher).0, watchers: watchers)
      } catch TrainingError.stopped(let path?) {
        checkpoint = world.rank == 0 ? try SearchCheckpoint(path: path) : nil
      }
    }
  }
}

/// Copies every checkpoint that appears.
private final class Recorder {
  private let copies: String
  private let checkpoints: String
  private(set) var copied: [String] = []

  init(copies: String, checkpoints: String) {
    self.copies = copies
    self.checkpoints = checkpoints
  }

  /// Never asks to stop.
  @discardableResult
  func copy(on world: Communicator) -> Bool {
    guard world.rank == 0 else { return false }
    for file in CheckpointDirectory.files(in: checkpoints) {
      let name = URL(fileURLWithPath: file).lastPathComponent
      guard !copied.contains(name) else { continue }
      try? FileManager.default.copyItem(atPath: file, toPath: "\(copies)/\(name)")
      copied.append(name)
    }
    return false
  }
}
