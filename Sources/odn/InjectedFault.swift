// Faults on purpose, for the tests of what becomes of them. No run has any unless the environment asks for one:
// ODN_TEST_FAULT=KIND:RANK:PLACE[:ARGUMENT] lets it happen on one rank at a place. That is a number of steps, counted from
// the program's start, or several such numbers with commas between, or what the heartbeat says that the rank is doing, as
// `writing the result`, with +N for the Nth time that it says so instead of the first. A test that waits for a fault, and lets the run go
// on when it has done its part, needs no guess at how fast the run is.

import ArgumentParser
import DistributedTraining
import Foundation
import MPI
import Synchronization

/// What happens to this rank, and where.
final class InjectedFault: Sendable {
  private enum Kind {
    /// An error that the other ranks know nothing of. At steps only.
    case error
    /// A collective call that the other ranks do not make. At steps only.
    case collective
    /// Nothing ever happens again.
    case hang
    /// The process is killed.
    case kill
    /// Makes a file and waits until it is gone, or the run is told to stop, and notes all the while that it is alive. Where
    /// the file is there already, nothing happens: a run that is started anew goes by.
    case hold(file: String)
    /// Sleeps for so many seconds each time.
    case slow(seconds: Double)
  }

  private enum Place {
    case steps([Int])
    case operation(String, number: Int)
  }

  /// What is thrown.
  private struct Mishap: Error, CustomStringConvertible {
    let description = "an injected fault"
  }

  private let kind: Kind
  private let place: Place
  /// How often the rank was at such a place.
  private let count = Mutex(0)
  private let isHappening = Atomic(false)

  /// The fault of this rank; nil if it has none.
  /// - Throws: `ValidationError` where the environment's words are none.
  convenience init?(rank: Int) throws {
    guard let text = ProcessInfo.processInfo.environment["ODN_TEST_FAULT"] else { return nil }
    let parts = text.split(separator: ":", maxSplits: 3).map(String.init)
    guard parts.count >= 3, let faulty = Int(parts[1]), let place = Self.place(parts[2]),
      let kind = Self.kind(parts[0], parts.count > 3 ? parts[3] : nil)
    else { throw ValidationError("ODN_TEST_FAULT: expected KIND:RANK:PLACE[:ARGUMENT], found \(text)") }
    guard faulty == rank else { return nil }
    self.init(kind, place)
  }

  private init(_ kind: Kind, _ place: Place) {
    (self.kind, self.place) = (kind, place)
  }

  private static func kind(_ name: String, _ argument: String?) -> Kind? {
    switch (name, argument) {
    case ("error", nil): .error
    case ("collective", nil): .collective
    case ("hang", nil): .hang
    case ("kill", nil): .kill
    case ("hold", let file?): .hold(file: file)
    case ("slow", let text?): Double(text).map { .slow(seconds: $0) }
    default: nil
    }
  }

  private static func place(_ text: String) -> Place? {
    let steps = text.split(separator: ",").map { Int($0) }
    if !steps.isEmpty && steps.allSatisfy({ $0 != nil }) { return .steps(steps.compactMap(\.self)) }
    let parts = text.split(separator: "+", maxSplits: 1)
    guard let name = parts.first, let number = parts.count > 1 ? Int(parts[1]) : 1 else { return nil }
    return .operation(String(name), number: number)
  }

  /// Counts a step, and lets the fault happen after its own.
  func step(_ world: Communicator, _ heartbeat: Heartbeat) throws {
    guard case .steps(let numbers) = place, numbers.contains(next()) else { return }
    switch kind {
    case .error: throw Mishap()
    case .collective: try world.barrier()
    case .hang, .kill, .hold, .slow: happen(heartbeat)
    }
  }

  /// Takes note of what the heartbeat says, and lets the fault happen at its own.
  func noted(_ heartbeat: Heartbeat) {
    guard case .operation(let name, let number) = place, !isHappening.load(ordering: .relaxed),
      "\(heartbeat.state.operation)" == name
    else { return }
    if case .slow = kind { return happen(heartbeat) }
    if next() == number { happen(heartbeat) }
  }

  private func next() -> Int {
    count.withLock {
      $0 += 1
      return $0
    }
  }

  private func happen(_ heartbeat: Heartbeat) {
    isHappening.store(true, ordering: .relaxed)
    defer { isHappening.store(false, ordering: .relaxed) }
    switch kind {
    case .error, .collective: break
    case .hang: while true { sleep(1) }
    case .kill: kill(getpid(), SIGKILL)
    case .slow(let seconds): Thread.sleep(forTimeInterval: seconds)
    case .hold(let file):
      let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      if descriptor < 0 { return }
      close(descriptor)
      while access(file, F_OK) == 0 && !StopSignal.isRequested {
        heartbeat.beat()
        Thread.sleep(forTimeInterval: 0.002)
      }
    }
  }
}
