// The form of a checkpoint: data only, every part with its length and its checksum. All numbers are little-endian.
//
//   8 bytes   "odnstate"
//   4 bytes   version of the format
//   4 bytes   length of the table
//   table     JSON: name, kind and number of elements of each section, in the order of the sections
//   4 bytes   CRC-32 of everything before
//   then, for each section, its elements and their CRC-32; nothing follows the last one

import Foundation

enum CheckpointFormat {
  static let magic = Array("odnstate".utf8)
  static let version = 1
  static let prefixSize = 16
  static let checksumSize = 4
  /// The longest table that is read, in bytes: a thousand times what a search writes.
  static let maximumTableSize = 1 << 20
  /// The most bytes that a section may have; sums of a few of them stay far from overflow.
  static let maximumSectionSize = 1 << 40

  /// What the elements of a section are.
  enum Kind: String, Codable {
    case bytes
    case floats
    case doubles

    var elementSize: Int {
      switch self {
      case .bytes: 1
      case .floats: 4
      case .doubles: 8
      }
    }
  }

  /// A section's row in the table.
  struct Entry: Codable {
    let name: String
    let kind: Kind
    let count: Int

    /// Its elements' bytes; nil for a count that no section has.
    var size: Int? {
      guard (0...CheckpointFormat.maximumSectionSize / kind.elementSize).contains(count) else { return nil }
      return count * kind.elementSize
    }
  }
}
