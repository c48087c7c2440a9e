// The texts of --help, as committed in Snapshots/.

import Foundation
import Testing

extension CommandLine {
  @Suite("Help")
  struct Help {
    @Test(
      "is as committed",
      arguments: [
        "", "search", "train", "evaluate", "predict", "inspect", "report", "export", "import", "config", "config new",
        "datasets",
        "datasets fetch", "gradcheck",
        "benchmark step", "benchmark kernels", "benchmark scaling", "benchmark allreduce", "calibrate", "plan",
        "doctor",
      ])
    func help(command: String) async throws {
      let run = try await Program.run(command.split(separator: " ").map(String.init) + ["--help"], in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "")
      let name = command.isEmpty ? "odn.txt" : "odn-\(command.replacing(" ", with: "-")).txt"
      let snapshot = "\(Program.root)/Tests/CommandLineTests/Snapshots/\(name)"
      if ProcessInfo.processInfo.environment["ODN_RENEW_SNAPSHOTS"] == "1" {
        try run.output.write(toFile: snapshot, atomically: true, encoding: .utf8)
      }
      let expected = (try? String(contentsOfFile: snapshot, encoding: .utf8)) ?? ""
      #expect(
        run.output == expected,
        """
        the help differs from \(snapshot). If that is meant: ODN_RENEW_SNAPSHOTS=1 swift test -c release \
        --filter CommandLineTests, and read the difference before committing it
        """)
    }

    @Test("is printed by one rank")
    func oneRank() async throws {
      let workspace = try Workspace()
      let alone = try await Program.run(["search", "--help"], in: workspace)
      let together = try await Program.run(["search", "--help"], ranks: 3, in: workspace)
      #expect(together.exitCode == 0 && together.errorsBesideLoad == "")
      #expect(together.output == alone.output)
    }
  }
}
