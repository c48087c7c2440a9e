// What a run says about its ranks, threads and cores, and what it refuses.

import Foundation
import Testing

extension CommandLine {
  @Suite("A run's layout")
  struct Layout {
    private static let cores = ProcessInfo.processInfo.activeProcessorCount
    private static let step = ["benchmark", "step"] + Benchmarks.small + ["--depth", "1", "--steps", "1"]

    /// A line of `events.jsonl` that begins a run.
    private struct Started: Decodable {
      struct Plan: Decodable {
        let layout: Layout
        let batchNorm: Sharing
      }
      struct Sharing: Decodable {
        let depths: Groups
      }
      struct Groups: Decodable {
        let ranks: Int
        let size: Int
        let images: Int
      }
      struct Layout: Decodable {
        let hosts: [Host]
        let mpi: String
      }
      struct Host: Decodable {
        let name: String
        let ranks: Int
        let threads: [Int]
        let cores: Int
        let coreTypes: [String]
      }
      let event: String
      let value: Plan
    }

    @Test("is the first line of its output, and in its log", arguments: [1, 2])
    func firstLine(ranks: Int) async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try await Program.run(
        ["train", "tiny.yaml", "--depth", "1", "--output", "run", "--set", "training.threads=1"],
        ranks: ranks == 1 ? nil : ranks, in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let threads = ranks == 1 ? "1 rank, 1 thread" : "2 ranks, 1 thread each"
      let line = try Regex("1 host, \(threads), [0-9]+ cores?, OpenBLAS [A-Za-z0-9]+ \\([0-9.]+\\), [A-Za-z ]+ [0-9.]+")
      let whole = String(try #require(run.output.split(separator: "\n").first))
      // Batches of 16 images, which all ranks normalize together.
      let normalization = ", batch norm over \(ranks == 1 ? "1 rank" : "2 ranks") (16 images)"
      #expect(whole.hasSuffix(normalization), "\(whole)")
      let first = String(whole.dropLast(normalization.count))
      #expect(try line.wholeMatch(in: first) != nil, "\(first)")

      let started = try JSONDecoder().decode(Started.self, from: Data(workspace.lines("run/events.jsonl")[0].utf8))
      let layout = started.value.layout
      let groups = started.value.batchNorm.depths
      #expect(groups.ranks == ranks && groups.size == ranks && groups.images == 16)
      #expect(try Summary(of: "run", in: workspace).batchNormRanks == ranks)
      #expect(started.event == "started" && layout.hosts.count == 1)
      #expect(layout.hosts[0].ranks == ranks && layout.hosts[0].threads == Array(repeating: 1, count: ranks))
      #expect(first.contains(", \(layout.hosts[0].cores) core") && first.hasSuffix(", \(layout.mpi)"))
      let benchmark = try await Program.run(
        Self.step + ["--threads", "1"], ranks: ranks == 1 ? nil : ranks, in: workspace)
      #expect(benchmark.output.hasPrefix(first + "\n"), "\(benchmark.output)")
    }

    @Test("that asks for more threads than cores is refused before anything is written, unless that is wanted")
    func threads() async throws {
      let workspace = try Workspace.withTinySearch()
      let arguments = ["train", "tiny.yaml", "--depth", "1", "--set", "training.threads=\(Self.cores + 1)"]
      let run = try await Program.run(arguments, in: workspace)
      #expect(run.exitCode == 64)
      #expect(run.errorLines.count == 1)
      #expect(run.errors.contains("1 rank of \(Self.cores + 1) threads each cannot run at once on \(Self.cores) core"))
      #expect(run.errors.contains("training.oversubscribe=true"))
      #expect(try workspace.names() == ["images", "tiny.yaml"])

      let wanted = try await Program.run(arguments + ["--set", "training.oversubscribe=true"], in: workspace)
      #expect(wanted.exitCode == 0, "\(wanted.errors)")
      #expect(wanted.errors.contains("1 rank with \(Self.cores + 1) threads in all on \(Self.cores) core"))
    }

    @Test("of more ranks than cores is warned of, and goes on")
    func ranks() async throws {
      let run = try await Program.run(Self.step, ranks: Self.cores + 1, in: Workspace())
      #expect(run.exitCode == 0)
      #expect(run.errorLines.isEmpty, "\(run.errors)")
      #expect(run.errors.contains("\(Self.cores + 1) ranks on \(Self.cores) core"), "\(run.errors)")
    }

    #if arch(x86_64)
      @Test("whose OpenBLAS was told to make less of the CPU than it could is warned of")
      func coreType() async throws {
        let run = try await Program.run(
          Self.step + ["--threads", "1"], in: Workspace(), variables: ["OPENBLAS_CORETYPE": "Nehalem"])
        #expect(run.exitCode == 0)
        #expect(run.output.contains("OpenBLAS Nehalem ("))
        #expect(run.errors.contains("OpenBLAS computes for Nehalem although the CPU has AVX"), "\(run.errors)")
        #expect(run.errors.contains("unset the environment's OPENBLAS_CORETYPE"))
      }
    #endif
  }
}
