// Everything that can be wrong with a model file, or with the place where one is to be written.

import Files

/// A place in a model file.
public enum ModelFilePlace: Equatable, Sendable, CustomStringConvertible {
  /// The file as a whole.
  case file
  /// So many bytes from its beginning.
  case byte(Int)
  /// The header, the JSON text behind the first 8 bytes.
  case header
  /// A tensor, by its name in the file.
  case tensor(String)
  /// An entry of the metadata, by its key.
  case metadata(String)

  /// For example `tensor "fc.weight"`.
  public var description: String {
    switch self {
    case .file: "the file"
    case .byte(let offset): "byte \(offset)"
    case .header: "the header"
    case .tensor(let name): "tensor \(quoted(name))"
    case .metadata(let key): "metadata \(quoted(key))"
    }
  }
}

/// Why a model file cannot be read or written.
public enum ModelFileError: FileFormatError, Equatable, CustomStringConvertible {
  /// The system refuses to read the file.
  case unreadable(file: String, reason: String)
  /// The system refuses to write the file; what was at its place before is still there.
  case unwritable(file: String, reason: String)
  /// The file is no safetensors file of 32-bit floats, or a damaged one.
  case malformed(file: String, ModelFilePlace, expected: String, found: String)
  /// A sound safetensors file that holds another network than its metadata says, or says nothing of one.
  case mismatch(file: String, ModelFilePlace, expected: String, found: String)
  /// A model file of a version that this program does not know.
  case version(file: String, expected: String, found: String)

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason); check the path and its permissions"
    case .unwritable(let file, let reason):
      "\(file): cannot be written: \(reason); check the directory, its permissions and the free space"
    case .malformed(let file, let place, let expected, let found):
      "\(file), \(place): expected \(expected), found \(found): this is no safetensors file of 32-bit floats, or a "
        + "damaged one; copy or export it again"
    case .mismatch(let file, let place, let expected, let found):
      "\(file), \(place): expected \(expected), found \(found): this is no model file of odn, or an altered one; use a "
        + "file that odn has written"
    case .version(let file, let expected, let found):
      "\(file): expected a model file of version \(expected), found version \(quoted(found)); use the odn that wrote it"
    }
  }
}

/// Text out of a file, fit for one line of a message.
func quoted(_ text: String) -> String {
  text.count > 60 ? String(text.prefix(60)).debugDescription + "…" : text.debugDescription
}
