// Searches by groups of ranks, each of which trains another depth.

import Foundation
import Testing

extension CommandLine {
  @Suite("A search by groups of ranks")
  struct Groups {
    /// Two groups; it learns something at each of three depths.
    private static let search =
      Resumption.search + ["--set", "search.groups=2", "--set", "search.maximumDepth=3"]
      + ["--set", "search.restart=warmup", "--set", "search.epochLimit=null", "--set", "training.batchSize=4"]
    private let workspace: Workspace

    init() throws { workspace = try .withLearningSearch() }

    @Test("stopped by SIGUSR1 or cut off, ends as an undisturbed one, bit for bit", arguments: [SIGUSR1, SIGKILL])
    func interrupted(signal: Int32) async throws {
      let undisturbed = try Workspace.withLearningSearch()
      let whole = try await Program.run(Self.search, ranks: 4, in: undisturbed)
      try #require(whole.exitCode == 0 && whole.errorsBesideLoad == "", "\(whole.errors)")
      // At first the last rank trains depth 2, with 12 steps in an epoch, after 12 steps of the warm-up. Then the first one
      // goes on with the shallowest depth that has not ended.
      for (rank, steps) in [(3, Int.random(in: 14...36)), (0, Int.random(in: 2...10))] {
        let hold = Hold(rank, afterSteps: steps, in: workspace)
        let run = try Program(Self.search, ranks: 4, in: workspace, variables: hold.variables)
        try await hold.reached(by: run)
        #expect(try workspace.levelCheckpoints().contains { $0.hasPrefix("depth-02/") })
        if signal == SIGKILL { kill(try #require(run.children.last), signal) } else { run.send(signal) }
        let end = try await run.end()
        hold.clear()
        #expect(end.exitCode == (signal == SIGKILL ? 128 + SIGKILL : 75), "after \(steps) steps: \(end.errors)")
        let lines = end.errorLines.filter { $0.hasPrefix("odn: stopped as told; run/checkpoints/") }
        #expect(lines.count == (signal == SIGKILL ? 0 : 1), "\(end.errors)")
      }
      let end = try await Program.run(Self.search, ranks: 4, in: workspace)
      try #require(end.exitCode == 0, "\(end.errors)")
      #expect(try workspace.networks() == undisturbed.networks())
      #expect(try workspace.course() == undisturbed.course())
      #expect(try workspace.names(in: "run") == undisturbed.names(in: "run"), "no checkpoint is left")
    }

    @Test("leaves the files of a search without groups, and a log that tells what ran ahead")
    func files() async throws {
      let end = try await Program.run(
        Self.search.filter { $0 != "--quiet" } + ["--set", "warmUp.epochs=0"], ranks: 2, in: workspace)
      try #require(end.exitCode == 0, "\(end.errors)")
      #expect(end.output.contains("2 ranks in 2 groups, 4 images per step"))
      #expect(end.output.contains("  ahead: depth 2  epoch   1"), "\(end.output)")
      let alone = try Workspace.withLearningSearch()
      let reference = try await Program.run(
        Self.search + ["--set", "warmUp.epochs=0", "--set", "search.groups=1"], in: alone)
      try #require(reference.exitCode == 0, "\(reference.errors)")
      #expect(try workspace.networks() == alone.networks())
      #expect(try workspace.course() == alone.course())
      #expect(try workspace.names(in: "run") == alone.names(in: "run"))
      let events = try workspace.lines("run/events.jsonl").map(Event.init).map(\.event)
      #expect(events.contains("ahead"))
    }

    @Test("needs groups of equal size, and says so before anything else")
    func sizes() async throws {
      let end = try await Program.run(Self.search, ranks: 3, in: workspace)
      #expect(end.exitCode == 64)
      #expect(
        end.errors.contains("odn: 3 ranks do not make up 2 groups of equal size: set search.groups to a divisor"),
        "\(end.errors)")
      #expect(try workspace.names() == ["images", "tiny.yaml"])
    }

    @Test("ends with code 76 where a rank of any group hangs, and names it", arguments: [1, 3])
    func hanging(rank: Int) async throws {
      let run = try Program(
        Self.search + ["--set", "reliability.stallSeconds=3", "--set", "reliability.abortSeconds=3"]
          + ["--set", "search.patience=1000"], ranks: 4, in: workspace,
        variables: ["ODN_TEST_FAULT": "hang:\(rank):20"])
      let end = try await run.end()
      #expect(end.exitCode == 76, "\(end.errors)")
      // The warm-up has 12 steps.
      let report = try Regex("odn: rank \(rank) .* is behind: depth [12], epoch 1, step 8: update\n")
      #expect(end.errors.contains(report), "\(end.errors)")
    }

    @Test("ends on all ranks at once where one fails")
    func failing() async throws {
      let run = try Program(Self.search, ranks: 4, in: workspace, variables: ["ODN_TEST_FAULT": "error:3:20"])
      let end = try await run.end()
      #expect(end.exitCode == 1 && end.errors.contains("odn: rank 3: an injected fault\n"), "\(end.errors)")
    }

    @Test("lets a group wait that has nothing to do, with collective calls compared")
    func waiting() async throws {
      // Slow enough that a group which hung for the whole search would be ended.
      let end = try await Program.run(
        Self.search + ["--set", "reliability.stallSeconds=2", "--set", "reliability.abortSeconds=1"]
          + ["--set", "search.maximumDepth=1", "--check-collectives"], ranks: 4, in: workspace,
        variables: ["ODN_TEST_FAULT": "slow:0:agreeing to go on:0.15"])
      #expect(end.exitCode == 0, "\(end.errors)")
      #expect(end.errors.contains("there are 2 groups of ranks for 1 depths"))
    }
  }
}

extension Workspace {
  /// The checkpoints of levels, such as `depth-02/000001.checkpoint`.
  fileprivate func levelCheckpoints() throws -> [String] {
    guard FileManager.default.fileExists(atPath: file("run/checkpoints")) else { return [] }
    return try FileManager.default.subpathsOfDirectory(atPath: file("run/checkpoints")).filter {
      $0.hasPrefix("depth-") && $0.hasSuffix(".checkpoint")
    }
  }
}
