// How code that works for long says that it goes on, without knowing who listens.

import Synchronization

/// What work that may take minutes reports to: reading and writing files, and whatever else goes over all data.
///
/// A process has one listener, which wants to know whether the process hangs:
///
///     try LongWork.listen(heartbeat.beat) { try search() }
public enum LongWork {
  /// An object, because a closure that is read from a mutex comes back wrapped once more, each time.
  private final class Listener: Sendable {
    let progressed: @Sendable () -> Void

    init(_ progressed: @escaping @Sendable () -> Void) { self.progressed = progressed }
  }

  private static let listener = Mutex<Listener?>(nil)

  /// Bytes that are read or written between two reports.
  static let pieceSize = 1 << 24

  /// Says that a piece of the work is done. On a slow machine that should be said every few seconds at least.
  public static func progressed() {
    listener.withLock(\.self)?.progressed()
  }

  /// Runs `body`; meanwhile `progressed` is called whenever something says that it goes on, on whichever thread.
  /// - Throws: what `body` throws.
  public static func listen<Value>(
    _ progressed: @escaping @Sendable () -> Void, during body: () throws -> Value
  ) rethrows -> Value {
    let before = listener.withLock { listener in
      defer { listener = Listener(progressed) }
      return listener
    }
    defer { listener.withLock { $0 = before } }
    return try body()
  }
}
