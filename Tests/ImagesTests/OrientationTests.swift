// Pictures that stand upright as EXIF says, and EXIF data that says nothing.

import Images
import Testing

@Suite("Pictures taken at any angle")
struct OrientationTests {
  /// EXIF data of one directory with an orientation.
  private func exif(
    _ orientation: Int, tag: Int = 0x0112, type: Int = 3, count: Int = 1, isBigEndian: Bool = true, entries: Int = 1
  ) -> [UInt8] {
    func number(_ value: Int, _ size: Int) -> [UInt8] {
      let bytes = (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
      return isBigEndian ? bytes.reversed() : bytes
    }
    let value = number(orientation, type == 4 ? 4 : type == 3 ? 2 : 1)
    let entry =
      number(tag, 2) + number(type, 2) + number(count, 4) + value + [UInt8](repeating: 0, count: 4 - value.count)
    return Array((isBigEndian ? "MM" : "II").utf8) + number(42, 2) + number(8, 4) + number(entries, 2) + entry
      + [0, 0, 0, 0]
  }

  /// `slope-grey.jpg` with a segment of EXIF data.
  private func photograph(_ exif: [UInt8]) throws -> [UInt8] {
    var bytes = try Fixture.bytes("slope-grey.jpg")
    let content = Array("Exif\0\0".utf8) + exif
    let length = content.count + 2
    bytes.insert(contentsOf: [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + content, at: 2)
    return bytes
  }

  private func decoded(_ exif: [UInt8]) throws -> Image { try Image(decoding: photograph(exif), name: "x") }

  @Test("all eight orientations stand upright, in either order of bytes and any whole type", arguments: 1...8)
  func orientations(_ orientation: Int) throws {
    let stored = try Fixture.image("slope-grey.jpg")
    let (lastRow, lastColumn) = (stored.height - 1, stored.width - 1)
    let swaps = orientation > 4
    let (height, width) = swaps ? (stored.width, stored.height) : (stored.height, stored.width)
    // EXIF 2.32, table of orientations: where row 0 and column 0 of what is stored are seen.
    func place(_ row: Int, _ column: Int) -> (Int, Int) {
      switch orientation {
      case 1: (row, column)
      case 2: (row, lastColumn - column)
      case 3: (lastRow - row, lastColumn - column)
      case 4: (lastRow - row, column)
      case 5: (column, row)
      case 6: (lastRow - column, row)
      case 7: (lastRow - column, lastColumn - row)
      default: (column, lastColumn - row)
      }
    }
    var expected: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        let (storedRow, storedColumn) = place(row, column)
        expected.append(stored.pixels[storedRow * stored.width + storedColumn])
      }
    }
    for isBigEndian in [true, false] {
      for type in [1, 3, 4] {
        let image = try decoded(exif(orientation, type: type, isBigEndian: isBigEndian))
        #expect(image == Image(height: height, width: width, channels: 1, pixels: expected))
      }
    }
  }

  @Test("colours turn, in JPEG and in PNG with EXIF before or behind the pixels")
  func colors() throws {
    for name in ["turned-before.png", "turned-after.png", "turned.jpg"] {
      let image = try Fixture.image(name)
      #expect(image.height == Fixture.width && image.width == Fixture.height && image.channels == 3)
      var expected: [UInt8] = []
      for row in 0..<image.height {
        for column in 0..<image.width {
          for channel in 0..<3 { expected.append(UInt8(Fixture.slope(Fixture.height - 1 - column, row, channel))) }
        }
      }
      // JPEG rounds.
      #expect(Fixture.difference(image, expected) <= (name.hasSuffix("png") ? 0 : 6))
    }
  }

  @Test("an orientation that there is none of, or of another form, turns nothing")
  func unknown() throws {
    let stored = try Fixture.image("slope-grey.jpg")
    for data in [
      exif(0), exif(9), exif(65_535), exif(6, tag: 0x0113), exif(6, type: 2), exif(6, type: 99), exif(6, count: 2),
      exif(6, count: 0), exif(6, count: 0x7FFF_FFFF), exif(6, type: 5), [], Array("MM".utf8),
    ] {
      #expect(try decoded(data) == stored)
    }
  }

  @Test("EXIF data that is cut anywhere, or has any other byte, is read within its bounds or ignored")
  func damaged() throws {
    let stored = try Fixture.image("slope-grey.jpg")
    let turned = try decoded(exif(6))
    for isBigEndian in [true, false] {
      let whole = exif(6, isBigEndian: isBigEndian)
      for count in 0..<whole.count {
        // The last four bytes name the next directory.
        #expect(try decoded(Array(whole.prefix(count))) == (count < whole.count - 4 ? stored : turned))
      }
      for place in whole.indices {
        for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
          var changed = whole
          changed[place] = value
          #expect(try decoded(changed).pixels.count == stored.pixels.count)
        }
      }
    }
    #expect(try decoded(exif(6, entries: 65_535)) == turned)
    // A segment that says it is longer than the file.
    var bytes = try photograph(exif(6))
    bytes[4] = 0xFF
    #expect(throws: ImageError.self) { try Image(decoding: bytes, name: "x") }
  }
}
