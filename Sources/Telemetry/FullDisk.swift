// What becomes of files for which the disk has no room: those of a run under way are tried again later, those of its end
// until there is room.

import Foundation

/// Repeats what a full disk refuses until there is room for it.
public struct FullDisk {
  /// Lets some time pass; what it throws ends the wait.
  public var wait: () throws -> Void
  /// Told once why the run waits.
  public var warn: (String) -> Void

  /// - Parameters:
  ///   - wait: lets some time pass; what it throws ends the wait.
  ///   - warn: told once why the run waits.
  public init(wait: @escaping () throws -> Void, warn: @escaping (String) -> Void) {
    self.wait = wait
    self.warn = warn
  }

  /// Runs `body` until the disk has room for all that it writes.
  /// - Throws: what `body` throws for other reasons, and what `wait` throws.
  func retrying(_ body: () throws -> Void) throws {
    var isTold = false
    while true {
      do {
        return try body()
      } catch  where SystemReason(error).isLackOfSpace {
        if !isTold { warn("\(error); the run waits until there is room, and loses nothing") }
        isTold = true
        try wait()
      }
    }
  }
}
