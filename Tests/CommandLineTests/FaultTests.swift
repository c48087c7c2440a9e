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
      let (run, _) = try await start(holding: rank)
      let ranks = try run.children
      try #require(ranks.count == 4)
      kill(ranks[rank], SIGSTOP)
      let message = try Regex(
        "odn: rank \(rank) \\(.*, process \(ranks[rank])\\) has not been heard of for [0-9]+ s")
      let end = try await run.end()
      #expect(end.exitCode == 76 && end.errors.contains(message), "\(end.errors)")
      #expect(end.errors.contains(": ending the run with code 76; --resume auto continues it"))
      #expect(await Program.haveEnded(ranks))
      for other in 0..<4 where other != rank {
        #expect(end.errors.contains(try Regex("rank \(other) .* has made no progress for [34] s: .*, step [0-9]+: ")))
      }
      try await expectUndisturbedEnd()
    }

    @Test("that is stopped for a while is waited for")
    func stoppedForAWhile() async throws {
      let (run, hold) = try await start(holding: 1, settings: ["--set", "reliability.abortSeconds=1800"])
      let ranks = try run.children
      try #require(ranks.count == 4)
      kill(ranks[1], SIGSTOP)
      try hold.release()
      let isNamed = try await run.reaches { try run.errors.contains("not been heard of") }
      #expect(isNamed)
      kill(ranks[1], SIGCONT)
      let end = try await run.end()
      #expect(end.exitCode == 0, "\(end.errors)")
      #expect(end.errors.contains(try Regex("odn: rank 0 .* goes on after [0-9]+ s\n")))
      try await Reference.onFourRanks.expectSame(as: workspace)
    }

    @Test("is none where all ranks are suspended together, for however long")
    func suspended() async throws {
      let (run, hold) = try await start(holding: 1)
      let ranks = try run.children
      try #require(ranks.count == 4)
      for rank in ranks { kill(rank, SIGSTOP) }
      #expect(await Program.haveStopped(ranks))
      // Longer than what would end a run that hangs: the time is what is tested, and it may be any longer.
      try await Task.sleep(for: .seconds(7))
      try hold.release()
      for rank in ranks { kill(rank, SIGCONT) }
      let end = try await run.end()
      // On a busy machine a step may take so long that a rank is said to wait; it must not be taken to hang.
      #expect(end.exitCode == 0, "\(end.errors)")
      try await Reference.onFourRanks.expectSame(as: workspace)
    }

    @Test("that hangs is told from those that wait for it", arguments: [0, 2])
    func hanging(rank: Int) async throws {
      let run = try Program(
        Self.search, ranks: 3, in: workspace, variables: ["ODN_TEST_FAULT": "hang:\(rank):20"])
      let end = try await run.end()
      #expect(end.exitCode == 76, "\(end.errors)")
      // The warm-up has 12 steps.
      #expect(
        end.errors.contains(try Regex("odn: rank \(rank) .* is behind: depth 1, epoch 1, step 8: update\n")),
        "\(end.errors)")
    }

    @Test("that fails ends all ranks at once")
    func failing() async throws {
      let run = try Program(Self.search, ranks: 4, in: workspace, variables: ["ODN_TEST_FAULT": "error:2:20"])
      // The others wait for it, and would otherwise be ended with code 76.
      let end = try await run.end()
      #expect(end.exitCode == 1 && end.errors.contains("odn: rank 2: an injected fault\n"), "\(end.errors)")
      try await expectUndisturbedEnd()
    }

    @Test("that is out of step is found by --check-collectives, which names both calls")
    func outOfStep() async throws {
      let run = try Program(
        Self.search + ["--check-collectives"], ranks: 4, in: workspace,
        variables: ["ODN_TEST_FAULT": "collective:2:20"])
      let end = try await run.end()
      #expect(end.exitCode == 1, "\(end.errors)")
      #expect(
        end.errors.contains(
          try Regex(
            "the ranks' collective calls differ, .*: ranks 0, 1 and 3: MPI_Allreduce of 1 .*; rank 2: MPI_Barrier\n")),
        "\(end.errors)")
    }

    @Test("is none where something takes long and goes on: latencies are measured, for one", arguments: [nil, 2])
    func slow(ranks: Int?) async throws {
      // Measuring takes 16 passes for each depth, and each block of them a tenth of a second: longer than what hangs may
      // take.
      let options = ["--set", "search.budget.latencyMilliseconds=1e9"]
      let limits = ["--set", "reliability.stallSeconds=2", "--set", "reliability.abortSeconds=1"]
      let end = try await Program.run(
        Resumption.search + options + limits, ranks: ranks, in: workspace,
        variables: ["ODN_TEST_FAULT": "slow:0:measuring latencies:0.1"])
      #expect(end.exitCode == 0, "\(end.errors)")
      #expect(try workspace.course().count == 7)
    }

    /// Starts the search and returns when it has a checkpoint and a rank waits.
    private func start(holding rank: Int, settings: [String] = []) async throws -> (Program, Hold) {
      let hold = Hold(rank, afterSteps: 20, in: workspace)
      let run = try Program(Self.search + settings, ranks: 4, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      return (run, hold)
    }

    /// Continues the run and compares it with one that nothing has disturbed.
    private func expectUndisturbedEnd() async throws {
      let end = try await Program.run(Self.search, ranks: 4, in: workspace)
      try #require(end.exitCode == 0, "\(end.errors)")
      try await Reference.onFourRanks.expectSame(as: workspace)
    }
  }
}
