// Pictures of more pixels than are decoded at their size.

import Images
import Testing

@Suite("Large pictures")
struct LargePictureTests {
  /// A JPEG file of one grey, in colour, whose blocks take a bit for their mean and one for their end, both zero.
  private func photograph(height: Int, width: Int) -> [UInt8] {
    func segment(_ code: UInt8, _ content: [UInt8]) -> [UInt8] {
      [0xFF, code, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 0xFF)] + content
    }
    func size(_ side: Int) -> [UInt8] { [UInt8(side >> 8), UInt8(side & 0xFF)] }
    // One code of one bit, which stands for 0.
    let code: [UInt8] = [1] + [UInt8](repeating: 0, count: 16)
    let blocks = ((height + 7) / 8) * ((width + 7) / 8)
    return [0xFF, 0xD8] + segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
      + segment(0xC0, [8] + size(height) + size(width) + [3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0])
      + segment(0xC4, [0] + code) + segment(0xC4, [0x10] + code)
      + segment(0xDA, [3, 1, 0, 2, 0, 3, 0, 0, 63, 0])
      + [UInt8](repeating: 0, count: (blocks * 6 + 7) / 8) + [0xFF, 0xD9]
  }

  @Test("46 megapixels of JPEG are decoded at half their size, 184 at a quarter")
  func jpeg() throws {
    let half = try Image(decoding: photograph(height: 5751, width: 8001), name: "x")
    #expect(half.height == 2876 && half.width == 4001 && half.channels == 3)
    #expect(stride(from: 0, to: half.pixels.count, by: 1009).allSatisfy { half.pixels[$0] == 128 })
    let quarter = try Image(decoding: photograph(height: 11_500, width: 16_000), name: "x")
    #expect(quarter.height == 2875 && quarter.width == 4000)
  }

  @Test("46 megapixels of PNG are decoded at half their size")
  func png() throws {
    let image = try Fixture.image("large.png")
    #expect(image.height == 2875 && image.width == 4000 && image.channels == 3)
    let color: [UInt8] = [40, 80, 215]
    #expect(
      stride(from: 0, to: image.pixels.count, by: 3 * 1009).allSatisfy { Array(image.pixels[$0..<$0 + 3]) == color })
  }

  @Test("blocks become their means, also where they are cut at an edge, and in interlaced files")
  func means() throws {
    let (height, width) = (Fixture.height, Fixture.width)
    for name in ["opacity-color.png", "opacity-color-interlaced.png", "opacity-grey.png"] {
      let whole = try Fixture.image(name)
      let channels = whole.channels
      // What the sums of the blocks take, of 16 bits each; smaller blocks take more.
      for factor in [2, 3, 7, 15] {
        let (rows, columns) = ((height + factor - 1) / factor, (width + factor - 1) / factor)
        let limit = rows * columns * channels * 2
        let reduced = try Image(decoding: Fixture.bytes(name), name: name, byteLimit: limit)
        try #require(reduced.height == rows && reduced.width == columns)
        for row in 0..<rows {
          for column in 0..<columns {
            for channel in 0..<channels {
              var block: [Int] = []
              for y in row * factor..<min(height, (row + 1) * factor) {
                for x in column * factor..<min(width, (column + 1) * factor) {
                  block.append(Int(whole.pixels[(y * width + x) * channels + channel]))
                }
              }
              let mean = (Double(block.reduce(0, +)) / Double(block.count) + 1e-9).rounded()
              #expect(Int(reduced.pixels[(row * columns + column) * channels + channel]) == Int(mean))
            }
          }
        }
      }
    }
  }

  @Test("a JPEG file is reduced before it is turned")
  func turned() throws {
    let reduced = try Image(decoding: Fixture.bytes("turned.jpg"), name: "x", byteLimit: 500)
    #expect(reduced.height == 15 && reduced.width == 10)
    // Of 2x2 pixels that are stored, the mean; JPEG rounds.
    var expected: [UInt8] = []
    for row in 0..<15 {
      for column in 0..<10 {
        for channel in 0..<3 { expected.append(UInt8(Fixture.slope(18 - 2 * column, 2 * row, channel) + 4)) }
      }
    }
    #expect(Fixture.difference(reduced, expected) <= 8)
  }

  @Test("pictures of more than 268 million pixels are refused, with the number that is allowed")
  func limit() throws {
    let error = ImageError.tooLarge(file: "x", height: 16_385, width: 16_384)
    #expect(throws: error) { try Image(decoding: photograph(height: 16_385, width: 16_384), name: "x") }
    #expect(error.description.contains("at most \(Image.pixelLimit) pixels, found 16385x16384 declared"))
  }
}
