// Many images of one size in one file, without labels: what a saved network is asked about.

import Images

/// Images `[N, H, W, C]` of bytes, all of them in memory.
public struct ImageArray: Sendable {
  /// Number of images.
  public let count: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Channels of an image: 1 or 3 in an array that `ImageFile` has read.
  public let channels: Int
  /// All images one after the other.
  let pixels: [UInt8]

  /// Images in memory, `count·height·width·channels` pixels.
  init(count: Int, height: Int, width: Int, channels: Int, pixels: [UInt8]) {
    precondition(pixels.count == count * height * width * channels, "every image has all its pixels")
    (self.count, self.height, self.width, self.channels, self.pixels) = (count, height, width, channels, pixels)
  }

  /// Reads and checks an IDX file of grey images of any size, packed by gzip or not.
  /// - Parameter isTransposed: whether the file holds them mirrored at their diagonals; here they are upright.
  /// - Throws: `DatasetError` if it cannot be read or is anything else.
  init(idx path: String, isTransposed: Bool) throws(DatasetError) {
    let stream = try FileStream(path: path).unpacked()
    let start = stream.position
    let sizes = try stream.idxSizes(dimensions: 3)
    // Bounded so that their product is no overflow.
    guard sizes[0] > 0, ImageSize.allowed.contains(sizes[1]), ImageSize.allowed.contains(sizes[2]) else {
      throw .malformed(
        start.moved(by: 4), expected: "at least one image of 1x1 to 4096x4096",
        found: "\(sizes[0]) of \(sizes[1])x\(sizes[2])")
    }
    var pixels = try stream.bytes(sizes[0] * sizes[1] * sizes[2])
    try stream.expectEnd()
    if isTransposed { Self.transpose(&pixels, rows: sizes[1], columns: sizes[2]) }
    self.init(
      count: sizes[0], height: sizes[isTransposed ? 2 : 1], width: sizes[isTransposed ? 1 : 2], channels: 1,
      pixels: pixels)
  }

  /// Turns each image of `rows`×`columns` into one of `columns`×`rows`.
  private static func transpose(_ pixels: inout [UInt8], rows: Int, columns: Int) {
    var image = [UInt8](repeating: 0, count: rows * columns)
    for start in stride(from: 0, to: pixels.count, by: image.count) {
      for row in 0..<rows {
        for column in 0..<columns { image[column * rows + row] = pixels[start + row * columns + column] }
      }
      pixels.replaceSubrange(start..<start + image.count, with: image)
    }
  }

  /// Image `index`, 0..<`count`, which is grey or coloured.
  public func image(at index: Int) -> Image {
    precondition((0..<count).contains(index), "an array of \(count) images has no image \(index)")
    let size = height * width * channels
    return Image(
      height: height, width: width, channels: channels, pixels: Array(pixels[index * size..<(index + 1) * size]))
  }
}

extension ByteStream {
  /// Reads the header of a file of unsigned bytes: the size of each of its dimensions, of any value.
  func idxSizes(dimensions: Int) throws(DatasetError) -> [Int] {
    let start = position
    let header = try bytes(4 + 4 * dimensions)
    let fields = (0...dimensions).map { Int(header.integer(UInt32.self, at: 4 * $0, bigEndian: true)) }
    let magic = 0x0800 + dimensions
    guard fields[0] == magic else {
      throw .malformed(
        start, expected: "the IDX magic number 0x\(String(magic, radix: 16))",
        found: "0x\(String(fields[0], radix: 16))")
    }
    return Array(fields.dropFirst())
  }
}
