// Clocks that are set while a run goes on, as when a host's time is corrected. libfaketime pretends it for this run alone.

import Foundation
import Testing

extension CommandLine {
  @Suite("The clock")
  struct Clock {
    private static let library = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"]
      .map { $0 + "/faketime/libfaketime.so.1" }.first { FileManager.default.fileExists(atPath: $0) }
    private static let needsLibrary: Comment = "needs libfaketime (Debian's package faketime)"

    @Test(
      "of all ranks may jump by years, back and forth: no rank counts as stalled, and the result is the same",
      .enabled(if: library != nil, needsLibrary))
    func jumps() async throws {
      let workspace = try Workspace.withLearningSearch()
      let library = try #require(Self.library)
      try workspace.write("+0".utf8, to: "time")
      let hold = Hold(afterSteps: 30, 40, 50, 60, in: workspace)
      let start = ContinuousClock.now
      let run = try Program(
        Resumption.search + ["--set", "reliability.stallSeconds=10", "--set", "reliability.abortSeconds=1"], ranks: 2,
        in: workspace,
        variables: [
          "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": workspace.file("time"), "FAKETIME_NO_CACHE": "1",
          "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        ].merging(hold.variables) { $1 })
      for jump in ["-3y", "+5y", "-1d", "+0"] {
        try await hold.reached(by: run)
        try workspace.write(jump.utf8, to: "time")
        try hold.release()
      }
      let end = try await run.end()
      #expect(end.exitCode == 0 && end.errorsBesideLoad == "", "\(end.errors)")
      try await Reference.onTwoRanks.expectSame(as: workspace)
      // Times of events are those that have passed, whatever the clock says.
      let times = try workspace.lines("run/events.jsonl").map(Event.init).compactMap(\.time)
      let seconds = start.duration(to: .now) / .seconds(1)
      #expect(times == times.sorted() && times.allSatisfy { (0...seconds).contains($0) })
    }
  }
}
