// Zip archives of files that are stored or deflated, as "APPNOTE.TXT - .ZIP File Format Specification" (PKWARE)
// describes them. What goes beyond 4 GB or 65,535 files (zip64), encrypted files and other methods are refused.

/// The files in a zip archive, by its central directory.
struct ZipArchive {
  /// A file in the archive.
  struct Member {
    let name: String
    fileprivate let isDeflated: Bool
    fileprivate let checksum: UInt32
    fileprivate let packedSize: Int
    /// Bytes of the file once it is unpacked.
    let size: Int
    fileprivate let start: Int
  }

  let members: [Member]
  private let stream: FileStream
  private enum Size {
    static let end = 22
    static let entry = 46
    static let local = 30
    static let comment = 65_535
  }

  /// Reads the directory of an archive.
  init(_ stream: FileStream) throws(DatasetError) {
    self.stream = stream
    let fileSize = stream.mostBytesLeft
    let tailSize = min(fileSize, Size.end + Size.comment)
    let tailStart = fileSize - tailSize
    let tail = try stream.part(at: tailStart, tailSize).bytes(tailSize)
    guard let end = Self.endRecord(in: tail) else {
      throw .malformed(stream.position, expected: "a zip archive", found: "no directory at the end of the file")
    }
    let record = Array(tail[end..<end + Size.end])
    let position = FilePosition(file: stream.position.file, offset: tailStart + end)
    let count = Int(record.integer(UInt16.self, at: 10, bigEndian: false))
    let size = Int(record.integer(UInt32.self, at: 12, bigEndian: false))
    let start = Int(record.integer(UInt32.self, at: 16, bigEndian: false))
    guard count != 0xFFFF, size != 0xFFFF_FFFF, start != 0xFFFF_FFFF else { throw Self.beyondLimits(position) }
    let directory = try stream.part(at: start, size)
    var members: [Member] = []
    for _ in 0..<count { members.append(try Self.member(directory)) }
    self.members = members
  }

  /// Where the last end record begins: its comment reaches to the end of the file.
  private static func endRecord(in tail: [UInt8]) -> Int? {
    guard tail.count >= Size.end else { return nil }
    return stride(from: tail.count - Size.end, through: 0, by: -1).first { start in
      tail[start] == 0x50 && tail.integer(UInt32.self, at: start, bigEndian: false) == 0x0605_4B50
        && start + Size.end + Int(tail.integer(UInt16.self, at: start + 20, bigEndian: false)) == tail.count
    }
  }

  private static func member(_ directory: FileStream) throws(DatasetError) -> Member {
    let position = directory.position
    let entry = try directory.bytes(Size.entry)
    func short(_ offset: Int) -> Int { Int(entry.integer(UInt16.self, at: offset, bigEndian: false)) }
    func long(_ offset: Int) -> Int { Int(entry.integer(UInt32.self, at: offset, bigEndian: false)) }
    guard long(0) == 0x0201_4B50 else {
      throw .malformed(position, expected: "an entry of a zip archive's directory", found: "other bytes")
    }
    let name = String(decoding: try directory.bytes(short(28)), as: UTF8.self)
    _ = try directory.bytes(short(30) + short(32))
    guard short(8) & 1 == 0 else { throw .malformed(position, expected: "a plain file", found: "an encrypted one") }
    guard short(10) == 0 || short(10) == 8 else {
      throw .malformed(
        position, expected: "a stored or deflated file (method 0 or 8)", found: "compression method \(short(10))")
    }
    guard long(20) != 0xFFFF_FFFF, long(24) != 0xFFFF_FFFF, long(42) != 0xFFFF_FFFF else {
      throw beyondLimits(position)
    }
    return Member(
      name: name, isDeflated: short(10) == 8, checksum: UInt32(long(16)), packedSize: long(20), size: long(24),
      start: long(42))
  }

  private static func beyondLimits(_ position: FilePosition) -> DatasetError {
    .malformed(position, expected: "an archive of less than 4 GB", found: "a larger one (zip64)")
  }

  /// The content of a file in the archive. `ZipMemberStream.finish()` tells whether it was intact.
  func open(_ member: Member) throws(DatasetError) -> ZipMemberStream {
    let header = try stream.part(at: member.start, Size.local)
    let position = header.position
    let local = try header.bytes(Size.local)
    guard local.integer(UInt32.self, at: 0, bigEndian: false) == 0x0403_4B50 else {
      throw .malformed(position, expected: "a file of a zip archive", found: "other bytes")
    }
    let names = local.integer(UInt16.self, at: 26, bigEndian: false)
    let extras = local.integer(UInt16.self, at: 28, bigEndian: false)
    let content = try stream.part(at: member.start + Size.local + Int(names) + Int(extras), member.packedSize)
    return ZipMemberStream(
      member.isDeflated ? try InflateStream(content, format: .raw) : content, size: member.size,
      checksum: member.checksum)
  }
}

/// The content of a file in a zip archive, which knows its size and is compared with its checksum.
final class ZipMemberStream: ByteStream {
  private let content: any ByteStream
  private let expectedChecksum: UInt32
  private var checksum = CyclicChecksum()
  private var left: Int

  fileprivate init(_ content: any ByteStream, size: Int, checksum: UInt32) {
    self.content = content
    left = size
    expectedChecksum = checksum
  }

  var position: FilePosition { content.position }
  var mostBytesLeft: Int { min(left, content.mostBytesLeft) }

  func read(into bytes: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
    let wanted = range.lowerBound..<range.lowerBound + min(range.count, left)
    let count = try content.read(into: &bytes, wanted)
    checksum.add(bytes[wanted.lowerBound..<wanted.lowerBound + count])
    left -= count
    return count
  }

  /// Checks, after all bytes have been read, that nothing follows and that they are those which were packed.
  func finish() throws(DatasetError) {
    try expectEnd()
    try content.expectEnd()
    guard checksum.value == expectedChecksum else {
      throw .malformed(position, expected: "bytes with the checksum \(expectedChecksum)", found: "\(checksum.value)")
    }
  }
}
