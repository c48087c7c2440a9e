// What a run is continued from: checkpoints that are damaged, of another configuration, or not there.

import Foundation
import Testing

extension CommandLine {
  @Suite("--resume")
  struct Resume {
    private let workspace: Workspace

    /// A run on one rank that was stopped in the middle.
    init() async throws {
      workspace = try .withLearningSearch()
      let end = try await stop()
      try #require(end.exitCode == 75, "\(end.errors)")
    }

    enum Damage: String, CaseIterable {
      case beginning, table, middle, end, truncated, empty, zeros, foreign

      func apply(to bytes: inout [UInt8]) {
        switch self {
        case .beginning: bytes[0] ^= 1
        case .table: bytes[30] ^= 1
        case .middle: bytes[Int.random(in: 1_000..<bytes.count - 8)] ^= 0x10
        case .end: bytes[bytes.count - 1] ^= 1
        case .truncated: bytes.removeLast(Int.random(in: 1..<bytes.count))
        case .empty: bytes = []
        case .zeros: bytes = [UInt8](repeating: 0, count: bytes.count)
        case .foreign: bytes = Array("PK\u{3}\u{4} something else".utf8)
        }
      }
    }

    @Test(
      "names a damaged checkpoint and continues from the one before, with the same result in the end",
      arguments: [0..<3, 3..<6, 6..<8])
    func damaged(kinds: Range<Int>) async throws {
      let kinds = Damage.allCases[kinds]
      for damage in kinds {
        let newest = try #require(workspace.checkpoints().last)
        try workspace.change("run/checkpoints/\(newest)", damage.apply)
        let end = damage == kinds.last ? try await run(Resumption.search) : try await stop()
        #expect(end.exitCode == (damage == kinds.last ? 0 : 75), "\(damage): \(end.errors)")
        let named = end.errorLines.filter { $0.contains("run/checkpoints/\(newest)") && $0.contains("warning") }
        #expect(named.count == 1, "\(damage): \(end.errors)")
      }
      try await Reference.onOneRank.expectSame(as: workspace)
    }

    @Test("refuses a run with nothing but damaged checkpoints, and leaves it as it is")
    func allDamaged() async throws {
      for name in try workspace.checkpoints() { try workspace.change("run/checkpoints/\(name)", Damage.middle.apply) }
      let log = try workspace.bytes("run/events.jsonl")
      let end = try await run(Resumption.search)
      #expect(end.exitCode == 1)
      #expect(end.errorLines.last?.contains("odn: run: expected a sound checkpoint, found only damaged ones") == true)
      #expect(try workspace.bytes("run/events.jsonl") == log)
      #expect(try workspace.checkpoints().count == 2)
    }

    @Test("refuses a changed configuration, naming the keys that differ; --override takes it")
    func changed() async throws {
      let settings = [
        "--set", "training.learningRate=0.5", "--set", "search.patience=1", "--set", "dataset.testLimit=10",
      ]
      let refused = try await run(Resumption.search + settings)
      #expect(refused.exitCode == 64)
      #expect(refused.errorLines.count == 1)
      for part in [
        "training.learningRate (0.5, was 0.02)", "search.patience (1, was 2)", "dataset.testLimit (10, was null)",
        "--override",
      ] { #expect(refused.errors.contains(part), "\(refused.errors)") }
      for key in ["batchSize", "directory", "target"] { #expect(!refused.errors.contains(key)) }

      let taken = try await run(Resumption.search + settings + ["--override"])
      #expect(taken.exitCode == 0)
      #expect(taken.errorLines.count == 1 && taken.errors.contains("warning"), "\(taken.errors)")
      #expect(try workspace.text("run/config.yaml").contains("learningRate: 0.5"))
    }

    @Test("takes keys that change no result as they are given, and another number of ranks with a warning")
    func harmless() async throws {
      let end = try await Program.run(
        Resumption.search + ["--set", "reliability.checkpointMinutes=5", "--set", "dataset.directory=./images"],
        ranks: 2, in: workspace)
      #expect(end.exitCode == 0)
      #expect(end.errorLines.count == 1, "\(end.errors)")
      #expect(
        end.errors.contains("was written by 1 ranks with batch norm over 1 rank (2 images) and is continued by 2"),
        "\(end.errors)")
      #expect(try workspace.course().count == 7)
    }

    @Test("of another network is refused even with --override")
    func otherNetwork() async throws {
      let end = try await run(Resumption.search + ["--override", "--set", "search.maximumDepth=3"])
      #expect(end.exitCode == 64)
      #expect(end.errors.contains("resnet18 up to depth 3"), "\(end.errors)")
      let narrow = Resumption.search + ["--set", "network.width=0.5", "--set", "network.stemStride=2"]
      let refused = try await run(narrow)
      #expect(refused.exitCode == 64)
      #expect(refused.errors.contains("network.width (0.5, was 1.0)"), "\(refused.errors)")
      #expect(refused.errors.contains("network.stemStride (2, was 1)"), "\(refused.errors)")
      let insisted = try await run(narrow + ["--override"])
      #expect(insisted.exitCode == 64)
      #expect(
        insisted.errors.contains("a search in resnet18 of width 0.5 and stem stride 2 up to"), "\(insisted.errors)")
      #expect(try workspace.checkpoints().count == 2, "the run is as it was")
    }

    @Test("of a directory continues that run; auto without --output finds it, and begins another one after its end")
    func directories() async throws {
      try FileManager.default.createDirectory(atPath: workspace.file("runs"), withIntermediateDirectories: false)
      try FileManager.default.moveItem(atPath: workspace.file("run"), toPath: workspace.file("runs/tiny"))
      let auto = ["search", "tiny.yaml", "--resume", "auto"]
      let first = try await run(auto)
      #expect(first.exitCode == 0 && first.output.contains("continued from runs/tiny/checkpoints/"))
      let again = try await run(["search", "tiny.yaml", "--resume", "runs/tiny"])
      #expect(again.exitCode == 0)
      #expect(again.output == "runs/tiny holds the whole run: there is nothing to continue\n")
      let changed = try await run(["search", "tiny.yaml", "--resume", "runs/tiny", "--set", "training.seed=9"])
      #expect(changed.exitCode == 64 && changed.errors.contains("training.seed (9, was 0)"), "\(changed.errors)")
      #expect(try await run(auto + ["--quiet"]).exitCode == 0)
      #expect(try workspace.names(in: "runs") == ["tiny", "tiny-2"])
      try #expect(workspace.bytes("runs/tiny/odn.safetensors") == workspace.bytes("runs/tiny-2/odn.safetensors"))
    }

    @Test("of a directory without a run, or without a checkpoint, is a mistake")
    func nothing() async throws {
      let none = try await run(["search", "tiny.yaml", "--resume", "nowhere"])
      #expect(none.exitCode == 64 && none.errors.contains("nowhere: expected the directory of a run, found none"))
      try FileManager.default.removeItem(atPath: workspace.file("run/checkpoints"))
      let empty = try await run(["search", "tiny.yaml", "--resume", "run"])
      #expect(empty.exitCode == 64 && empty.errors.contains("--resume auto --output run"), "\(empty.errors)")
      let anew = try await run(Resumption.search)
      #expect(anew.exitCode == 0 && anew.errorsBesideLoad == "", "\(anew.errors)")
      try await Reference.onOneRank.expectSame(as: workspace)
    }

    @Test("waits for a process that still writes the run")
    func busy() async throws {
      let log = open(workspace.file("run/events.jsonl"), O_RDONLY)
      try #require(flock(log, LOCK_EX) == 0)
      let before = try workspace.checkpoints()
      let hold = Hold(at: "loading data", in: workspace)
      let waiting = try Program(Resumption.search, in: workspace, variables: hold.variables)
      // It has the log open, which it does to lock it, and has not come further.
      let hasOpened = await waiting.reaches { waiting.hasOpen(workspace.file("run/events.jsonl")) }
      #expect(hasOpened && waiting.isRunning)
      #expect(try !workspace.names().contains("hold") && workspace.checkpoints() == before)
      close(log)
      try await hold.reached(by: waiting)
      try hold.release()
      #expect(try await waiting.end().exitCode == 0)
    }

    private func run(_ arguments: [String]) async throws -> Execution {
      try await Program.run(arguments, in: workspace)
    }

    /// Starts or continues the run, and stops it 30 steps later.
    private func stop() async throws -> Execution {
      let hold = Hold(afterSteps: 30, in: workspace)
      let run = try Program(Resumption.search, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      run.send(SIGUSR1)
      let end = try await run.end()
      hold.clear()
      return end
    }
  }
}
