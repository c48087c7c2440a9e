// What odn doctor says of this machine, and of what was broken on purpose.

import Foundation
import Testing

extension CommandLine {
  @Suite("The doctor")
  struct Doctor {
    private struct Finding: Decodable {
      let subject: String
      let level: String
      let text: String
      let fix: String?
    }

    private static func findings(
      _ arguments: [String], ranks: Int? = nil, in workspace: Workspace, variables: [String: String] = [:],
      code: Int32 = 0
    ) async throws -> [String: Finding] {
      let run = try await Program.run(
        ["doctor", "--json"] + arguments, ranks: ranks, in: workspace, variables: variables)
      #expect(run.exitCode == code, "\(run.output) \(run.errors)")
      let found = try JSONDecoder().decode([Finding].self, from: Data(run.output.utf8))
      #expect(found.allSatisfy { ($0.fix == nil) == ($0.level == "ok") })
      return Dictionary(found.map { ($0.subject, $0) }) { first, _ in first }
    }

    @Test("looks at the machine and at what a run needs, alone and on several ranks", arguments: [nil, 2])
    func healthy(ranks: Int?) async throws {
      let workspace = try Workspace.withTinySearch()
      let found = try await Self.findings(["tiny.yaml"], ranks: ranks, in: workspace)
      #expect(Set(found.keys) == ["MPI", "shared memory", "BLAS", "CPU", "cores", "data set", "output"])
      #expect(found.values.allSatisfy { $0.level != "problem" })
      #expect(found["data set"]?.text == "mnist in images")
      #expect(found["MPI"]?.text.contains(ranks == nil ? "without a launcher" : "2 ranks on 1 host") == true)
      #expect(try workspace.names() == ["images", "tiny.yaml"], "nothing is left behind")
    }

    @Test("prints a line for each finding, and what to do under those that are not ok")
    func text() async throws {
      let run = try await Program.run(["doctor"], in: Workspace(), variables: ["OPENBLAS_CORETYPE": "Prescott"])
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let lines = run.output.split(separator: "\n").map(String.init)
      let blas = try #require(lines.firstIndex { $0.hasPrefix("warning  BLAS") }, "\(run.output)")
      #expect(lines[blas + 1].hasSuffix("→ unset OPENBLAS_CORETYPE"))
    }

    @Test("exits with 1 where a data set is missing")
    func missingData() async throws {
      let workspace = try Workspace.withTinySearch()
      let found = try await Self.findings(
        ["tiny.yaml", "--set", "dataset.directory=nowhere"], in: workspace, code: 1)
      #expect(found["data set"]?.level == "problem")
      #expect(found["data set"]?.text.contains("nowhere (no such directory)") == true)
    }

    @Test("exits with 1 where results cannot be written")
    func output() async throws {
      let workspace = try Workspace.withTinySearch()
      // A file stands where a directory should be, which not even root can write to.
      let found = try await Self.findings(["--output", "tiny.yaml/runs"], in: workspace, code: 1)
      #expect(found["output"]?.level == "problem")
    }

    @Test("refuses a wrong configuration as a run does")
    func wrongConfiguration() async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try await Program.run(["doctor", "tiny.yaml", "--set", "search.taget=3"], in: workspace)
      #expect(run.exitCode == 64 && run.errors.contains("did you mean"))
      let bare = try await Program.run(["doctor", "--set", "search.target=3"], in: workspace)
      #expect(bare.exitCode == 64 && bare.errors.contains("--set needs a configuration"))
    }
  }
}
