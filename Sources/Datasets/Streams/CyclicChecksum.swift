// zlib's CRC-32, as zip archives have it.

import CZlib
import Foundation

/// A CRC-32 (ISO 3309) over bytes that come in pieces.
struct CyclicChecksum {
  private(set) var value: UInt32 = 0

  /// Adds bytes behind those added before.
  mutating func add(_ bytes: some ContiguousBytes & Collection<UInt8>) {
    value = bytes.withUnsafeBytes { bytes in
      UInt32(truncatingIfNeeded: crc32_z(uLong(value), bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
    }
  }
}
