// Frames that say the truth about what is in them, so that damage inside of them is all there is.

import CZlib

enum Packing {
  /// A member of a gzip file (RFC 1952) that stores `content`.
  static func gzip(_ content: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    return header + stored(content) + crc(content).littleEndianBytes + UInt32(content.count).littleEndianBytes
  }

  /// A zlib stream (RFC 1950) that stores `content`.
  static func zlib(_ content: [UInt8]) -> [UInt8] {
    [0x78, 0x01] + stored(content) + UInt32(adler32(1, content, UInt32(content.count))).bigEndianBytes
  }

  /// A zip archive of files, stored, or in deflated data that stores them.
  static func zip(_ files: [(name: String, content: [UInt8])], deflated: Bool) -> [UInt8] {
    var archive: [UInt8] = []
    var directory: [UInt8] = []
    for file in files {
      let packed = deflated ? stored(file.content) : file.content
      let name = Array(file.name.utf8)
      var fields: [UInt8] = [20, 0, 0, 0, deflated ? 8 : 0, 0, 0, 0, 0, 0]
      fields += crc(file.content).littleEndianBytes + UInt32(packed.count).littleEndianBytes
      fields += UInt32(file.content.count).littleEndianBytes + UInt16(name.count).littleEndianBytes + [0, 0]
      directory += [0x50, 0x4b, 1, 2, 20, 0] + fields + [UInt8](repeating: 0, count: 10)
      directory += UInt32(archive.count).littleEndianBytes + name
      archive += [0x50, 0x4b, 3, 4] + fields + name + packed
    }
    let count = UInt16(files.count).littleEndianBytes
    let end = UInt32(directory.count).littleEndianBytes + UInt32(archive.count).littleEndianBytes
    return archive + directory + [0x50, 0x4b, 5, 6, 0, 0, 0, 0] + count + count + end + [0, 0]
  }

  /// The CRC-32 that gzip and checkpoints use.
  static func crc(_ content: [UInt8]) -> UInt32 { UInt32(crc32(0, content, UInt32(content.count))) }

  /// Blocks of deflated data that are stored (RFC 1951, 3.2.4).
  private static func stored(_ content: [UInt8]) -> [UInt8] {
    var blocks: [UInt8] = []
    var rest = content[...]
    repeat {
      let block = rest.prefix(0xffff)
      rest = rest.dropFirst(block.count)
      let size = UInt16(block.count)
      blocks += [rest.isEmpty ? 1 : 0] + size.littleEndianBytes + (~size).littleEndianBytes + block
    } while !rest.isEmpty
    return blocks
  }
}
