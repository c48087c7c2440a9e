// Pictures turned upright.

extension Image {
  /// The picture upright, if its pixels lie as `orientation` says.
  func turned(from orientation: Orientation) -> Image {
    if orientation == .upright { return self }
    let (last, lastRow) = (height * width - 1, (height - 1) * width)
    // The stored pixel that becomes the first, and how far it is to the next of the column and of the row.
    let (first, down, right): (Int, Int, Int) =
      switch orientation {
      case .upright: (0, width, 1)
      case .mirrored: (width - 1, width, -1)
      case .upsideDown: (last, -width, -1)
      case .mirroredUpsideDown: (lastRow, -width, 1)
      case .transposed: (0, 1, width)
      case .turnedLeft: (lastRow, 1, -width)
      case .transversed: (last, -1, -width)
      case .turnedRight: (width - 1, -1, width)
      }
    let (rows, columns) = orientation.swapsSides ? (width, height) : (height, width)
    var turned = [UInt8](repeating: 0, count: pixels.count)
    var target = 0
    for row in 0..<rows {
      var source = (first + row * down) * channels
      for _ in 0..<columns {
        for channel in 0..<channels { turned[target + channel] = pixels[source + channel] }
        target += channels
        source += right * channels
      }
    }
    return Image(height: rows, width: columns, channels: channels, pixels: turned)
  }
}
