// zlib's CRC-32 of words as they stand in a file; the only file here that talks to zlib.

import CZlib

/// A CRC-32 (ISO 3309) over bytes that come in pieces.
struct Checksum {
  private(set) var value: UInt32 = 0

  /// Adds words, in the bytes that they have in little-endian order.
  mutating func add<Word: FixedWidthInteger & BitwiseCopyable>(_ words: [Word]) {
    let stored = Word(littleEndian: 1) == 1 ? words : words.map(\.littleEndian)
    value = stored.withUnsafeBytes { bytes in
      UInt32(truncatingIfNeeded: crc32_z(uLong(value), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    }
  }

  /// The checksum of all `words`.
  static func of<Word: FixedWidthInteger & BitwiseCopyable>(_ words: [Word]) -> UInt32 {
    var checksum = Checksum()
    checksum.add(words)
    return checksum.value
  }
}
