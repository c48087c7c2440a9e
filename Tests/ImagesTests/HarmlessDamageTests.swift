// JPEG files that their library warns of, and which other programs show.

import Images
import Testing

@Suite("JPEG files with harmless damage")
struct HarmlessDamageTests {
  private static let names = ["slope.jpg", "slope-progressive.jpg", "slope-grey.jpg"]

  @Test("bytes before the end mark, behind it, and between two segments are passed over", arguments: names)
  func extraneous(name: String) throws {
    let whole = try Fixture.bytes(name)
    let expected = try Fixture.image(name)
    let junk = Array("junk \0\0 junk".utf8) + [0xFF, 0, 7]
    let end = whole.count - 2
    #expect(whole[end...] == [0xFF, 0xD9])
    // Behind the first segment, of which there is its length.
    let second = 4 + Int(whole[4]) << 8 + Int(whole[5])
    for place in [end, whole.count, second] {
      var changed = whole
      changed.insert(contentsOf: junk, at: place)
      #expect(try Image(decoding: changed, name: name) == expected, "\(place)")
    }
  }

  @Test("pixels that are missing before the end mark are filled up, as other programs do it")
  func early() throws {
    let whole = try Fixture.bytes("slope.jpg")
    let expected = try Fixture.image("slope.jpg")
    let image = try Image(decoding: whole.dropLast(42) + [0xFF, 0xD9], name: "x")
    #expect(image.pixels.prefix(8 * 30 * 3).elementsEqual(expected.pixels.prefix(8 * 30 * 3)))
    #expect(image.pixels != expected.pixels)
  }

  @Test("a file that is cut is refused, and other damage does not hide that", arguments: names)
  func cut(name: String) throws {
    let whole = try Fixture.bytes(name)
    let second = 4 + Int(whole[4]) << 8 + Int(whole[5])
    for count in [4, 9, 40] {
      let cut = Array(whole.dropLast(count))
      for junk in [[], [1, 2, 3]] as [[UInt8]] {
        let error = ImageError.damaged(
          file: "x", format: .jpeg, reason: "it ends too early, without the mark of its end")
        #expect(throws: error, "\(count)") {
          try Image(decoding: cut[..<second] + junk + cut[second...], name: "x")
        }
      }
    }
  }

  @Test("where nothing but the end mark is missing, and the pixels come in order, all of them are there")
  func withoutEnd() throws {
    for name in ["slope.jpg", "slope-grey.jpg"] {
      for count in [1, 2] {
        let image = try Image(decoding: Array(try Fixture.bytes(name).dropLast(count)), name: "x")
        #expect(image == (try Fixture.image(name)))
      }
    }
    #expect(throws: ImageError.self) {
      try Image(decoding: Array(try Fixture.bytes("slope-progressive.jpg").dropLast(2)), name: "x")
    }
  }

  @Test("an error is none the less one for a warning before it")
  func errorAfterWarning() throws {
    var bytes = try Fixture.bytes("slope-progressive.jpg")
    let scans = bytes.indices.filter { bytes[$0...].starts(with: [0xFF, 0xDA]) }
    // The last scan names frequencies that there are none of, and bytes stand before it.
    let last = try #require(scans.last)
    let parameters = last + 4 + 1 + 2 * Int(bytes[last + 4])
    bytes[parameters] = 200
    bytes.insert(contentsOf: [1, 2, 3], at: last)
    #expect(scans.count > 1)
    #expect(throws: ImageError.self) { try Image(decoding: bytes, name: "x") }
    #expect(throws: ImageError.damaged(file: "x", format: .jpeg, reason: "it holds no picture")) {
      try Image(decoding: [0xFF, 0xD8, 0xFF], name: "x")
    }
  }

  @Test("colours for printing are seen as on a screen")
  func printed() throws {
    let image = try Fixture.image("slope-cmyk.jpg")
    // Rounding of frequencies, and of each ink.
    #expect(image.channels == 3 && Fixture.difference(image, Fixture.slope(channels: 3)) <= 6)
  }
}
