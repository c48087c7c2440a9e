// How code that works for long says that it goes on, without knowing who listens.

import Synchronization

/// What work that may take minutes reports to: reading and writing files, and whatever else goes over all data.
///
/// A process has one listener, which wants to know whether the process hangs:
///
///     try LongWork.listen(heartbeat.beat) { try search() }
public enum LongWork {
  private static let listener = Mutex<(@Sendable () -> Void)?>(nil)

  /// Bytes that are read or written between two reports.
  static let pieceSize = 1 << 24

  /// Says that a piece of the work is done. On a slow machine that should be said every few seconds at least.
  public static func progressed() {
    let listener = listener.withLock { $0 }
    listener?()
  }

  /// Runs `body`; meanwhile `progressed` is called whenever something says that it goes on, on whichever thread.
  /// - Throws: what `body` throws.
  public static func listen<Value>(
    _ progressed: @escaping @Sendable () -> Void, during body: () throws -> Value
  ) rethrows -> Value {
    let before = listener.withLock { listener in
      defer { listener = progressed }
      return listener
    }
    defer { listener.withLock { $0 = before } }
    return try body()
  }
}
