// Everything that can be wrong with a checkpoint, or with the place where one is to be written.

import Files

/// Why a checkpoint cannot be read or written.
public enum CheckpointError: FileFormatError, Equatable, CustomStringConvertible {
  /// The system refuses to read the file.
  case unreadable(file: String, reason: String)
  /// The system refuses to write the file; the checkpoints before it are still there.
  case unwritable(file: String, reason: String)
  /// The file is no checkpoint: it begins in another way.
  case foreign(file: String, found: String)
  /// A checkpoint in a version of the format that this program does not know.
  case version(file: String, expected: Int, found: Int)
  /// A checkpoint that was cut off or altered.
  case damaged(file: String, place: String, expected: String, found: String)

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason); check the path and its permissions"
    case .unwritable(let file, let reason):
      "\(file): cannot be written: \(reason); make room, or mend the directory and its permissions"
    case .foreign(let file, let found):
      "\(file): expected a checkpoint, found a file that begins with \(found); remove it"
    case .version(let file, let expected, let found):
      "\(file): expected a checkpoint of version \(expected), found version \(found); continue with the odn that wrote it"
    case .damaged(let file, let place, let expected, let found):
      "\(file), \(place): expected \(expected), found \(found): the checkpoint is damaged; remove it"
    }
  }
}
