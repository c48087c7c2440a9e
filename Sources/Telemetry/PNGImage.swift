// Small pictures as PNG files (ISO/IEC 15948): rows without a filter, packed by zlib, which the project needs anyway. That
// is all a thumbnail or a chart takes, so that there is no reason to depend on a library for images.

import CZlib

/// A picture of 8 bits per channel.
public struct PNGImage: Equatable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// The whole file.
  public let file: [UInt8]

  /// Packs pixels.
  /// - Parameter pixels: `[height, width, channels]`.
  /// - Precondition: sizes are 1…65,535 and there are 1 or 3 channels.
  public init(width: Int, height: Int, channels: Int, pixels: some Collection<UInt8>) {
    precondition((1...65_535).contains(width) && (1...65_535).contains(height), "a picture has pixels")
    precondition(channels == 1 || channels == 3, "a picture is grey or coloured")
    precondition(pixels.count == width * height * channels, "every pixel has its channels")
    self.width = width
    self.height = height
    self.channels = channels
    let bytes = Array(pixels)
    let row = width * channels
    var rows: [UInt8] = []
    rows.reserveCapacity(height * (row + 1))
    for y in 0..<height {
      rows.append(0)
      rows += bytes[y * row..<(y + 1) * row]
    }
    let colourType: UInt8 = channels == 1 ? 0 : 2
    file =
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
      + Self.chunk("IHDR", Self.word(width) + Self.word(height) + [8, colourType, 0, 0, 0])
      + Self.chunk("IDAT", Self.packed(rows)) + Self.chunk("IEND", [])
  }

  private static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return word(data.count) + body + word(Int(crc32(0, body, uInt(body.count))))
  }

  /// A number of 32 bits, the highest first.
  private static func word(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func packed(_ bytes: [UInt8]) -> [UInt8] {
    var size = compressBound(uLong(bytes.count))
    var packed = [UInt8](repeating: 0, count: Int(size))
    let result = compress2(&packed, &size, bytes, uLong(bytes.count), Z_BEST_COMPRESSION)
    precondition(result == Z_OK, "there is as much room as zlib asks for")
    return Array(packed.prefix(Int(size)))
  }
}

extension PNGImage {
  /// How often a class, the row, was taken for another one, the column: the darker, the larger the share of the row. Right
  /// answers are blue, wrong ones red.
  /// - Parameter counts: a square of counts, not empty.
  public init(confusion counts: [[Int]]) {
    let cell = max(4, min(32, 640 / counts.count))
    var pixels: [UInt8] = []
    for (label, row) in counts.enumerated() {
      let total = max(row.reduce(0, +), 1)
      let line = row.enumerated().flatMap { answer, count in
        let colour = Self.colour(share: Double(count) / Double(total), isRight: answer == label)
        let cells = Array(repeating: colour, count: cell - 1).flatMap { $0 }
        return cells + [255, 255, 255]
      }
      for _ in 1..<cell { pixels += line }
      pixels += [UInt8](repeating: 255, count: line.count)
    }
    self.init(width: cell * counts.count, height: cell * counts.count, channels: 3, pixels: pixels)
  }

  /// From near white to a full colour; the square root shows small shares too.
  private static func colour(share: Double, isRight: Bool) -> [UInt8] {
    let full = isRight ? [31.0, 95.0, 168.0] : [196.0, 48.0, 43.0]
    return full.map { UInt8((244 + ($0 - 244) * share.squareRoot()).rounded()) }
  }
}
