// What odn plan says of a search on ranks that are not there.

import Foundation
import Testing

extension CommandLine {
  @Suite("Plans")
  struct Plans {
    private struct Report: Decodable {
      struct Forecast: Decodable {
        struct Level: Decodable {
          struct Time: Decodable {
            let compute: Double
            let communication: Double
            let exposed: Double
          }
          let depth: Int
          let time: Time
          let imagesPerSecond: Double
          let efficiency: Double
          let epoch: Double
          let searchUntilHere: Double
        }
        let ranks: Int
        let imagesPerRank: Int
        let levels: [Level]
        let efficiency: Double
      }
      struct Network: Decodable {
        let latency: Double
        let bandwidth: Double
      }
      struct Workload: Decodable {
        let batch: Int
        let trainingImages: Int
        let validationImages: Int
        let epochsPerDepth: Double
      }
      struct Affordable: Decodable {
        struct Excluded: Decodable {
          let depth: Int
        }
        let excluded: [Excluded]
      }
      let network: Network
      let threads: Int
      let workload: Workload
      let forecast: Forecast
      let ranks: [Forecast]
      let worthwhileRanks: Int
      let affordable: Affordable
    }

    private static func report(_ arguments: [String], in workspace: Workspace) async throws -> Report {
      let run = try await Program.run(["plan", "tiny.yaml", "--json"] + arguments, in: workspace)
      #expect(run.exitCode == 0 && run.errors == "", "\(run.errors)")
      return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    }

    @Test("tell each depth's step and the search's time, for the ranks asked for and for others")
    func plan() async throws {
      let workspace = try Workspace.withTinySearch()
      let report = try await Self.report(
        ["--ranks", "3", "--network", "1gbit", "--save-costs", "costs.json", "--threads", "2"], in: workspace)
      #expect(report.network.latency == 50e-6 && report.network.bandwidth == 0.1175e9 && report.threads == 2)
      #expect(report.workload.batch == 16 && report.workload.validationImages == 20)
      #expect(report.workload.trainingImages == 59_980, "as published: the files are not read")
      #expect(report.workload.epochsPerDepth == 4, "3.5 times the patience of 1, rounded up")
      #expect(report.forecast.ranks == 3 && report.forecast.imagesPerRank == 6)
      #expect(report.forecast.levels.map(\.depth) == [1, 2])
      for level in report.forecast.levels {
        let time = level.time
        #expect(time.compute > 0 && time.exposed <= time.communication && time.exposed > 0)
        #expect(abs(level.imagesPerSecond * (time.compute + time.exposed) - 16) < 1e-6)
        #expect(level.searchUntilHere > 4 * level.epoch)
      }
      #expect(report.ranks.map(\.ranks) == [1, 2, 4, 8, 16] && report.ranks[0].efficiency == 1)
      #expect((1...16).contains(report.worthwhileRanks))

      // The same times give the same plan; another network another one.
      let again = try await Self.report(["--ranks", "3", "--network", "1gbit", "--costs", "costs.json"], in: workspace)
      #expect(again.forecast.levels.map(\.searchUntilHere) == report.forecast.levels.map(\.searchUntilHere))
      let given = [
        "--ranks", "3", "--costs", "costs.json", "--latency", "7", "--bandwidth", "2", "--epochs-per-depth", "9",
      ]
      let other = try await Self.report(given, in: workspace)
      #expect(other.network.latency == 7e-6 && other.network.bandwidth == 2e9 && other.workload.epochsPerDepth == 9)
      #expect(other.forecast.levels[0].time.communication < report.forecast.levels[0].time.communication)

      let network =
        #"{"blocking": {"latency": 3e-6, "bandwidth": 5e9}, "nonBlocking": {"latency": 4e-6, "bandwidth": 6e9}}"#
      try workspace.write(#"{"network": \#(network)}"#.utf8, to: "network.json")
      for (mode, latency) in [("blocking", 3e-6), ("overlapped", 4e-6), ("automatic", 4e-6)] {
        let arguments = ["--costs", "costs.json", "--allreduce", "network.json"]
        let measured = try await Self.report(arguments + ["--set", "communication.mode=\(mode)"], in: workspace)
        #expect(measured.network.latency == latency)
      }
      let table = try await Program.run(["plan", "tiny.yaml", "--costs", "costs.json"], in: workspace)
      #expect(table.output.contains("search, if it ends here") && table.output.contains("\nworth it: up to "))
    }

    @Test("leave out depths beyond the budget, and say which")
    func budget() async throws {
      let workspace = try Workspace.withTinySearch()
      let all = ["--set", "search.maximumDepth=8", "--threads", "2"]
      let report = try await Self.report(
        all + ["--save-costs", "costs.json", "--set", "search.budget.multiplyAdds=200000000"], in: workspace)
      #expect(report.forecast.levels.map(\.depth) == [1, 2, 3])
      #expect(report.affordable.excluded.map(\.depth) == [4, 5, 6, 7, 8])
      let kept = ["plan", "tiny.yaml", "--costs", "costs.json", "--set", "search.maximumDepth=3"]
      let plan = try await Program.run(kept + ["--set", "search.budget.latencyMilliseconds=1e6"], in: workspace)
      #expect(plan.exitCode == 0 && plan.output.contains("latency of one image: depth 1 "), "\(plan.errors)")
      let none = try await Program.run(kept + ["--set", "search.budget.latencyMilliseconds=1e-6"], in: workspace)
      #expect(none.exitCode == 64 && none.errors.contains("over search.budget.latencyMilliseconds"))
    }

    @Test("are refused for what is impossible, in one line")
    func mistakes() async throws {
      let workspace = try Workspace.withTinySearch()
      try workspace.write(#"{"network": null}"#.utf8, to: "alone.json")
      try workspace.write(#"{"threads": 1, "entries": []}"#.utf8, to: "empty.json")
      let mistakes = [
        (["--ranks", "17"], "17 ranks cannot share batches of 16 images"),
        (["--costs", "nowhere.json"], "nowhere.json"),
        (["--costs", "tiny.yaml"], "tiny.yaml: expected measured times in JSON"),
        (["--costs", "empty.json"], "there is no measured time of"),
        (["--allreduce", "alone.json"], "alone.json: expected the allreduces of several ranks"),
        (["--threads", "1000"], "1000 threads cannot be measured on"),
        (["--set", "training.kernels=reference"], "the reference kernels are not for searches"),
      ]
      for (arguments, message) in mistakes {
        let run = try await Program.run(["plan", "tiny.yaml"] + arguments, in: workspace)
        #expect(run.exitCode == 64 && run.output == "", "\(arguments): \(run.output)")
        #expect(run.errors.contains(message), "\(arguments): \(run.errors)")
      }
    }
  }
}
