// Runs tests on all ranks, combines what the ranks found, and ends the process with the verdict.

import Foundation
import MPI

/// The main program of a test executable for `mpirun -n N`.
///
/// Collective calls are compared among the ranks, so that a test whose ranks are out of step fails and says where.
///
/// The last line that rank 0 prints is `N passed, N failed`. The exit code is 0 only if no test failed. Tests for another
/// number of ranks are not counted: they are for another call.
public enum RankTests {
  static let timeoutExitCode: Int32 = 124

  /// Runs `tests` in order as the command line asks, and exits.
  public static func main(_ tests: [RankTest]) -> Never {
    main { _ in tests }
  }

  /// Runs the tests that `makeTests` returns, in order, as the command line asks, and exits.
  public static func main(_ makeTests: (borrowing Universe) -> [RankTest]) -> Never {
    let options = Options(arguments: CommandLine.arguments.dropFirst())
    let watchdog = Watchdog()
    do {
      watchdog.watch("starting MPI", seconds: options.timeout)
      let universe = try Universe.initialize(requiring: .funneled, checkingCollectives: true)
      let verdict = try TestRun(world: universe.world, options: options, watchdog: watchdog).run(makeTests(universe))
      // Printed before the end: once a rank exits with 1, the launcher may end the others.
      if verdict.isRankZero { printLine(verdict.description) }
      watchdog.watch("ending MPI", seconds: options.timeout)
      try universe.finalize()
      exit(verdict.failed == 0 ? 0 : 1)
    } catch {
      fail("\(error)")
    }
  }

  static func printLine(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  static func fail(_ message: String, code: Int32 = 1) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(code)
  }
}

/// The command line of a test executable.
struct Options {
  /// Only tests whose names contain it run.
  var filter: String?
  /// Seconds per test.
  var timeout = 1_800.0

  init(arguments: ArraySlice<String>) {
    var rest = arguments
    while let option = rest.popFirst() {
      switch (option, rest.popFirst()) {
      case ("--filter", let text?): filter = text
      case ("--timeout", let text?):
        guard let seconds = Double(text), seconds > 0 else {
          RankTests.fail("--timeout takes a number of seconds above 0, not '\(text)'", code: 64)
        }
        timeout = seconds
      default: RankTests.fail("usage: [--filter PART-OF-A-NAME] [--timeout SECONDS], not '\(option)'", code: 64)
      }
    }
  }
}

/// How many tests ended how.
struct Verdict: CustomStringConvertible {
  let isRankZero: Bool
  var passed = 0
  var failed = 0

  var description: String { "\(passed) passed, \(failed) failed" }
}
