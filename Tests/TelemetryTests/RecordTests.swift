// The frames of TensorBoard's records.

import Telemetry
import Testing

@Suite("Records")
struct RecordTests {
  /// A record as it stands in a file.
  private static func framed(_ record: [UInt8]) -> [UInt8] {
    func bytes(_ word: UInt64, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    }
    let length = bytes(UInt64(record.count), 8)
    return length + bytes(UInt64(MaskedChecksum.of(length)), 4) + record
      + bytes(UInt64(MaskedChecksum.of(record)), 4)
  }

  @Test("have the checksums of RFC 3720, appendix B.4")
  func checksums() {
    #expect(MaskedChecksum.crc([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(MaskedChecksum.crc([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(MaskedChecksum.crc((0..<32).map { UInt8($0) }) == 0x46DD_794E)
    #expect(MaskedChecksum.crc(Array("123456789".utf8)) == 0xE306_9283)
  }

  @Test("are read up to the first one that is cut short")
  func truncated() {
    let records = [Array("odn".utf8), [], [UInt8](repeating: 7, count: 300)]
    let file = records.flatMap(Self.framed)
    var reader = RecordReader(file)
    #expect(Array(IteratorSequence(reader)) == records)
    for record in records { #expect(reader.next() == record) }
    #expect(reader.position == file.count)
    for length in [0, 5, 11, 12, 18, 19, 40, file.count - 1] {
      var reader = RecordReader(Array(file.prefix(length)))
      while reader.next() != nil {}
      #expect([0, 19, 35].contains(reader.position) && reader.position <= length)
    }
  }

  @Test("are read up to the first one that is damaged, wherever that is", arguments: 0..<19)
  func damaged(place: Int) {
    var file = Self.framed(Array("odn".utf8)) + Self.framed(Array("odn".utf8))
    file[place] ^= 0x80
    var reader = RecordReader(file)
    #expect(reader.next() == nil && reader.position == 0)
  }

  @Test("with a length beyond all memory are no records")
  func enormous() {
    let length = [UInt8](repeating: 0xFF, count: 8)
    let checksum = MaskedChecksum.of(length)
    let file = length + (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) } + [1, 2, 3, 4, 5]
    var reader = RecordReader(file)
    #expect(reader.next() == nil)
  }
}
