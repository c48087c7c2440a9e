// Searches that are only looked at.

import Foundation
import Testing

extension CommandLine {
  @Suite("Dry runs")
  struct DryRuns {
    @Test("tell what each depth costs, and leave nothing behind", arguments: [1, 2])
    func table(ranks: Int) async throws {
      let workspace = try Workspace.withTinySearch()
      let before = try workspace.names()
      let run = try await Program.run(["search", "tiny.yaml", "--dry-run"], ranks: ranks, in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      #expect(try workspace.names() == before)
      // Batches of 16 over the ranks; sizes as published.
      #expect(run.output.contains("\(16 / ranks) on a rank"), "\(run.output)")
      let first = run.output.split(separator: "\n").first ?? ""
      #expect(first.hasSuffix(", batch norm over \(ranks == 1 ? "1 rank" : "2 ranks") (16 images)"), "\(first)")
      for size in ["75,338", "58.25 M", "149,322", "116.06 M"] { #expect(run.output.contains(size)) }
      #expect(run.output.contains("warm-up of all depths: 1 epoch, "))
      #expect(run.output.contains("results would be in runs/tiny; nothing was written"))
    }

    @Test("tell the same of a fixed depth, and of groups")
    func others() async throws {
      let workspace = try Workspace.withTinySearch()
      let train = try await Program.run(["train", "tiny.yaml", "--depth", "2", "--dry-run"], in: workspace)
      #expect(train.exitCode == 0 && train.output.contains("149,322") && !train.output.contains("75,338"))
      let groups = ["--set", "search.groups=2", "--set", "search.epochLimit=null"]
      let search = try await Program.run(["search", "tiny.yaml", "--dry-run"] + groups, ranks: 2, in: workspace)
      #expect(search.exitCode == 0 && search.output.contains("16 on a rank"), "\(search.errors)")
      #expect(search.output.contains("4 epochs assumed for each depth, one after the other; by one of 2 groups\n"))
      let adaptive = ["--set", "search.policy=adaptive", "--set", "search.adaptive.epochs=5"]
      let bracket = try await Program.run(["search", "tiny.yaml", "--dry-run"] + adaptive, in: workspace)
      #expect(bracket.output.contains("\n5 epochs assumed for each depth, one after the other; the adaptive search "))
    }

    @Test("find the mistakes that a run would find")
    func mistakes() async throws {
      let workspace = try Workspace.withTinySearch()
      let mistakes: [(arguments: [String], code: Int32, message: String)] = [
        (["--set", "dataset.directory=nowhere"], 1, "looked in nowhere (no such directory)"),
        (["--set", "search.budget.parameters=10"], 64, "search.budget.parameters"),
        (["--resume", "auto"], 64, "--dry-run tells of a search from its beginning"),
        (["--set", "training.kernels=reference"], 64, "the reference kernels are not for searches"),
      ]
      for (arguments, code, message) in mistakes {
        let run = try await Program.run(["search", "tiny.yaml", "--dry-run"] + arguments, in: workspace)
        #expect(run.exitCode == code && run.output == "", "\(arguments): \(run.output)")
        #expect(run.errors.contains(message), "\(arguments): \(run.errors)")
      }
      #expect(try workspace.names() == ["images", "tiny.yaml"])
    }
  }
}
