// Pictures, as far as their bytes say what they are. Browsers and TensorBoard read them in tests of their own.

import Telemetry
import Testing

@Suite("A picture")
struct PNGImageTests {
  @Test("is a PNG file of its size", arguments: [1, 3])
  func header(channels: Int) {
    let image = PNGImage(width: 3, height: 2, channels: channels, pixels: (0..<6 * channels).map { UInt8($0) })
    let header: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]
    #expect(image.file.starts(with: header + [0, 0, 0, 3, 0, 0, 0, 2, 8, channels == 1 ? 0 : 2, 0, 0, 0]))
    // The last chunk, with its checksum, is the same in every PNG file.
    #expect(image.file.suffix(12) == [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82])
  }

  @Test("of a confusion matrix has cells of 4 pixels or more", arguments: [2, 10, 26, 100])
  func confusion(classes: Int) {
    let counts = (0..<classes).map { label in (0..<classes).map { $0 == label ? 9 : 1 } }
    let image = PNGImage(confusion: counts)
    #expect(image.width == image.height && image.width >= 4 * classes && image.width <= 640)
  }
}
