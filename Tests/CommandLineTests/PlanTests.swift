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
      let worthwhileRanks: Int?
      let affordable: Affordable
    }

    private static func report(_ arguments: [String], in workspace: Workspace) async throws -> Report {
      let run = try await Program.run(["plan", "tiny.yaml", "--json"] + arguments, in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
    }

    @Test("tell each depth's step and the search's time, for the ranks asked for and for others")
    func plan() async throws {
      let workspace = try Workspace.withTinySearch()
      let threads = min(2, ProcessInfo.processInfo.activeProcessorCount)
      let report = try await Self.report(
        ["--ranks", "3", "--network", "1gbit", "--threads", "\(threads)"], in: workspace)
      #expect(report.network.latency == 50e-6 && report.network.bandwidth == 0.1175e9 && report.threads == threads)
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
      #expect(report.ranks.map(\.ranks) == [1, 2, 4] && report.ranks[0].efficiency == 1, "4 images for each")
      #expect((1...4).contains(try #require(report.worthwhileRanks)))
    }

    /// A calibration by which every kernel takes proportionally longer for more images, on any machine.
    private static func calibrateEvenly(in workspace: Workspace) async throws {
      let run = try await Program.run(["calibrate", "tiny.yaml"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      let pattern = try Regex("\"seconds\" ?: ?[-0-9.e]+, ?\"size\" ?: ?([0-9]+)")
      let measured = try workspace.text("calibration.json").filter { !$0.isWhitespace }
      let even = measured.replacing(pattern) { match in
        let size = Int(match.output[1].substring ?? "") ?? 1
        return "\"seconds\":\(Double(size) / 1e6),\"size\":\(size)"
      }
      try #require(even != measured)
      try workspace.write(even.utf8, to: "calibration.json")
    }

    @Test("recommend no ranks that a search would refuse or warn of, and say so of those asked for")
    func soundness() async throws {
      let workspace = try Workspace.withTinySearch()
      try await Self.calibrateEvenly(in: workspace)
      // A network that costs next to nothing: any number of ranks would be worth it.
      let plan = ["plan", "tiny.yaml", "--calibration", "calibration.json", "--latency", "0", "--bandwidth", "1000000"]
      func report(_ settings: String...) async throws -> Report {
        let run = try await Program.run(plan + ["--json"] + settings.flatMap { ["--set", $0] }, in: workspace)
        try #require(run.exitCode == 0 && run.errors == "", "\(run.errors)")
        return try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
      }
      #expect(try await report("training.batchSize=128").worthwhileRanks == 32)
      let local = try await report("training.batchSize=128", "training.batchNorm=local")
      #expect(local.worthwhileRanks == 8 && local.ranks.map(\.ranks) == [1, 2, 4, 8])
      let groups = try await report("training.batchSize=128", "search.groups=4", "search.epochLimit=null")
      #expect(groups.worthwhileRanks == 8, "four groups of eight warm up together")
      let threes = try await Program.run(
        plan + [
          "--json", "--ranks", "3", "--set", "training.batchNorm=synchronized", "--set", "training.batchNormRanks=3",
        ],
        in: workspace)
      #expect(threes.exitCode == 0, "\(threes.errors)")
      let three = try JSONDecoder().decode(Report.self, from: Data(threes.output.utf8))
      #expect(three.worthwhileRanks == 3 && three.ranks.isEmpty)

      let warned = try await Program.run(plan + ["--ranks", "8"], in: workspace)
      #expect(warned.exitCode == 0 && warned.errors.contains("8 ranks share batches of 16 images"), "\(warned.errors)")
      #expect(
        warned.output.contains("batch norm over 8 ranks (16 images)") && warned.output.contains("up to 4 ranks; "))
      let search = try await Program.run(
        ["train", "tiny.yaml", "--depth", "1", "--quiet"], ranks: 8, in: workspace)
      #expect(search.exitCode == 0 && search.errors.contains("8 ranks share batches of 16 images"), "\(search.errors)")
    }

    @Test("know what synchronized batch norm costs")
    func synchronized() async throws {
      let workspace = try Workspace.withTinySearch()
      try await Self.calibrateEvenly(in: workspace)
      let known = ["--calibration", "calibration.json", "--ranks", "2", "--latency", "1000", "--bandwidth", "1000"]
      var exposed: [Double] = []
      for batchNorm in ["local", "automatic", "synchronized"] {
        let report = try await Self.report(known + ["--set", "training.batchNorm=\(batchNorm)"], in: workspace)
        exposed.append(report.forecast.levels[0].time.exposed)
      }
      // Three batch norms at depth 1, two allreduces each, of two messages.
      #expect(abs(exposed[1] - exposed[0] - 0.012) < 1e-4 && exposed[1] == exposed[2], "\(exposed)")
    }

    @Test("are made of what was calibrated: the same again, for any network", arguments: [1, 2])
    func calibrated(ranks: Int) async throws {
      let workspace = try Workspace.withTinySearch()
      let calibration = try await Program.run(["calibrate", "tiny.yaml"], ranks: ranks, in: workspace)
      #expect(calibration.exitCode == 0 && calibration.errorsBesideLoad == "", "\(calibration.errors)")
      #expect(calibration.output.contains("kernels of resnet18 at depths 1 to 2"))
      #expect(calibration.output.contains("sums: a network of") == (ranks > 1))
      #expect(try workspace.names() == ["calibration.json", "images", "tiny.yaml"])

      let known = ["--calibration", "calibration.json"]
      let reports = try await [
        Self.report(known + ["--ranks", "3"], in: workspace), Self.report(known + ["--ranks", "3"], in: workspace),
        Self.report(
          known + ["--ranks", "3", "--latency", "7", "--bandwidth", "2", "--epochs-per-depth", "9"], in: workspace),
      ]
      #expect(reports[0].forecast.levels.map(\.searchUntilHere) == reports[1].forecast.levels.map(\.searchUntilHere))
      #expect((reports[0].network.bandwidth != 1.175e9) == (ranks > 1), "without a measured network, 10 Gbit/s")
      #expect(reports[2].network.latency == 7e-6 && reports[2].network.bandwidth == 2e9)
      #expect(reports[2].workload.epochsPerDepth == 9)
      #expect(reports[0].forecast.levels.map(\.time.compute) == reports[2].forecast.levels.map(\.time.compute))
      let named = try await Self.report(known + ["--network", "1gbit"], in: workspace)
      #expect(named.network.latency == 50e-6 && named.network.bandwidth == 0.1175e9)

      let table = try await Program.run(["plan", "tiny.yaml"] + known, in: workspace)
      #expect(table.output.contains("\n4 epochs assumed for each depth, one after the other\n"), "\(table.output)")
      #expect(table.output.contains("search, if it ends here") && table.output.contains("\nworth it: up to "))
    }

    @Test("are made of several widths, for those between them")
    func widths() async throws {
      let workspace = try Workspace.withTinySearch()
      let calibration = try await Program.run(["calibrate", "tiny.yaml", "--widths", "0.5", "1"], in: workspace)
      #expect(calibration.exitCode == 0 && calibration.errorsBesideLoad == "", "\(calibration.errors)")
      #expect(calibration.output.contains("kernels of resnet18, resnet18 of width 0.5 at depths 1 to 2"))
      let known = ["--calibration", "calibration.json"]
      var times: [Double] = []
      for width in ["0.5", "0.75", "1"] {
        let report = try await Self.report(known + ["--set", "network.width=\(width)"], in: workspace)
        times.append(try #require(report.forecast.levels.last).time.compute)
      }
      // How they follow from what was measured is shown by KernelCostsTests, on numbers without noise.
      #expect(times.allSatisfy { $0 > 0 }, "\(times)")

      let unknown = try await Program.run(["calibrate", "tiny.yaml", "--widths", "0.6"], in: workspace)
      #expect(unknown.exitCode == 64 && unknown.errors.contains("a width is 0.25 to 4 in steps of 0.25"))
    }

    @Test("leave out depths beyond the budget, and say which")
    func budget() async throws {
      let workspace = try Workspace.withTinySearch()
      let all = ["--set", "search.maximumDepth=8"]
      let report = try await Self.report(
        all + ["--threads", "1", "--set", "search.budget.multiplyAdds=200000000"], in: workspace)
      #expect(report.forecast.levels.map(\.depth) == [1, 2, 3])
      #expect(report.affordable.excluded.map(\.depth) == [4, 5, 6, 7, 8])
      let calibration = try await Program.run(["calibrate", "tiny.yaml"] + all, in: workspace)
      #expect(calibration.exitCode == 0, "\(calibration.errors)")
      let kept = ["plan", "tiny.yaml", "--calibration", "calibration.json", "--set", "search.maximumDepth=3"]
      let plan = try await Program.run(kept + ["--set", "search.budget.latencyMilliseconds=1e6"], in: workspace)
      #expect(plan.exitCode == 0 && plan.output.contains("latency of one image: depth 1 "), "\(plan.errors)")
      let none = try await Program.run(kept + ["--set", "search.budget.latencyMilliseconds=1e-6"], in: workspace)
      #expect(none.exitCode == 64 && none.errors.contains("over search.budget.latencyMilliseconds"))
    }

    @Test("are refused for what is impossible, in one line")
    func mistakes() async throws {
      let workspace = try Workspace.withTinySearch()
      let empty = #"{"layout": {"hosts": [], "blasVersion": "", "mpi": ""}, "costs": {"threads": 1, "entries": []}}"#
      try workspace.write(empty.utf8, to: "empty.json")
      let mistakes = [
        (["--ranks", "17"], "17 ranks cannot share batches of 16 images"),
        (["--calibration", "nowhere.json"], "nowhere.json"),
        (["--calibration", "tiny.yaml"], "tiny.yaml: expected what odn calibrate wrote"),
        (["--calibration", "empty.json"], "there is no measured time of"),
        (["--calibration", "empty.json", "--threads", "2"], "--calibration and --threads contradict each other"),
        (["--threads", "1000"], "1000 threads cannot be measured on"),
        (
          ["--ranks", "50000", "--network", "shared", "--set", "training.batchSize=50000"],
          "this host: 50000 ranks need"
        ),
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
