// A picture in memory: what files of any format are decoded to, and what becomes the input of a network.

/// A picture of 8 bits per channel.
public struct Image: Equatable, Sendable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// `[H, W, C]`.
  public let pixels: [UInt8]

  /// A picture made in code.
  /// - Precondition: there are 1 or 3 channels, and `height·width·channels` pixels, at least one of each.
  public init(height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    precondition(channels == 1 || channels == 3, "a picture is grey or coloured")
    precondition(min(height, width) >= 1, "a picture has at least one pixel")
    precondition(pixels.count == height * width * channels, "every pixel has its channels")
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
  }

  /// The same picture in grey or in colour. Grey is the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, as in JPEG.
  /// - Parameter channels: 1 or 3.
  public func converted(toChannels channels: Int) -> Image {
    if channels == self.channels { return self }
    let converted: [UInt8] =
      if channels == 1 {
        (0..<height * width).map { pixel in
          let (red, green, blue) = (Int(pixels[3 * pixel]), Int(pixels[3 * pixel + 1]), Int(pixels[3 * pixel + 2]))
          // In units of 2⁻¹⁶, which sum up to one.
          return UInt8((19_595 * red + 38_470 * green + 7_471 * blue + 32_768) >> 16)
        }
      } else {
        pixels.flatMap { [$0, $0, $0] }
      }
    return Image(height: height, width: width, channels: channels, pixels: converted)
  }

  /// The largest window in the middle that has the proportions of `height`×`width`.
  public func cropped(toProportionsOf height: Int, _ width: Int) -> Image {
    let rows = max(1, min(self.height, self.width * height / width))
    let columns = max(1, min(self.width, self.height * width / height))
    if rows == self.height && columns == self.width { return self }
    let (top, left) = ((self.height - rows) / 2, (self.width - columns) / 2)
    var window: [UInt8] = []
    window.reserveCapacity(rows * columns * channels)
    for row in top..<top + rows {
      let start = (row * self.width + left) * channels
      window += pixels[start..<start + columns * channels]
    }
    return Image(height: rows, width: columns, channels: channels, pixels: window)
  }

  /// What a network that takes `[height, width, channels]` sees of the picture: the largest window in its middle with
  /// these proportions, resized, in grey or in colour.
  /// - Parameter channels: 1 or 3.
  public func fitted(height: Int, width: Int, channels: Int) -> Image {
    cropped(toProportionsOf: height, width).resized(height: height, width: width).converted(toChannels: channels)
  }
}
