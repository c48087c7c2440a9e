// Whole searches, from a configuration to the files that they leave.

import Foundation
import Testing

extension CommandLine {
  @Suite("A search")
  struct Search {
    static let files = [
      "config.yaml", "depth-01.safetensors", "depth-02.safetensors", "events.jsonl", "odn.safetensors", "summary.json",
      "tensorboard", "test-predictions.json",
    ]

    @Test("grows, and leaves the documented files, from which it can be repeated bit for bit", arguments: [nil, 2])
    func wholeSearch(ranks: Int?) async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try await Program.run(["search", "tiny.yaml", "--output", "out/first"], ranks: ranks, in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      #expect(run.errorsBesideLoad == "")
      #expect(try workspace.names(in: "out/first") == Self.files)
      #expect(run.output.components(separatedBy: "growing to depth 2").count == 2, "rank 0 says so, once")
      #expect(run.output.contains("found: depth 1"))
      #expect(run.output.contains("odn evaluate out/first/odn.safetensors --config out/first/config.yaml"))
      try checkSummary(Summary(of: "out/first", in: workspace), ranks: ranks ?? 1)
      try checkEvents(workspace.lines("out/first/events.jsonl"))

      let again = try await Program.run(
        ["search", "out/first/config.yaml", "--output", "out/second", "--quiet", "--check-collectives"], ranks: ranks,
        in: workspace)
      #expect(again.exitCode == 0)
      #expect(again.output + again.errorsBesideLoad == "", "--quiet prints nothing")
      for file in Self.files where file.hasSuffix(".safetensors") || file == "config.yaml" {
        #expect(try workspace.bytes("out/first/\(file)") == workspace.bytes("out/second/\(file)"), "\(file)")
      }
    }

    /// Every value that does not depend on what was learned.
    private func checkSummary(_ summary: Summary, ranks: Int) {
      #expect(summary.architecture == "resnet18")
      #expect(summary.depth == 1, "the shallower one of equals")
      #expect(!summary.targetMet)
      #expect(summary.outcome.contains("not met, the epoch limit ended the search at depth 2"))
      #expect(summary.target == 100 && summary.tolerance == 0.5)
      #expect(summary.validationAccuracy == 10)
      #expect((0...100).contains(summary.testAccuracy))
      #expect(summary.parameters == 75_338)
      #expect(summary.megabytes == 4 * 75_338 / 1e6)
      #expect(summary.multiplyAdds / 10_000 == 5825)
      #expect(abs(summary.reductionPercent - 100 * (1 - 75_338 / 11_172_810.0)) < 1e-9)
      #expect(abs(summary.multiplyAddsReductionPercent - 100 * (1 - 58.25 / 455.80)) < 0.01)
      #expect(summary.epochsPerDepth == ["1": 2, "2": 1])
      #expect(summary.validationAccuracyPerDepth == ["1": 10, "2": 10])
      #expect(summary.tradeOff.map(\.depth) == [1, 2] && summary.tradeOff.map(\.met) == [false, false])
      // √(0.1 · 0.9 / 20) = 0.067.
      #expect(summary.tradeOff.allSatisfy { abs($0.standardError - 6.708) < 0.001 })
      #expect(summary.longerSearch?.depths == [2] && summary.longerSearch?.epochs == 2)
      #expect(summary.longerSearch.map { $0.seconds > 0 } == true)
      #expect(summary.imagesTrained == 4 * 48, "1 epoch of warm-up, 3 of search")
      #expect(summary.seconds > 0)
      #expect(summary.ranks == ranks)
    }

    private func checkEvents(_ lines: [String]) throws {
      let events = try lines.map(Event.init)
      #expect(
        events.map(\.event) == [
          "started", "stage", "warmUpEpoch", "warmedUp", "stage", "epoch", "epoch", "stage", "epoch", "finished",
        ])
      let times = events.compactMap(\.time)
      #expect(times.count == events.count && times == times.sorted())
    }

    @Test("that meets its target says so")
    func targetMet() async throws {
      let workspace = try Workspace.withPhotos()
      let command =
        ["search", "tiny.yaml", "--require-target", "--set", "search.target=60", "--set", "dataset.validation=9"]
        + ["--set", "search.patience=16", "--set", "search.epochLimit=16"]
      let run = try await Program.run(command, in: workspace)
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.errors.contains("9 validation images measure an accuracy of 60.0 % to within 16.33 points"))
      let summary = try Summary(of: "runs/tiny", in: workspace)
      #expect(summary.targetMet && summary.depth == 1)
      #expect(run.output.contains("target 60.0 % within 0.5 points: met at depth 1"))
      #expect(run.output.contains("trained 1 depth;"))
      let again = try await Program.run(command + ["--resume", "runs/tiny"], in: workspace)
      #expect(again.exitCode == 0 && again.output.contains("nothing to continue"), "\(again.errors)")
    }

    @Test("that misses a target which has to be met ends with code 3, when it is asked again too", arguments: [nil, 2])
    func targetMissed(ranks: Int?) async throws {
      let workspace = try Workspace.withTinySearch()
      for resume in [[], ["--resume", "auto"]] {
        let run = try await Program.run(
          ["search", "tiny.yaml", "--output", "out", "--require-target", "--quiet"] + resume, ranks: ranks,
          in: workspace)
        #expect(run.exitCode == 3)
        #expect(run.errors.contains("odn: --require-target: the search ended, and its target was missed\n"))
        #expect(try Summary(of: "out", in: workspace).targetMet == false, "the results are all there")
      }
      let other = try await Program.run(
        [
          "search", "tiny.yaml", "--set", "search.objective=knee", "--set", "search.policy=adaptive",
          "--require-target",
        ],
        in: workspace)
      #expect(other.exitCode == 64 && other.errors.contains("--require-target needs search.objective: target"))
    }

    @Test("for a target that guessing meets, or that looks like a share, is refused before training")
    func senselessTarget() async throws {
      let workspace = try Workspace.withTinySearch()
      for (target, said) in [
        ("10.5", "search.target: guessing meets 10.0 % (target minus tolerance)"),
        (
          "0.9",
          "search.target: expected a validation accuracy in percent, such as 90.0, found 0.9, which looks like a share"
        ),
      ] {
        let run = try await Program.run(["search", "tiny.yaml", "--set", "search.target=\(target)"], in: workspace)
        #expect(run.exitCode == 64 && run.errors.contains(said), "\(run.errors)")
        #expect(!FileManager.default.fileExists(atPath: workspace.file("runs")))
      }
    }

    @Test("with a budget of 1 MB spends no epoch on ResNet-18's depths above 2", arguments: ["paper", "adaptive"])
    func budget(policy: String) async throws {
      let workspace = try Workspace.withTinySearch()
      let budget = ["--set", "search.maximumDepth=null", "--set", "search.budget.megabytes=1"]
      let run = try await Program.run(
        ["search", "tiny.yaml", "--set", "search.policy=\(policy)", "--set", "search.adaptive.epochs=2"] + budget
          + ["--set", "search.epochLimit=null"], in: workspace)
      #expect(run.exitCode == 0, "\(run.errors)")
      let summary = try Summary(of: "runs/tiny", in: workspace)
      #expect(summary.epochsPerDepth.keys.sorted() == ["1", "2"])
      let said = "depths 3 to 8 are over the budget and never trained: depth 3 has 1.520 MB of parameters"
      #expect(run.output.contains(said))
      #expect(try workspace.lines("runs/tiny/events.jsonl")[0].contains(#""cost":"megabytes","depth":3,"limit":1"#))
      #expect(try !workspace.names(in: "runs/tiny").contains("depth-03.safetensors"))
      let whole = try await Program.run(["train", "runs/tiny/config.yaml", "--depth", "3", "--quiet"], in: workspace)
      #expect(whole.exitCode == 0, "a baseline may cost more: \(whole.errors)")
    }

    @Test("that no depth can fit is refused before training, with the cost and the budget")
    func impossibleBudget() async throws {
      let workspace = try Workspace.withTinySearch()
      for (limit, found) in [
        ("parameters=1000", "75338 parameters"), ("latencyMilliseconds=0.000001", "ms for an image"),
        ("parameters=50000", "or network.width: 0.75 with network.stemStride: 1"),
      ] {
        let run = try await Program.run(["search", "tiny.yaml", "--set", "search.budget.\(limit)"], in: workspace)
        #expect(run.exitCode == 64 && run.output == "")
        #expect(run.errors.contains(found) && run.errors.contains(limit.split(separator: "=")[0]), "\(run.errors)")
        #expect(try !workspace.names().contains("runs"), "nothing is left behind")
      }
    }

    @Test("with --json-progress prints lines of JSON only, on one rank of two; unnamed directories are numbered")
    func jsonProgress() async throws {
      let workspace = try Workspace.withTinySearch()
      let arguments = ["search", "tiny.yaml", "--set", "search.maximumDepth=1", "--json-progress"]
      for (ranks, directory) in [(2, "tiny"), (1, "tiny-2")] {
        let run = try await Program.run(arguments, ranks: ranks, in: workspace)
        #expect(run.exitCode == 0, "\(run.errors)")
        #expect(run.errorsBesideLoad == "")
        let events = try run.output.split(separator: "\n").map { try Event(String($0)) }
        // 48 images are 3 steps of 16; the second epoch is no better than the first, which ends the search.
        let epoch = Array(repeating: "step", count: 3)
        #expect(
          events.map(\.event) == ["started", "stage"] + epoch + ["warmUpEpoch", "warmedUp", "stage"]
            + epoch + ["epoch"] + epoch + ["epoch", "finished"])
        #expect(try Summary(of: "runs/\(directory)", in: workspace).ranks == ranks)
      }
      #expect(try workspace.names(in: "runs") == ["tiny", "tiny-2"])
    }

    @Test("of one depth is a baseline in the same files")
    func train() async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try await Program.run(["train", "tiny.yaml", "--depth", "2"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      #expect(
        try workspace.names(in: "runs/tiny") == Self.files.filter { $0 != "depth-01.safetensors" })
      let summary = try Summary(of: "runs/tiny", in: workspace)
      #expect(summary.depth == 2)
      #expect(summary.parameters == 149_322)
      #expect(summary.epochsPerDepth == ["2": 2])
      #expect(summary.imagesTrained == 2 * 48, "there is no warm-up")
    }

    @Test(
      "of real images learns from files packed with gzip",
      .enabled(
        if: FileManager.default.fileExists(atPath: "/usr/share/datasets/fashion-mnist"),
        "needs Debian's package dataset-fashion-mnist"))
    func realImages() async throws {
      let workspace = try Workspace()
      let run = try await Program.run(
        [
          "train", "\(Program.root)/Configs/quickstart.yaml", "--depth", "1", "--set", "dataset.trainLimit=500",
          "--set", "dataset.validation=200", "--set", "dataset.testLimit=200", "--set", "search.epochLimit=2",
          "--set", "training.batchSize=32", "--quiet",
        ], in: workspace)
      #expect(run.exitCode == 0, "\(run.errors)")
      // A guess is right about 10 % of them; 30 steps learn far more than that.
      #expect(try Summary(of: "runs/quickstart", in: workspace).testAccuracy > 30)
    }
  }
}

/// A line of `events.jsonl` or of `--json-progress`.
struct Event: Decodable {
  let event: String
  let time: Double?

  init(_ line: String) throws {
    self = try JSONDecoder().decode(Event.self, from: Data(line.utf8))
  }
}

/// `summary.json`, as documented.
struct Summary: Decodable {
  let architecture: String
  let depth: Int
  let targetMet: Bool
  let outcome: String
  let target: Double
  let tolerance: Double
  let validationAccuracy: Double
  let testAccuracy: Double
  let parameters: Int
  let megabytes: Double
  let multiplyAdds: Int
  let reductionPercent: Double
  let multiplyAddsReductionPercent: Double
  let epochsPerDepth: [String: Int]
  let validationAccuracyPerDepth: [String: Double]
  let imagesTrained: Int
  let seconds: Double
  let ranks: Int
  let batchNormRanks: Int
  let tradeOff: [Row]
  let longerSearch: LongerSearch?

  struct Row: Decodable {
    let depth: Int
    let standardError: Double
    let met: Bool
  }

  struct LongerSearch: Decodable {
    let depths: [Int]
    let epochs: Int
    let seconds: Double
  }

  init(of run: String, in workspace: Workspace) throws {
    self = try JSONDecoder().decode(Summary.self, from: Data(workspace.bytes("\(run)/summary.json")))
  }
}
