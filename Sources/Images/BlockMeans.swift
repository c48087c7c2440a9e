// Pictures that are put together pixel by pixel, at their size or at a fraction of it, in bounded memory.

/// A picture whose rows arrive in any order, over black. Each pixel of it is one that arrives, or the mean of a block of them.
struct BlockMeans {
  private let height: Int
  private let width: Int
  private let channels: Int
  /// Rows and columns of a block.
  private let factor: Int
  /// Of blocks of a pixel.
  private var pixels: [UInt8] = []
  /// Of larger blocks: 16² pixels of 255 are what 16 bits hold.
  private var sums: [UInt16] = []
  private static let factors = 2...16

  private var columns: Int { (width + factor - 1) / factor }
  private var rows: Int { (height + factor - 1) / factor }

  /// Takes memory for a picture of 1 or 3 channels: at most `byteLimit` bytes, beside those of the result.
  /// - Returns: nil if no block is large enough.
  init?(height: Int, width: Int, channels: Int, byteLimit: Int) {
    (self.height, self.width, self.channels) = (height, width, channels)
    if height * width * channels <= byteLimit {
      factor = 1
      pixels = [UInt8](repeating: 0, count: height * width * channels)
      return
    }
    let found = Self.factors.first { factor in
      let (rows, columns) = ((height + factor - 1) / factor, (width + factor - 1) / factor)
      return rows * columns * channels * MemoryLayout<UInt16>.size <= byteLimit
    }
    guard let found else { return nil }
    factor = found
    sums = [UInt16](repeating: 0, count: rows * columns * channels)
  }

  /// Adds `count` pixels of a row: the first at `column`, the others `step` columns apart. Each pixel of `line` has
  /// `channels` bytes, and one for its opacity if `hasAlpha`.
  mutating func add(_ line: [UInt8], count: Int, row: Int, column: Int, step: Int, hasAlpha: Bool) {
    if factor == 1 && step == 1 && !hasAlpha {
      let start = (row * width + column) * channels
      pixels.replaceSubrange(start..<start + count * channels, with: line[..<(count * channels)])
      return
    }
    var source = 0
    for index in 0..<count {
      let opacity = hasAlpha ? Int(line[source + channels]) : 255
      let place = column + index * step
      let target = (row / factor * columns + place / factor) * channels
      for channel in 0..<channels {
        // What shows of it over black, rounded.
        let value = (Int(line[source + channel]) * opacity + 127) / 255
        if factor == 1 {
          pixels[target + channel] = UInt8(value)
        } else {
          sums[target + channel] += UInt16(value)
        }
      }
      source += channels + (hasAlpha ? 1 : 0)
    }
  }

  /// The picture, when all pixels have arrived. Blocks at the lower and right edge may be smaller.
  func image() -> Image {
    if factor == 1 { return Image(height: height, width: width, channels: channels, pixels: pixels) }
    var means: [UInt8] = []
    means.reserveCapacity(sums.count)
    for row in 0..<rows {
      let blockHeight = min(factor, height - row * factor)
      for column in 0..<columns {
        let area = blockHeight * min(factor, width - column * factor)
        for channel in 0..<channels {
          means.append(UInt8((Int(sums[(row * columns + column) * channels + channel]) + area / 2) / area))
        }
      }
    }
    return Image(height: rows, width: columns, channels: channels, pixels: means)
  }
}
