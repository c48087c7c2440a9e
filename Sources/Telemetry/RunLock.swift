// Keeps two processes from writing the same run, as when a run is continued before the one that was cut short has ended.

import Files
import Foundation

/// The right to write a run's files, for as long as this lives and its process runs.
public final class RunLock: Sendable {
  private let descriptor: Int32

  /// Takes the right to write the run in the directory `path`; waits for up to `patience` if another process has it.
  /// - Throws: `RunDirectoryError.busy` if it does not let go of it.
  public init(run path: String, patience: Duration = .seconds(10)) throws(RunDirectoryError) {
    let log = path + "/events.jsonl"
    descriptor = open(log, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .unwritable(path: log, reason: String(cString: strerror(errno)))
    }
    let end = ContinuousClock.now.advanced(by: patience)
    // File systems without locks answer otherwise; there the user has to take care.
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      guard ContinuousClock.now < end else { throw .busy(path) }
      LongWork.progressed()
      Thread.sleep(forTimeInterval: 0.05)
    }
  }

  /// Whether a process has that right. File systems without locks say no.
  static func isTaken(run path: String) -> Bool {
    let descriptor = open(path + "/events.jsonl", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  deinit { close(descriptor) }
}
