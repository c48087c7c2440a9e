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
      for _ in 1...2 {
        let run = try Program(Self.search, ranks: 4, in: workspace)
        let isUnderWay = try await Program.holds(within: .seconds(60)) {
          try workspace.levelCheckpoints().contains { $0.hasPrefix("depth-02/") }
        }
        try #require(isUnderWay)
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...500)))
        // Where there is no rank any more, the search has ended by itself.
        if signal != SIGKILL { run.send(signal) } else if let rank = try run.children.last { kill(rank, signal) }
        let end = try await run.end(within: .seconds(60))
        // At its start, before it takes note of them, any signal ends it.
        #expect([0, 75, 128 + signal].contains(end.exitCode), "\(end.errors)")
        if end.exitCode == 75 {
          #expect(end.errorLines.filter { $0.hasPrefix("odn: stopped as told; run/checkpoints/") }.count == 1)
        }
        if end.exitCode == 0 { break }
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
      let end = try await run.end(within: .seconds(60))
      #expect(end.exitCode == 76, "\(end.errors)")
      // The warm-up has 12 steps.
      let report = try Regex("odn: rank \(rank) .* is behind: depth [12], epoch 1, step 8: update\n")
      #expect(end.errors.contains(report), "\(end.errors)")
    }

    @Test("ends on all ranks at once where one fails")
    func failing() async throws {
      let run = try Program(Self.search, ranks: 4, in: workspace, variables: ["ODN_TEST_FAULT": "error:3:20"])
      let isTold = try await Program.holds(within: .seconds(60)) {
        try run.errors.contains("odn: rank 3: an injected fault\n")
      }
      #expect(isTold)
      #expect(try await run.end(within: .seconds(5)).exitCode == 1)
    }

    @Test("lets a group wait that has nothing to do, with collective calls compared")
    func waiting() async throws {
      let end = try await Program.run(
        Self.search + ["--set", "reliability.stallSeconds=1", "--set", "reliability.abortSeconds=1"]
          + ["--set", "search.maximumDepth=1", "--set", "search.patience=8", "--check-collectives"], ranks: 4,
        in: workspace)
      #expect(end.exitCode == 0, "\(end.errors)")
      #expect(!end.errors.contains("no progress"), "\(end.errors)")
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
