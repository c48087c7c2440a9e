// Reads a checkpoint front to back. The file is untrusted: no length is used before it is checked, and memory is taken
// only for what the caller expects and the file has.

import Files
import Foundation

/// An open checkpoint. Its sections are asked for in the order in which they were written.
public struct CheckpointReader: ~Copyable {
  private let file: InputFile
  private var entries: ArraySlice<CheckpointFormat.Entry>

  /// Path of the file.
  public var path: String { file.path }

  /// Opens a checkpoint, and checks that its table is intact and that the file is as long as it says.
  /// - Throws: `CheckpointError`.
  public init(path: String) throws(CheckpointError) {
    try self.init(CheckpointError.translating { () throws(FileError) in try InputFile(path: path) })
  }

  /// Begins a checkpoint that is open already, and checks the same.
  /// - Throws: `CheckpointError`.
  public init(_ file: InputFile) throws(CheckpointError) {
    entries = try Self.table(of: file)[...]
    self.file = file
  }

  /// The next section, which has to be `name`, with at most `limit` bytes.
  /// - Throws: `CheckpointError`.
  public mutating func bytes(_ name: String, atMost limit: Int) throws(CheckpointError) -> [UInt8] {
    let entry = try next(name, .bytes)
    guard entry.count <= limit else {
      throw damaged("section \(name)", expected: "at most \(limit) bytes", found: "\(entry.count)")
    }
    return try words(entry)
  }

  /// The next section, which has to be `name`, with `count` floats.
  /// - Throws: `CheckpointError`.
  public mutating func floats(_ name: String, count: Int) throws(CheckpointError) -> [Float] {
    let words: [UInt32] = try words(next(name, .floats, count: count))
    return words.map(Float.init(bitPattern:))
  }

  /// The next section, which has to be `name`, with `count` doubles.
  /// - Throws: `CheckpointError`.
  public mutating func doubles(_ name: String, count: Int) throws(CheckpointError) -> [Double] {
    let words: [UInt64] = try words(next(name, .doubles, count: count))
    return words.map(Double.init(bitPattern:))
  }

  /// Checks that every section was read.
  /// - Throws: `CheckpointError.damaged`.
  public func expectEnd() throws(CheckpointError) {
    guard let entry = entries.first else { return }
    throw damaged("section \(shown(entry.name))", expected: "no more sections", found: "this one")
  }

  /// An error that names this file, for what its reader finds wrong with the content of a section.
  public func damaged(_ place: String, expected: String, found: String) -> CheckpointError {
    .damaged(file: file.path, place: place, expected: expected, found: found)
  }

  private mutating func next(
    _ name: String, _ kind: CheckpointFormat.Kind, count: Int? = nil
  ) throws(CheckpointError) -> CheckpointFormat.Entry {
    guard let entry = entries.popFirst() else {
      throw damaged("section \(name)", expected: "\(kind.rawValue)", found: "no more sections")
    }
    guard entry.name == name, entry.kind == kind, count == nil || entry.count == count else {
      let expected = [count.map(String.init), kind.rawValue].compactMap(\.self).joined(separator: " ")
      throw damaged(
        "section \(name)", expected: expected,
        found: "section \(shown(entry.name)) of \(entry.count) \(entry.kind.rawValue)")
    }
    return entry
  }

  /// The elements of the section at hand, once their checksum is known to be theirs.
  private func words<Word: FixedWidthInteger & BitwiseCopyable>(
    _ entry: CheckpointFormat.Entry
  ) throws(CheckpointError) -> [Word] {
    let (words, checksum) = try CheckpointError.translating { () throws(FileError) in
      (try file.read(entry.count, of: Word.self), try file.read(1, of: UInt32.self)[0])
    }
    guard Checksum.of(words) == checksum else {
      throw damaged("section \(entry.name)", expected: "the checksum \(checksum)", found: "\(Checksum.of(words))")
    }
    return words
  }
}

extension CheckpointReader {
  private static func table(of file: InputFile) throws(CheckpointError) -> [CheckpointFormat.Entry] {
    let (path, size) = (file.path, file.size)
    func damaged(_ place: String, expected: String, found: String) -> CheckpointError {
      .damaged(file: path, place: place, expected: expected, found: found)
    }
    let available = min(size, CheckpointFormat.prefixSize)
    let prefix = try bytes(available, of: file)
    let magic = prefix.prefix(CheckpointFormat.magic.count)
    guard CheckpointFormat.magic.starts(with: magic), !magic.isEmpty else {
      throw .foreign(file: path, found: shown(String(decoding: magic, as: UTF8.self)))
    }
    guard available == CheckpointFormat.prefixSize else {
      throw damaged("the beginning", expected: "\(CheckpointFormat.prefixSize) bytes", found: "\(size)")
    }
    let (version, length) = (integer(prefix[8..<12]), integer(prefix[12..<16]))
    guard version == CheckpointFormat.version else {
      throw .version(file: path, expected: CheckpointFormat.version, found: version)
    }
    let room = min(
      size - CheckpointFormat.prefixSize - CheckpointFormat.checksumSize, CheckpointFormat.maximumTableSize)
    guard length <= room else {
      throw damaged("byte 12", expected: "a table of at most \(max(room, 0)) bytes", found: "one of \(length)")
    }
    let table = try bytes(length, of: file)
    let checksum = integer(try bytes(CheckpointFormat.checksumSize, of: file)[...])
    guard Int(Checksum.of(prefix + table)) == checksum else {
      throw damaged("the table", expected: "the checksum \(checksum)", found: "\(Checksum.of(prefix + table))")
    }
    guard let entries = try? JSONDecoder().decode([CheckpointFormat.Entry].self, from: Data(table)) else {
      throw damaged("the table", expected: "a list of sections", found: "something else")
    }
    var end = CheckpointFormat.prefixSize + length + CheckpointFormat.checksumSize
    for entry in entries {
      guard let bytes = entry.size else {
        throw damaged(
          "section \(shown(entry.name))", expected: "a number of elements that a file can have",
          found: "\(entry.count)")
      }
      end += bytes + CheckpointFormat.checksumSize
    }
    guard end == size else {
      throw damaged("the file", expected: "\(end) bytes, as its table says", found: "\(size)")
    }
    return entries
  }

  private static func bytes(_ count: Int, of file: InputFile) throws(CheckpointError) -> [UInt8] {
    try CheckpointError.translating { () throws(FileError) in try file.read(count, of: UInt8.self) }
  }

  private static func integer(_ bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }
}

/// Text out of a file, fit for one line of a message.
private func shown(_ text: String) -> String { String(text.prefix(40)).debugDescription }
