// What becomes of a program that the system refuses memory.

import Synchronization

/// The system has no memory for a buffer.
///
/// It is not thrown: buffers are made wherever networks are, and nothing that needs one can go on without it. It ends
/// the program, in a way that the program chooses with `handle(_:)`.
public struct MemoryShortage: Error, CustomStringConvertible {
  /// The size of the buffer in bytes.
  public let bytes: Int

  /// The size, and what takes less.
  public var description: String {
    """
    there is no memory for a buffer of \(bytes / 1_000_000) MB: take smaller batches, a shallower network or fewer \
    ranks on the host, or raise the limit that the job or the shell has set
    """
  }

  private static let handler = Mutex<@Sendable (MemoryShortage) -> Never> { fatalError("\($0)") }

  /// Sets what ends the program from now on; before, `fatalError` does. `handler` may be called on any thread.
  public static func handle(_ handler: @escaping @Sendable (MemoryShortage) -> Never) {
    self.handler.withLock { $0 = handler }
  }

  /// Ends the program.
  func endProgram() -> Never {
    let handler = Self.handler.withLock { $0 }
    handler(self)
  }
}
