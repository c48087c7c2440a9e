// What is written: named sections of numbers. What they mean is left to whoever writes them.

import Files
import Foundation

/// The elements of a section.
public enum CheckpointValues: Equatable, Sendable {
  /// Bytes, such as JSON.
  case bytes([UInt8])
  /// 32-bit floats; every bit is kept.
  case floats([Float])
  /// 64-bit floats; every bit is kept.
  case doubles([Double])

  var kind: CheckpointFormat.Kind {
    switch self {
    case .bytes: .bytes
    case .floats: .floats
    case .doubles: .doubles
    }
  }

  var count: Int {
    switch self {
    case .bytes(let values): values.count
    case .floats(let values): values.count
    case .doubles(let values): values.count
    }
  }
}

/// A named part of a checkpoint.
public struct CheckpointSection: Equatable, Sendable {
  /// What its reader asks for.
  public let name: String
  /// Its elements.
  public let values: CheckpointValues

  /// A section to be written.
  public init(_ name: String, _ values: CheckpointValues) {
    self.name = name
    self.values = values
  }
}

/// A checkpoint to be written.
public struct CheckpointContent: Equatable, Sendable {
  /// The sections, in the order in which they will be read.
  public var sections: [CheckpointSection]

  /// A content of `sections`.
  public init(_ sections: [CheckpointSection]) {
    self.sections = sections
  }

  /// Writes the file. What was at `path` is replaced at once and as a whole, when the new file is safe on disk.
  /// - Throws: `CheckpointError.unwritable`; nothing new is then at `path` or beside it.
  public func write(to path: String) throws(CheckpointError) {
    let start = prefix
    try CheckpointError.translating { () throws(FileError) in
      var file = try AtomicFile(path: path)
      try file.write(start)
      try file.write([Checksum.of(start)])
      for section in sections {
        switch section.values {
        case .bytes(let values): try Self.append(values, to: &file)
        case .floats(let values): try Self.append(values.map(\.bitPattern), to: &file)
        case .doubles(let values): try Self.append(values.map(\.bitPattern), to: &file)
        }
      }
      try file.commit()
    }
  }

  private static func append<Word: FixedWidthInteger & BitwiseCopyable>(
    _ words: [Word], to file: inout AtomicFile
  ) throws(FileError) {
    try file.write(words)
    try file.write([Checksum.of(words)])
  }

  /// Everything before the first checksum.
  private var prefix: [UInt8] {
    let rows = sections.map { section in
      let entry = CheckpointFormat.Entry(
        name: section.name, kind: section.values.kind, count: section.values.count)
      return #"{"name":"\#(entry.name)","kind":"\#(entry.kind.rawValue)","count":\#(entry.count)}"#
    }
    precondition(
      sections.allSatisfy { $0.name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == ".") } },
      "a section's name has letters, digits and full stops")
    let table = Array("[\(rows.joined(separator: ","))]".utf8)
    let sizes = [UInt32(CheckpointFormat.version), UInt32(table.count)]
    return CheckpointFormat.magic
      + sizes.flatMap { size in (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } }
      + table
  }
}
