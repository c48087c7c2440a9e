// Ranks that stop, hang, fail or get out of step: the run says so, ends, and can be continued.

import Foundation
import Testing

extension CommandLine {
  @Suite("A fault of one rank")
  struct Fault {
    private static let search =
      Resumption.search + ["--set", "training.batchSize=4"]
      + ["--set", "reliability.stallSeconds=3", "--set", "reliability.abortSeconds=3"]
    private let workspace: Workspace

    init() throws { workspace = try .withLearningSearch() }

    @Test("that is stopped is named within seconds, ends the run with code 76, and loses nothing", arguments: [0, 2])
    func stopped(rank: Int) async throws {
      let run = try await start()
      let ranks = try run.children
      try #require(ranks.count == 4)
      kill(ranks[rank], SIGSTOP)
      let message = try Regex(
        "odn: rank \(rank) \\(.*, process \(ranks[rank])\\) has not been heard of for [0-9]+ s")
      let isNamed = try await Program.holds(within: .seconds(3 + 10)) { try run.errors.contains(message) }
      #expect(isNamed)
      let end = try await run.end(within: .seconds(20))
      #expect(end.exitCode == 76, "\(end.errors)")
      #expect(end.errors.contains(": ending the run with code 76; --resume auto continues it"))
      #expect(await Program.haveEnded(ranks, within: .seconds(10)))
      for other in 0..<4 where other != rank {
        #expect(end.errors.contains(try Regex("rank \(other) .* has made no progress for [34] s: .*, step [0-9]+: ")))
      }
      try await expectUndisturbedEnd()
    }

    @Test("that is stopped for a while is waited for")
    func stoppedForAWhile() async throws {
      let run = try await start(settings: ["--set", "reliability.abortSeconds=60"])
      let ranks = try run.children
      try #require(ranks.count == 4)
      kill(ranks[1], SIGSTOP)
      let isNamed = try await Program.holds(within: .seconds(13)) { try run.errors.contains("not been heard of") }
      #expect(isNamed)
      kill(ranks[1], SIGCONT)
      let end = try await run.end(within: .seconds(60))
      #expect(end.exitCode == 0, "\(end.errors)")
      #expect(end.errors.contains(try Regex("odn: rank 0 .* goes on after [0-9]+ s\n")))
      try await Reference.onFourRanks.expectSame(as: workspace)
    }

    @Test("is none where all ranks are suspended together, for however long")
    func suspended() async throws {
      let run = try await start()
      let ranks = try run.children
      try #require(ranks.count == 4)
      for rank in ranks { kill(rank, SIGSTOP) }
      try await Task.sleep(for: .seconds(7))
      for rank in ranks { kill(rank, SIGCONT) }
      let end = try await run.end(within: .seconds(60))
      #expect(end.exitCode == 0 && end.errorsBesideLoad == "", "\(end.errors)")
      try await Reference.onFourRanks.expectSame(as: workspace)
    }

    @Test("that hangs is told from those that wait for it", arguments: [0, 2])
    func hanging(rank: Int) async throws {
      let run = try Program(
        Self.search, ranks: 3, in: workspace, variables: ["ODN_TEST_FAULT": "hang:\(rank):20"])
      let end = try await run.end(within: .seconds(60))
      #expect(end.exitCode == 76, "\(end.errors)")
      // The warm-up has 12 steps.
      #expect(
        end.errors.contains(try Regex("odn: rank \(rank) .* is behind: depth 1, epoch 1, step 8: update\n")),
        "\(end.errors)")
    }

    @Test("that fails ends all ranks at once")
    func failing() async throws {
      let run = try Program(Self.search, ranks: 4, in: workspace, variables: ["ODN_TEST_FAULT": "error:2:20"])
      let isTold = try await Program.holds(within: .seconds(60)) {
        try run.errors.contains("odn: rank 2: an injected fault\n")
      }
      #expect(isTold)
      let end = try await run.end(within: .seconds(5))
      #expect(end.exitCode == 1, "\(end.errors)")
      try await expectUndisturbedEnd()
    }

    @Test("that is out of step is found by --check-collectives, which names both calls")
    func outOfStep() async throws {
      let run = try Program(
        Self.search + ["--check-collectives"], ranks: 4, in: workspace,
        variables: ["ODN_TEST_FAULT": "collective:2:20"])
      let end = try await run.end(within: .seconds(60))
      #expect(end.exitCode == 1, "\(end.errors)")
      #expect(
        end.errors.contains(
          try Regex(
            "the ranks' collective calls differ, .*: ranks 0, 1 and 3: MPI_Allreduce of 1 .*; rank 2: MPI_Barrier\n")),
        "\(end.errors)")
    }

    /// Starts the search and returns when it has its first checkpoints.
    private func start(settings: [String] = []) async throws -> Program {
      let run = try Program(Self.search + settings, ranks: 4, in: workspace)
      let isSaved = try await Program.holds(within: .seconds(60)) { try workspace.checkpoints().count == 2 }
      try #require(isSaved)
      return run
    }

    /// Continues the run and compares it with one that nothing has disturbed.
    private func expectUndisturbedEnd() async throws {
      let end = try await Program.run(Self.search, ranks: 4, in: workspace)
      try #require(end.exitCode == 0, "\(end.errors)")
      try await Reference.onFourRanks.expectSame(as: workspace)
    }
  }
}
