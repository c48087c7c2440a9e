// Ends a process that hangs. A rank stuck in MPI cannot do that itself, so a thread of its own watches the clock;
// it makes no MPI calls, which are for the main thread. The launcher ends the other ranks.

import Foundation
import Synchronization

final class Watchdog: Sendable {
  private struct Task {
    let name: String
    let seconds: Double
    let deadline: ContinuousClock.Instant
  }

  private let task = Mutex<Task?>(nil)

  init() {
    Thread.detachNewThread { [self] in
      while true {
        Thread.sleep(forTimeInterval: 0.1)
        endIfLate()
      }
    }
  }

  /// Gives `name` a number of seconds from now, in place of what was watched before.
  func watch(_ name: String, seconds: Double) {
    let new = Task(name: name, seconds: seconds, deadline: .now + .seconds(seconds))
    task.withLock { $0 = new }
  }

  private func endIfLate() {
    guard let late = task.withLock({ $0 }), ContinuousClock.now > late.deadline else { return }
    FileHandle.standardError.write(
      Data("process \(getpid()): \(late.name) did not end within \(late.seconds) s; giving up\n".utf8))
    _exit(RankTests.timeoutExitCode)
  }
}
