// Bytes of a file, or of a part of it.

import Files

/// The bytes of a file, or of a part of it.
final class FileStream: ByteStream {
  private let file: InputFile
  private var offset: Int
  private let end: Int

  /// A whole file.
  convenience init(_ file: InputFile) { self.init(file, 0..<file.size) }

  /// A whole file.
  convenience init(path: String) throws(DatasetError) {
    self.init(try DatasetError.translating { () throws(FileError) in try InputFile(path: path) })
  }

  private init(_ file: InputFile, _ range: Range<Int>) {
    self.file = file
    offset = range.lowerBound
    end = range.upperBound
  }

  var position: FilePosition { FilePosition(file: file.path, offset: offset) }
  var mostBytesLeft: Int { end - offset }

  func read(into bytes: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
    let wanted = range.lowerBound..<range.lowerBound + min(range.count, mostBytesLeft)
    let count = try DatasetError.translating { () throws(FileError) in
      try file.read(into: &bytes, wanted, from: offset)
    }
    offset += count
    return count
  }

  /// The next `count` bytes as a stream of their own; this one goes on after them.
  func part(_ count: Int) throws(DatasetError) -> FileStream {
    guard count <= mostBytesLeft else { throw .truncated(position, expected: count, found: mostBytesLeft) }
    defer { offset += count }
    return FileStream(file, offset..<offset + count)
  }

  /// `count` bytes from byte `start` of the file on, as a stream of their own, wherever this one is.
  func part(at start: Int, _ count: Int) throws(DatasetError) -> FileStream {
    let place = FilePosition(file: file.path, offset: start)
    guard start >= 0, count >= 0, start <= end, count <= end - start else {
      throw .truncated(place, expected: count, found: max(0, end - start))
    }
    return FileStream(file, start..<start + count)
  }

  /// The stream itself, or what it unpacks to if it begins as gzip data does. The content decides, not the name:
  /// browsers like to unpack a file and keep its name.
  func unpacked() throws(DatasetError) -> any ByteStream {
    let start = offset
    var magic: [UInt8] = [0, 0]
    let count = try read(into: &magic, 0..<2)
    offset = start
    return count == 2 && magic == [0x1f, 0x8b] ? try InflateStream(self, format: .gzip) : self
  }
}

extension DatasetError {
  fileprivate static func translating<Value>(_ body: () throws(FileError) -> Value) throws(DatasetError) -> Value {
    do {
      return try body()
    } catch {
      switch error {
      case .unreadable(let path, let reason), .unwritable(let path, let reason):
        throw .unreadable(file: path, reason: reason)
      }
    }
  }
}
