// One run over a list of tests: every rank runs each body, then the ranks meet and rank 0 reports.

import Foundation
import MPI

struct TestRun {
  /// How long a rank that threw waits for the others, who may be waiting for it inside the test.
  private static let patienceAfterError = Duration.seconds(60)

  /// The ranks meet here, apart from the tests' messages.
  private let control: Communicator
  private let options: Options
  private let watchdog: Watchdog

  init(world: Communicator, options: Options, watchdog: Watchdog) throws {
    control = try world.duplicate()
    self.options = options
    self.watchdog = watchdog
  }

  func run(_ tests: [RankTest]) throws -> Verdict {
    var verdict = Verdict(isRankZero: control.rank == 0)
    let chosen = tests.filter { test in options.filter.map { test.name.contains($0) } ?? true }
    if chosen.isEmpty, let filter = options.filter { throw NoSuchTest(filter: filter) }
    for test in chosen {
      guard test.runs(control.size) else {
        report("skip  \(test.name) (not for \(control.size) ranks)")
        continue
      }
      if try runOnAllRanks(test) { verdict.passed += 1 } else { verdict.failed += 1 }
    }
    return verdict
  }

  /// Whether the test passed on every rank; the same answer on every rank.
  private func runOnAllRanks(_ test: RankTest) throws -> Bool {
    watchdog.watch("'\(test.name)'", seconds: options.timeout)
    let expectations = Expectations()
    let start = ContinuousClock.now
    var hasThrown = false
    do {
      try test.body(try control.duplicate(), expectations)
    } catch {
      hasThrown = true
      expectations.record(thrown: error)
    }
    try meet(test, expectations, patience: hasThrown ? Self.patienceAfterError : nil)
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let failures = try control.gatherCodable(expectations.failures, to: 0) ?? []
    let failureCount = try control.allreduce(expectations.failures.count, .sum)
    report("\(failureCount == 0 ? "ok  " : "FAIL")  \(test.name) (\(String(format: "%.3f", seconds)) s)")
    for (rank, messages) in failures.enumerated() {
      for message in messages { report("      rank \(rank): \(message)") }
    }
    return failureCount == 0
  }

  /// Waits until all ranks are through with the test; without an end in sight, `patience` ends the run.
  private func meet(_ test: RankTest, _ expectations: Expectations, patience: Duration?) throws {
    let deadline = patience.map { ContinuousClock.now + $0 }
    var arrival = try control.startBarrier()
    while try !arrival.test() {
      if let deadline, ContinuousClock.now > deadline {
        let messages = expectations.failures.map { "  rank \(control.rank): \($0)" }.joined(separator: "\n")
        FileHandle.standardError.write(
          Data("FAIL  \(test.name): other ranks still wait in it; giving up\n\(messages)\n".utf8))
        arrival.abandon()
        control.abort(1)
      }
      Thread.sleep(forTimeInterval: 0.0002)
    }
  }

  private func report(_ line: String) {
    if control.rank == 0 { RankTests.printLine(line) }
  }
}

/// A filter that matches nothing is a mistake, not a success.
struct NoSuchTest: Error, CustomStringConvertible {
  let filter: String
  var description: String { "no test has a name that contains '\(filter)'" }
}
