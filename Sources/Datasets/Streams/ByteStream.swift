// Bytes from outside, read once from front to back, with every length checked before memory is taken for it.

/// A source of bytes that is read from front to back.
protocol ByteStream: AnyObject {
  /// Where the next byte stands.
  var position: FilePosition { get }

  /// The most bytes that can still follow: exact for a file, an upper bound for packed data.
  var mostBytesLeft: Int { get }

  /// Reads into `bytes[range]`, and says how many bytes that were: fewer than asked for only at the end.
  func read(into bytes: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int
}

/// The most bytes taken into memory at once: four times the largest data set in the catalogue. A packed file of a
/// thousandth of that may declare as many.
private let byteLimit = 1 << 30

extension ByteStream {
  /// Reads `bytes[range]` completely.
  func fill(_ bytes: inout [UInt8], _ range: Range<Int>) throws(DatasetError) {
    let start = position
    let found = try read(into: &bytes, range)
    guard found == range.count else { throw .truncated(start, expected: range.count, found: found) }
  }

  /// The next `count` bytes.
  func bytes(_ count: Int) throws(DatasetError) -> [UInt8] {
    try expect(count)
    var bytes = [UInt8](repeating: 0, count: count)
    try fill(&bytes, 0..<count)
    return bytes
  }

  /// Checks that `count` bytes may follow and may be taken into memory.
  func expect(_ count: Int) throws(DatasetError) {
    guard count <= mostBytesLeft else { throw .truncated(position, expected: count, found: mostBytesLeft) }
    guard count <= byteLimit else { throw .tooLarge(position, bytes: count, limit: byteLimit) }
  }

  /// Checks that nothing follows. Packed data is only known to be intact after this.
  func expectEnd() throws(DatasetError) {
    let end = position
    var extra: [UInt8] = [0]
    guard try read(into: &extra, 0..<1) == 0 else { throw .malformed(end, expected: "the end", found: "more bytes") }
  }
}

extension Array where Element == UInt8 {
  /// The integer at `offset`, in the given byte order.
  func integer<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type = T.self, at offset: Int, bigEndian: Bool) -> T {
    let bytes = self[offset..<offset + MemoryLayout<T>.size]
    return bigEndian ? bytes.reduce(0) { $0 << 8 | T($1) } : bytes.reversed().reduce(0) { $0 << 8 | T($1) }
  }
}
