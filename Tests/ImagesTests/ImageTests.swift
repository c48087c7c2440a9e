// Pictures that another program has written, decoded and resized.

import Foundation
import Images
import Testing

@Suite("Pictures")
struct ImageTests {
  private let height = Fixture.height
  private let width = Fixture.width

  private func image(_ name: String) throws -> Image { try Fixture.image(name) }
  private func bytes(_ name: String) throws -> [UInt8] { try Fixture.bytes(name) }
  private func difference(_ image: Image, _ expected: [UInt8]) -> Int { Fixture.difference(image, expected) }

  private func pattern(channels: Int) -> [UInt8] {
    Fixture.pixels(channels: channels) { 7 * $0 + 13 * $1 + 101 * $2 + $0 * $1 }
  }
  private func slope(channels: Int) -> [UInt8] { Fixture.slope(channels: channels) }

  @Test("PNG files of every kind have the pixels that were stored")
  func png() throws {
    let grey = Image(height: height, width: width, channels: 1, pixels: pattern(channels: 1))
    #expect(try image("color.png").pixels == pattern(channels: 3))
    #expect(try image("grey.png") == grey)
    // 16 bits hold each byte twice.
    #expect(try image("grey-16-bits.png") == grey)
    #expect(try image("grey-2-colors.png").pixels == grey.pixels.map { $0 >= 128 ? 255 : 0 })
    // 600 pixels in 256 colours: most are near their own.
    let palette = try image("palette.png")
    #expect(palette.channels == 3 && difference(palette, pattern(channels: 3)) < 40)
    let transparent = try image("transparent.png")
    let half = 10 * width * 3
    #expect(transparent.channels == 3 && transparent.pixels.prefix(half) == pattern(channels: 3).prefix(half))
    #expect(transparent.pixels.dropFirst(half).allSatisfy { $0 == 0 })
  }

  @Test("JPEG files have nearly the pixels that were stored", arguments: ["slope.jpg", "slope-progressive.jpg"])
  func jpeg(name: String) throws {
    let color = try image(name)
    // Of a slope nothing is lost but by rounding: of quantized frequencies, and of colours at their reduced size.
    #expect(color.channels == 3 && difference(color, slope(channels: 3)) <= 6)
    let grey = try image("slope-grey.jpg")
    #expect(grey.channels == 1 && difference(grey, slope(channels: 1)) <= 3)
  }

  @Test("resizing makes what Pillow makes, but for the last bit", arguments: [(5, 7), (9, 45), (50, 64)])
  func resize(height: Int, width: Int) throws {
    let resized = try image("color.png").resized(height: height, width: width)
    let expected = try image("color-\(height)x\(width).png")
    #expect(resized.height == height && resized.width == width)
    #expect(difference(resized, expected.pixels) <= 1)
  }

  @Test("an even area stays what it is at any size")
  func even() {
    for (height, width) in [(1, 1), (3, 100), (999, 2), (37, 41)] {
      let image = Image(height: 37, width: 41, channels: 3, pixels: [UInt8](repeating: 255, count: 37 * 41 * 3))
      #expect(image.resized(height: height, width: width).pixels.allSatisfy { $0 == 255 })
    }
  }

  @Test("what a network sees is the middle of a picture, in its colours")
  func fit() throws {
    let color = try image("color.png")
    let middle = color.fitted(height: 20, width: 20, channels: 3)
    var expected: [UInt8] = []
    for row in 0..<20 { expected += color.pixels[(row * 30 + 5) * 3..<(row * 30 + 25) * 3] }
    #expect(middle.pixels == expected)
    #expect(color.fitted(height: 4, width: 4, channels: 1).channels == 1)
    #expect(color.fitted(height: 20, width: 30, channels: 3) == color)
    let white = Image(height: 1, width: 2, channels: 3, pixels: [255, 255, 255, 255, 0, 0])
    #expect(white.converted(toChannels: 1).pixels == [255, 76])
    #expect(Image(height: 1, width: 1, channels: 1, pixels: [9]).converted(toChannels: 3).pixels == [9, 9, 9])
    let line = Image(height: 1, width: 1000, channels: 1, pixels: [UInt8](repeating: 7, count: 1000))
    #expect(line.fitted(height: 2, width: 1, channels: 1).pixels == [7, 7])
  }

  @Test(
    "a file that is cut anywhere is refused, and so is one with a changed byte, or it is read",
    arguments: [
      "color.png", "grey-16-bits.png", "palette.png", "slope.jpg", "slope-progressive.jpg",
    ])
  func damaged(name: String) throws {
    let whole = try bytes(name)
    // Where only the end mark is missing, all pixels may be there.
    for count in stride(from: 0, to: whole.count - 16, by: 7) {
      #expect(throws: ImageError.self, "\(count)") { try Image(decoding: Array(whole.prefix(count)), name: name) }
    }
    for place in stride(from: 0, to: whole.count, by: 3) {
      var changed = whole
      changed[place] ^= 0x55
      do throws(ImageError) {
        _ = try Image(decoding: changed, name: name)
      } catch {
        #expect(error.description.hasPrefix("\(name): expected"))
      }
    }
  }

  @Test("sizes that a file cannot be meant to hold are refused before memory is taken for them")
  func sizes() throws {
    var png = try bytes("grey.png")
    func declare(_ side: [UInt8]) {
      png.replaceSubrange(16..<24, with: side + side)
      // The checksum of the header, so that libpng believes it.
      png.replaceSubrange(29..<33, with: crc(png[12..<29]))
    }
    declare([0, 0, 0xFF, 0xFF])
    #expect(throws: ImageError.tooLarge(file: "x", height: 65_535, width: 65_535)) {
      try Image(decoding: png, name: "x")
    }
    declare([0, 0, 0x20, 0])
    #expect(throws: ImageError.tooShort(file: "x", height: 8192, width: 8192, fileSize: png.count)) {
      try Image(decoding: png, name: "x")
    }
    var jpeg = try bytes("slope-grey.jpg")
    let frame = try #require(jpeg.indices.first { jpeg[$0...].starts(with: [0xFF, 0xC0]) })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x20, 0, 0x20, 0])
    #expect(throws: ImageError.tooShort(file: "x", height: 8192, width: 8192, fileSize: jpeg.count)) {
      try Image(decoding: jpeg, name: "x")
    }
  }

  @Test("other files are refused, with what to do")
  func others() throws {
    for content in [[], [0x89], Array("GIF89a".utf8)] {
      #expect(throws: ImageError.unknownFormat(file: "x")) { try Image(decoding: content, name: "x") }
    }
    #expect(throws: ImageError.unreadable(file: "none.png", reason: "No such file or directory")) {
      try Image(path: "none.png")
    }
  }

  /// CRC-32, as PNG stores it.
  private func crc(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let value = ~bytes.reduce(~UInt32(0)) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
    return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}
