// The readers that are fed with damaged input: each takes any bytes, and either reads them or says what is wrong.

/// A reader of files from outside, as the fuzzer and the tests of its corpus call it.
public struct FuzzReader: Sendable {
  /// Its name, and that of its folders in `corpus/` and `found/`.
  public let name: String
  /// What it says to bytes that it refuses; nil for bytes that it takes. Anything else, such as a trap, is a bug.
  public let complaint: @Sendable ([UInt8]) -> String?

  /// Whether a terminal shows a message as it was meant: there are no control characters in it but ends of lines.
  public static func isPrintable(_ message: String) -> Bool {
    message.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == UInt8(ascii: "\n") }
  }

  /// All of them.
  public static let all = [idx, gzip, cifar, matlab, npz, model, checkpoint, search, configuration]
}

/// An input, taken apart from front to back; what is missing at its end counts as zeros.
///
/// Formats with lengths and checksums would refuse nearly all that a fuzzer comes up with. So most readers' inputs say in
/// their first byte how a file is to be made of the rest: as it stands, or framed so that it gets further.
struct FuzzInput {
  private var bytes: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

  mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }

  /// An integer of `size` bytes, little-endian.
  mutating func integer(_ size: Int) -> Int { (0..<size).reduce(0) { $0 | Int(byte()) << (8 * $1) } }

  /// A part that has its length, two bytes, before it.
  mutating func part() -> [UInt8] {
    let count = integer(2)
    defer { bytes = bytes.dropFirst(count) }
    return Array(bytes.prefix(count))
  }

  /// All that is left.
  mutating func rest() -> [UInt8] {
    defer { bytes = [] }
    return Array(bytes)
  }

  var isEmpty: Bool { bytes.isEmpty }
}

extension FixedWidthInteger {
  /// Its bytes in a file.
  var littleEndianBytes: [UInt8] {
    (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
  }

  /// Its bytes in a file that has the high ones first.
  var bigEndianBytes: [UInt8] { littleEndianBytes.reversed() }
}
