// Tar archives, as far as plain files with short names need them: POSIX.1-1988 (ustar).

/// A tar archive, read file by file.
final class TarArchive {
  /// A plain file in the archive.
  struct Member {
    /// The last part of its path.
    let name: String
    /// Its length in bytes.
    let size: Int
  }

  /// What the archive is read from: after `next()`, the content of the member that this returned.
  let content: any ByteStream
  private static let blockSize = 512

  init(_ content: any ByteStream) { self.content = content }

  /// The header of the next plain file; nil at the end of the archive. The one before has to be read or passed over.
  func next() throws(DatasetError) -> Member? {
    while content.mostBytesLeft > 0 {
      let position = content.position
      let header = try content.bytes(Self.blockSize)
      if header.allSatisfy({ $0 == 0 }) { return nil }
      guard Array(header[257..<262]) == Array("ustar".utf8) else {
        throw .malformed(position, expected: "a header of a tar archive (ustar)", found: "other bytes")
      }
      let digits = header[124..<135].prefix { (0x30...0x37).contains($0) }
      guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 8) else {
        throw .malformed(position.moved(by: 124), expected: "a size in octal digits", found: "other bytes")
      }
      let path = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
      let member = Member(name: path.split(separator: "/").last.map(String.init) ?? "", size: size)
      if header[156] == 0x30 || header[156] == 0 { return member }
      try skip(member)
    }
    return nil
  }

  /// Passes over a member's content.
  func skip(_ member: Member) throws(DatasetError) {
    var piece = [UInt8](repeating: 0, count: min(member.size, 1 << 16))
    var left = member.size
    while left > 0 {
      try content.fill(&piece, 0..<min(left, piece.count))
      left -= min(left, piece.count)
    }
    try finish(member)
  }

  /// Goes on to the next header after a member's content has been read.
  func finish(_ member: Member) throws(DatasetError) {
    _ = try content.bytes(-member.size & (Self.blockSize - 1))
  }
}
