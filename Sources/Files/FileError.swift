// What the system may say to reading and writing. Modules with a file format of their own give it their words.

import Foundation

/// A system call on a file that failed.
public enum FileError: Error, Equatable, CustomStringConvertible {
  /// The file cannot be read.
  case unreadable(path: String, reason: String)
  /// The file cannot be written; what was at its place before is still there.
  case unwritable(path: String, reason: String)

  /// What failed, why, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let path, let reason):
      "\(path): cannot be read: \(reason); check the path and its permissions"
    case .unwritable(let path, let reason):
      "\(path): cannot be written: \(reason); check the directory, its permissions and the free space"
    }
  }

  /// The system's words for the error that its last call on this thread left.
  static var lastReason: String { String(cString: strerror(errno)) }
}

/// The errors of a file format, which say in words of their own what the system says to reading and writing.
public protocol FileFormatError: Error {
  /// The file cannot be read.
  static func unreadable(file: String, reason: String) -> Self
  /// The file cannot be written.
  static func unwritable(file: String, reason: String) -> Self
}

extension FileFormatError {
  /// Runs `body`.
  /// - Throws: the format's error for what the system refused.
  public static func translating<Value: ~Copyable>(_ body: () throws(FileError) -> Value) throws(Self) -> Value {
    do {
      return try body()
    } catch {
      switch error {
      case .unreadable(let path, let reason): throw .unreadable(file: path, reason: reason)
      case .unwritable(let path, let reason): throw .unwritable(file: path, reason: reason)
      }
    }
  }
}
