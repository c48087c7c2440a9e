// Faults on purpose, for the tests of what becomes of them. No run has any unless the environment asks for one:
// ODN_TEST_FAULT=KIND:RANK:STEP lets it happen on one rank after so many steps, counted from the program's start.

import Foundation
import MPI

/// A fault that happens once.
final class InjectedFault {
  private enum Kind: String {
    /// An error that the other ranks know nothing of.
    case error
    /// A collective call that the other ranks do not make.
    case collective
    /// Nothing ever happens again.
    case hang
  }

  /// What is thrown.
  private struct Mishap: Error, CustomStringConvertible {
    let description = "an injected fault"
  }

  private let kind: Kind
  private var stepsLeft: Int
  private let world: Communicator

  /// The fault of this rank; nil if it has none.
  init?(_ world: Communicator) {
    let parts = ProcessInfo.processInfo.environment["ODN_TEST_FAULT"]?.split(separator: ":") ?? []
    guard parts.count == 3, let kind = Kind(rawValue: String(parts[0])), Int(parts[1]) == world.rank,
      let step = Int(parts[2])
    else { return nil }
    self.kind = kind
    self.world = world
    stepsLeft = step
  }

  /// Counts a step, and lets the fault happen after its own.
  func step() throws {
    stepsLeft -= 1
    guard stepsLeft == 0 else { return }
    switch kind {
    case .error: throw Mishap()
    case .collective: try world.barrier()
    case .hang: while true { sleep(1) }
    }
  }
}
