// Searches whose numbers go out of hand, because every step makes the weights many times larger.

import Foundation
import Testing

extension CommandLine {
  @Suite("A search that diverges")
  struct Divergence {
    /// In its first epoch of 24 steps each weight becomes about −99 times itself at every step, beyond what floats hold.
    private static let search: [String] =
      Array(Resumption.search.dropLast()) + ["--set", "warmUp.epochs=0", "--set", "search.maximumDepth=1"]
      + ["--set", "search.epochLimit=2", "--set", "training.learningRate=100", "--set", "training.weightDecay=1"]
    private static let rollback: [String] =
      search + ["--set", "reliability.onDivergence=rollback", "--set", "reliability.rollbackFactor=0.001"]
    private let workspace: Workspace

    init() throws { workspace = try .withLearningSearch() }

    @Test("ends with the first tensor and rank where it did", arguments: [nil, 2])
    func abort(ranks: Int?) async throws {
      let end = try await Program.run(Self.search, ranks: ranks, in: workspace)
      #expect(end.exitCode == 1)
      #expect(end.errorLines.count == 1, "\(end.errors)")
      #expect(
        end.errors.contains(
          try Regex(
            "odn: (the loss|a gradient) became .* at depth 1, epoch 1, step [0-9]+, first in [a-z0-9._]+ on rank ")),
        "\(end.errors)")
      #expect(end.errors.contains("lower training.learningRate"))
    }

    @Test(
      "goes back to the beginning of the epoch if told to, and says so where decisions are told", arguments: [nil, 2])
    func goBack(ranks: Int?) async throws {
      let end = try await Program.run(Self.rollback, ranks: ranks, in: workspace)
      try #require(end.exitCode == 0 && end.errorsBesideLoad == "", "\(end.errors)")
      #expect(
        end.output.contains(": back to the beginning of epoch 1, learning rates times 0.001 (rollback 1 of 3)\n"),
        "\(end.output)")
      try expectOneRollback()

      let files = try workspace.networks()
      let again = try await Program.run(
        Self.rollback.map { $0 == "run" ? "again" : $0 } + ["--json-progress"], ranks: ranks, in: workspace)
      #expect(again.exitCode == 0 && again.output.contains("{\"event\":\"rollback\","), "\(again.output)")
      for (name, bytes) in files { #expect(try workspace.bytes("again/\(name)") == bytes, "\(name)") }
    }

    @Test("and was cut short after it went back, goes on without doing so again")
    func continued() async throws {
      let run = try Program(
        Self.rollback, ranks: 2, in: workspace, variables: ["ODN_TEST_FAULT": "error:1:36"])
      #expect(try await run.end().exitCode == 1)
      try #require(try events().contains("rollback"))
      let end = try await Program.run(Self.rollback, ranks: 2, in: workspace)
      try #require(end.exitCode == 0, "\(end.errors)")
      try expectOneRollback()
    }

    private func expectOneRollback() throws {
      // Two ranks are warned of, as batches of 2 images leave each 1.
      let course = try events().filter { $0 != "resumed" && $0 != "warning" }
      #expect(course == ["started", "stage", "rollback", "epoch", "epoch", "finished"])
    }

    private func events() throws -> [String] { try workspace.lines("run/events.jsonl").map(Event.init).map(\.event) }
  }
}
