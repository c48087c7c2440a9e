// Pictures in other sizes, by the same whole numbers on every machine.

extension Image {
  /// The picture in another size. Each new pixel is a mean of old ones, weighted by a triangle as wide as two pixels of the
  /// coarser of both grids: bilinear interpolation where the picture grows, and a mean over an area where it shrinks.
  ///
  /// Rows are resized first, and rounded, then columns, as libraries for pictures do it.
  public func resized(height: Int, width: Int) -> Image {
    precondition(min(height, width) >= 1, "a picture has at least one pixel")
    var result = pixels
    if width != self.width {
      let weights = Resampling(from: self.width, to: width)
      result = weights.apply(to: result, lines: self.height, step: channels)
    }
    if height != self.height {
      let weights = Resampling(from: self.height, to: height)
      result = weights.apply(to: result, lines: 1, step: width * channels)
    }
    return Image(height: height, width: width, channels: channels, pixels: result)
  }
}

/// For each new pixel of a line, which old ones it is made of.
private struct Resampling {
  private struct Taps {
    let first: Int
    /// In units of 2⁻²², which sum up to one.
    var weights: [Int]
  }

  private let oldCount: Int
  private let taps: [Taps]
  private static let unitBits = 22

  init(from oldCount: Int, to newCount: Int) {
    self.oldCount = oldCount
    let scale = Double(oldCount) / Double(newCount)
    let reach = max(scale, 1)
    taps = (0..<newCount).map { index in
      // In the middle of the new pixel, on the scale of the old ones.
      let center = (Double(index) + 0.5) * scale
      let first = max(0, Int((center - reach + 0.5).rounded(.down)))
      let end = min(oldCount, max(first + 1, Int((center + reach + 0.5).rounded(.down))))
      let shares = (first..<end).map { max(0, 1 - abs(Double($0) + 0.5 - center) / reach) }
      let sum = shares.reduce(0, +)
      let unit = Double(1 << Self.unitBits)
      var weights = shares.map { Int(($0 / sum * unit).rounded()) }
      // What rounding took or gave, so that an even area stays as it is.
      weights[weights.count / 2] += 1 << Self.unitBits - weights.reduce(0, +)
      return Taps(first: first, weights: weights)
    }
  }

  /// Resizes `lines` lines, each of pixels of `step` bytes.
  func apply(to pixels: [UInt8], lines: Int, step: Int) -> [UInt8] {
    var result = [UInt8](repeating: 0, count: lines * taps.count * step)
    var sums = [Int](repeating: 0, count: step)
    for line in 0..<lines {
      for (index, tap) in taps.enumerated() {
        for byte in 0..<step { sums[byte] = 1 << (Self.unitBits - 1) }
        for (offset, weight) in tap.weights.enumerated() {
          let source = (line * oldCount + tap.first + offset) * step
          for byte in 0..<step { sums[byte] += weight * Int(pixels[source + byte]) }
        }
        let target = (line * taps.count + index) * step
        for byte in 0..<step { result[target + byte] = UInt8(clamping: sums[byte] >> Self.unitBits) }
      }
    }
    return result
  }
}
