// Runs that do not come to their end.

import Foundation
import Testing

extension CommandLine {
  @Suite("A run that is cut short")
  struct Interruption {
    enum Victim: String, CaseIterable, CustomTestStringConvertible {
      case firstRank = "rank 0"
      case lastRank = "rank 1"
      case launcher = "mpirun"

      var testDescription: String { rawValue }
    }

    @Test("ends on all ranks within seconds, and leaves the files so far intact", arguments: Victim.allCases)
    func killed(_ victim: Victim) async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try Program(
        [
          "search", "tiny.yaml", "--output", "run", "--set", "warmUp.epochs=0", "--set", "search.epochLimit=null",
          "--set", "search.patience=100000",
        ], ranks: 2, in: workspace)
      let hasWeights = try await run.reaches { try workspace.epochs("run") > 0 }
      try #require(hasWeights)
      let ranks = try run.children
      try #require(ranks.count == 2)
      switch victim {
      case .firstRank: kill(ranks[0], SIGKILL)
      case .lastRank: kill(ranks[1], SIGKILL)
      case .launcher: run.terminate()
      }

      let end = try await run.end()
      #expect(end.exitCode == (victim == .launcher ? 1 : 128 + SIGKILL), "\(end.errors)")
      #expect(await Program.haveEnded(ranks), "no rank is left")
      #expect(
        try workspace.names(in: "run") == [
          "checkpoints", "config.yaml", "depth-01.safetensors", "events.jsonl", "tensorboard",
        ])
      for line in try workspace.lines("run/events.jsonl") { _ = try Event(line) }
      let best = try await Program.run(
        ["evaluate", "run/depth-01.safetensors", "--config", "run/config.yaml", "--part", "validation"], in: workspace)
      #expect(best.exitCode == 0 && best.output.hasPrefix("validation accuracy 10.00 %"), "\(best.errors)")
    }

    @Test("by memory that there is not ends on all ranks, with the size and what takes less", arguments: [nil, 2])
    func memory(ranks: Int?) async throws {
      let end = try await Program.run(
        ["benchmark", "step", "--architecture", "resnet18", "--depth", "1", "--batch", "1000000"], ranks: ranks,
        in: Workspace(), addressSpace: 4_000_000_000)
      #expect(end.exitCode == 1 && end.output == "", "\(end.errors)")
      // Every rank may have said so before the first one's end was noticed.
      let lines = end.errorLines.filter { $0.hasPrefix("odn: rank ") }
      #expect((1...(ranks ?? 1)).contains(lines.count), "\(end.errors)")
      for line in lines {
        #expect(line.contains("there is no memory for a buffer of ") && line.contains("take smaller batches"))
      }
    }

    @Test("by a file that cannot be written ends on all ranks, and rank 0 names the file", arguments: [nil, 3])
    func unwritable(ranks: Int?) async throws {
      let workspace = try Workspace.withTinySearch()
      try FileManager.default.createDirectory(
        atPath: workspace.file("run/depth-01.safetensors"), withIntermediateDirectories: true)
      let end = try await Program.run(
        ["search", "tiny.yaml", "--output", "run", "--quiet"], ranks: ranks, in: workspace)
      #expect(end.exitCode == 1)
      // Besides, mpirun may log what it thinks of an abort.
      let lines = end.errorLines.filter { $0.hasPrefix("odn: ") }
      #expect(lines.count == 1, "\(end.errors)")
      #expect(lines.first?.contains("run/depth-01.safetensors: cannot be written: Is a directory") == true)
    }
  }
}
