// Signals that ask a run to stop. The handler only takes note of them; what follows is decided between steps, by all
// ranks together.

import Foundation
import Synchronization

/// The request to stop a run, made by SIGUSR1, SIGTERM, SIGINT or SIGHUP.
enum StopSignal {
  /// When the first one arrived, in nanoseconds of the monotonic clock; 0 before.
  fileprivate static let arrival = Atomic<Int64>(0)
  /// One wish may come in several ways, from the launcher and from the queueing system: what arrives within this time
  /// counts as one.
  fileprivate static let coincidence: Int64 = 500_000_000

  /// Whether one has arrived.
  static var isRequested: Bool { arrival.load(ordering: .relaxed) != 0 }

  /// From now on the first signal is taken note of, and a second one ends the process with 128 and its number. What the
  /// process was started to ignore, as `nohup` does with SIGHUP, it goes on ignoring.
  static func install() {
    // Sets the atomic up, which a handler must not do.
    _ = isRequested
    for number in [SIGUSR1, SIGTERM, SIGINT, SIGHUP] {
      var action = sigaction()
      sigaction(number, nil, &action)
      if number == SIGHUP && isIgnored(action) { continue }
      action = sigaction()
      action.__sigaction_handler.sa_handler = takeNote
      action.sa_flags = SA_RESTART
      sigaction(number, &action, nil)
    }
  }
}

/// The handler: an atomic, a clock and an exit, all of which a handler may use.
private func takeNote(of number: Int32) {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  let now = Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  let (isFirst, first) = StopSignal.arrival.compareExchange(expected: 0, desired: now, ordering: .relaxed)
  if !isFirst && now - first > StopSignal.coincidence { _exit(128 + number) }
}

/// Whether an action is to ignore the signal, which C says by an address that is no function.
private func isIgnored(_ action: sigaction) -> Bool {
  unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
}
