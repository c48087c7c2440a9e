// Pictures through which black shines.

import Images
import Testing

@Suite("Transparent pictures")
struct OpacityTests {
  @Test(
    "opacity takes its share of the stored values, whatever these mean as light",
    arguments: [(1, "grey"), (3, "color")], ["", "-16-bits", "-interlaced"])
  func opacity(kind: (channels: Int, name: String), form: String) throws {
    let image = try Fixture.image("opacity-\(kind.name)\(form).png")
    let expected = Fixture.pixels(channels: kind.channels) { row, column, channel in
      Fixture.shown(Fixture.slope(row, column, channel), opacity: (13 * row + 9 * column) % 256)
    }
    #expect(image.channels == kind.channels && image.pixels == expected)
    // The formula itself, by one value.
    #expect(Fixture.shown(16, opacity: 128) == 8)
  }

  @Test("colours of a palette have an opacity each")
  func palette() throws {
    let expected = Fixture.pixels(channels: 3) { row, column, channel in
      let index = (row + column) % 50
      return Fixture.shown([index, 2 * index, 255 - index][channel], opacity: 255 - 4 * index)
    }
    #expect(try Fixture.image("opacity-palette.png").pixels == expected)
  }

  @Test("one colour may stand for none")
  func key() throws {
    let grey = try Fixture.image("key-grey.png")
    #expect(grey.channels == 1 && grey.pixels == Fixture.slope(channels: 1).map { $0 == 47 ? 0 : $0 })
    let key = (0..<3).map { Fixture.slope(3, 4, $0) }
    let expected = Fixture.pixels(channels: 3) { row, column, channel in
      let color = (0..<3).map { Fixture.slope(row, column, $0) }
      return color == key ? 0 : color[channel]
    }
    #expect(try Fixture.image("key-color.png").pixels == expected)
  }
}
