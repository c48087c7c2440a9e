// A MATLAB file has lengths inside lengths, packed and not: none of them is trusted.

import Datasets
import Foundation
import Testing

@Suite("Damaged MATLAB files")
struct DamagedMATLABTests {
  static let file = "train_32x32.mat"

  /// The error after a change to the file whose variables X and y are not packed: X begins at byte 128.
  private func error(
    _ folder: String = "big-endian", _ change: (inout [UInt8]) -> Void
  ) throws -> (error: DatasetError?, file: String) {
    let copy = try DamagedCopy(of: "svhn/\(folder)", as: .svhn)
    try copy.change(Self.file, change)
    return (copy.error(), copy.file(Self.file))
  }

  @Test("the marks of the header are checked")
  func header() throws {
    let short = try error { $0.removeSubrange(100...) }
    #expect(short.error == .truncated(FilePosition(file: short.file, offset: 0), expected: 128, found: 100))
    #expect(malformed(try error { $0[126] = 0 }.error)?.position.offset == 126)
    #expect(malformed(try error { $0[124] = 2 }.error)?.found == "0x200")
  }

  @Test("a variable that says it is longer than the file is truncated")
  func longVariable() throws {
    let long = try error { $0.replaceSubrange(132..<136, with: [255, 255, 255, 255]) }
    #expect(
      long.error
        == .truncated(FilePosition(file: long.file, offset: 136), expected: 0xffff_ffff, found: 12_544 - 136))
  }

  @Test("a file cut anywhere ends in an error", arguments: ["compressed", "plain", "big-endian"])
  func cut(folder: String) throws {
    let count = try Fixture.bytes("svhn/\(folder)/\(Self.file)").count
    for length in stride(from: 0, to: count, by: 97) {
      #expect(try error(folder) { $0.removeSubrange(length...) }.error != nil, "\(folder) cut to \(length) bytes")
    }
  }

  @Test("a file with any byte of its structure changed is read or refused, and never traps")
  func everyByte() throws {
    let copy = try DamagedCopy(of: "svhn/big-endian", as: .svhn)
    let original = try Fixture.bytes("svhn/big-endian/\(Self.file)")
    var errors = 0
    // From the end of the header to the first pixel, and from after the last one to the first label.
    for offset in Array(124..<192) + Array(12_480..<12_536) {
      for value: UInt8 in [0, 1, 127, 255] {
        try copy.change(Self.file) {
          $0 = original
          $0[offset] = value
        }
        errors += copy.error() == nil ? 0 : 1
      }
    }
    #expect(errors > 200)
  }

  @Test("more images than there are bytes for are refused before memory is taken")
  func hostileDimensions() throws {
    // Dimensions stand at 136 + 16 (flags) + 8 (tag): four integers, the last one counts images.
    let many = try error { $0.replaceSubrange(172..<176, with: [127, 255, 255, 255]) }
    let parts = try #require(malformed(many.error))
    #expect(parts.expected == "\(0x7fff_ffff * 3_072) numbers of 1 bytes in X")
    #expect(parts.found == "12288 bytes")
    let wide = try error { $0[163] = 33 }
    #expect(malformed(wide.error)?.found == "uint8 33x32x3x4")
  }

  @Test("packed data that is damaged, or shorter than its element, is refused")
  func damagedPacking() throws {
    let checksum = try error("compressed") {
      let packed = Int($0[132]) | Int($0[133]) << 8
      $0[136 + packed - 1] ^= 1
    }
    #expect(malformed(checksum.error)?.found == "incorrect data check")
    let start = try error("compressed") { $0[136] = 0 }
    #expect(malformed(start.error)?.position == FilePosition(file: start.file, offset: 138))
  }

  @Test("a label of 0 or 11 is out of range: labels count from 1, and 10 stands for the digit 0")
  func labels() throws {
    for label: UInt8 in [0, 11] {
      // The last of four labels of two bytes.
      let wrong = try error { $0[$0.count - 1] = label }
      #expect(
        wrong.error
          == .labelOutOfRange(
            FilePosition(file: wrong.file, offset: 12_542), label: Int(label), allowed: 1...10, classes: 10))
    }
  }

  @Test("a file without labels says so")
  func withoutLabels() throws {
    let nameless = try error { bytes in
      let name = bytes.lastIndex(of: UInt8(ascii: "y"))
      name.map { bytes[$0] = UInt8(ascii: "z") }
    }
    #expect(malformed(nameless.error)?.expected == "a variable y")
  }
}
