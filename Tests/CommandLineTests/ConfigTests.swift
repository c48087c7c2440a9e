// `odn config`.

import Foundation
import Testing

extension CommandLine {
  @Suite("odn config")
  struct Config {
    @Test("what new prints is valid, and show prints it in full with overrides")
    func newToShow() async throws {
      let workspace = try Workspace()
      let new = try await Program.run(["config", "new", "--dataset", "mnist", "--target", "99"], in: workspace)
      #expect(new.exitCode == 0)
      try workspace.write(Array(new.output.utf8), to: "new.yaml")
      let valid = try await Program.run(["config", "validate", "new.yaml"], in: workspace)
      #expect(valid.exitCode == 0)
      #expect(valid.output == "new.yaml: valid\n")
      let shown = try await Program.run(
        ["config", "show", "new.yaml", "--set", "training.batchSize=48"], in: workspace)
      #expect(shown.exitCode == 0)
      #expect(shown.output.contains("  name: mnist\n"))
      #expect(shown.output.contains("  target: 99.0\n"))
      #expect(shown.output.contains("  batchSize: 48\n"))
    }

    @Test("a bad file ends validate with 64, and what is wrong with it", arguments: ["validate", "show"])
    func bad(command: String) async throws {
      let workspace = try Workspace()
      let text = "dataset: {name: mnist}\nnetwork: {architecture: resnet34}\nsearch: {target: 90, patiense: 3}\n"
      try workspace.write(Array(text.utf8), to: "bad.yaml")
      let run = try await Program.run(["config", command, "bad.yaml"], in: workspace)
      #expect(run.exitCode == 64)
      #expect(run.errors.contains("patiense"))
      #expect(run.errors.contains("patience"))
      #expect(run.output.isEmpty)
    }

    @Test("an accuracy over 100 % is refused")
    func target() async throws {
      let run = try await Program.run(["config", "new", "--target", "101"], in: Workspace())
      #expect(run.exitCode == 64)
      #expect(run.errors.contains("search.target"))
      #expect(run.output.isEmpty)
    }
  }
}
