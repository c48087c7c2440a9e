// The form of a checkpoint: what is written is read, and nothing else is taken for it.

import Checkpoints
import Foundation
import Testing

@Suite("The format of checkpoints")
struct FormatTests {
  private let directory: TemporaryDirectory
  private let path: String
  private let bytes: [UInt8]

  init() throws {
    directory = try TemporaryDirectory()
    path = directory.file("sound")
    try Fixture.content.write(to: path)
    bytes = try directory.bytes("sound")
  }

  @Test("every bit comes back, and equal contents are equal bytes")
  func roundTrip() throws {
    #expect(try Fixture.read(path) == Fixture.bits)
    try Fixture.content.write(to: directory.file("again"))
    #expect(try directory.bytes("again") == bytes)
    #expect(try directory.names() == ["again", "sound"])
  }

  @Test("checksums are those of ISO 3309")
  func checksum() throws {
    // The check value that the standard's catalogues give for these nine digits.
    try CheckpointContent([CheckpointSection("a", .bytes(Array("123456789".utf8)))]).write(to: path)
    #expect(try directory.bytes("sound").suffix(4) == [0x26, 0x39, 0xF4, 0xCB])
  }

  @Test("any single byte that is altered is noticed")
  func everyByte() throws {
    for offset in bytes.indices {
      for flip in [UInt8(1), 0x80, 0xFF] {
        var damaged = bytes
        damaged[offset] ^= flip
        let error = Fixture.error(try directory.write(damaged, as: "damaged"))
        #expect(error != nil, "byte \(offset) flipped by \(flip)")
      }
    }
  }

  @Test("a file cut off anywhere, or with something behind its end, is noticed")
  func everyLength() throws {
    for length in bytes.indices {
      #expect(Fixture.error(try directory.write(bytes.prefix(length), as: "cut")) != nil, "\(length) bytes")
    }
    #expect(Fixture.error(try directory.write(bytes + [0], as: "long")) != nil)
  }

  @Test("files that are none of ours are told apart from damaged ones, and from those of another version")
  func kinds() throws {
    func error(_ bytes: [UInt8]) throws -> CheckpointError? { Fixture.error(try directory.write(bytes, as: "x")) }
    for foreign in [Array("PK\u{3}\u{4} and so on and on".utf8), [UInt8](repeating: 0, count: 4096), []] {
      guard case .foreign? = try error(foreign) else {
        Issue.record("\(foreign.prefix(8))")
        continue
      }
    }
    var newer = bytes
    newer[8] = 2
    #expect(try error(newer) == .version(file: directory.file("x"), expected: 1, found: 2))
    guard case .damaged? = try error(Array(bytes.dropLast())) else { return #expect(Bool(false)) }
    guard case .unreadable? = Fixture.error(directory.path) else { return #expect(Bool(false), "a directory") }
    guard case .unreadable? = Fixture.error(directory.file("none")) else { return #expect(Bool(false), "no file") }
  }

  @Test(
    "huge lengths in an intact table are refused before any memory is taken",
    arguments: [
      #"[{"name":"state","kind":"bytes","count":9223372036854775807}]"#,
      #"[{"name":"state","kind":"doubles","count":2305843009213693952}]"#,
      #"[{"name":"state","kind":"bytes","count":1099511627776}]"#,
      #"[{"name":"state","kind":"bytes","count":-1}]"#,
      #"[{"name":"state","kind":"bytes","count":1e30}]"#,
      #"[{"name":"state","kind":"words","count":1}]"#,
      #"{"name":"state"}"#, "[", "",
    ])
  func hugeCounts(_ table: String) throws {
    let error = Fixture.error(try directory.write(Self.file(table: Array(table.utf8)), as: "huge"))
    guard case .damaged? = error else { return #expect(Bool(false), "\(error.map(\.description) ?? "taken")") }
  }

  @Test("a table longer than the file is refused")
  func hugeTable() throws {
    for length: UInt32 in [.max, 1 << 31, 1 << 20, 100] {
      let error = Fixture.error(try directory.write(Self.file(table: [], claiming: length), as: "huge"))
      guard case .damaged(_, "byte 12", _, _)? = error else { return #expect(Bool(false), "\(length)") }
    }
  }

  @Test("a section is taken only under its name, with its kind and as many elements as are expected")
  func expectations() throws {
    func refused(_ read: (inout CheckpointReader) throws -> Void) throws {
      var reader = try CheckpointReader(path: path)
      _ = #expect(throws: CheckpointError.self) { try read(&reader) }
    }
    try refused { _ = try $0.bytes("other", atMost: 100) }
    try refused { _ = try $0.bytes("state", atMost: Fixture.text.count - 1) }
    try refused { _ = try $0.floats("state", count: Fixture.text.count) }
    try refused {
      _ = try $0.bytes("state", atMost: 100)
      _ = try $0.floats("values", count: Fixture.floats.count + 1)
    }
    try refused {
      _ = try $0.bytes("state", atMost: 100)
      try $0.expectEnd()
    }
  }

  /// A file with this table, an intact checksum and nothing behind it.
  private static func file(table: [UInt8], claiming length: UInt32? = nil) throws -> [UInt8] {
    func stored(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let prefix = Array("odnstate".utf8) + stored(1) + stored(length ?? UInt32(table.count)) + table
    return prefix + stored(crc32(prefix))
  }

  /// CRC-32 bit by bit, as ISO 3309 defines it.
  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      value ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = value & 1 == 1
        value >>= 1
        if isOdd { value ^= 0xEDB8_8320 }
      }
    }
    return ~value
  }
}
