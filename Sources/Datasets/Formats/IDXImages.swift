// The images of an IDX file of any size, without labels: what a saved network is asked about.

import Images

/// Grey images `[N, H, W]` of bytes, as MNIST's image files have them, packed by gzip or not.
public struct IDXImages: Sendable {
  /// Number of images.
  public let count: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  private let pixels: [UInt8]

  /// Reads and checks a file.
  /// - Throws: `DatasetError` if it cannot be read or is anything else.
  public init(path: String) throws(DatasetError) {
    let stream = try FileStream(path: path).unpacked()
    let start = stream.position
    let sizes = try stream.idxSizes(dimensions: 3)
    // Bounded so that their product is no overflow.
    guard sizes[0] > 0, (1...4_096).contains(sizes[1]), (1...4_096).contains(sizes[2]) else {
      throw .malformed(
        start.moved(by: 4), expected: "at least one image of 1x1 to 4096x4096",
        found: "\(sizes[0]) of \(sizes[1])x\(sizes[2])")
    }
    (count, height, width) = (sizes[0], sizes[1], sizes[2])
    pixels = try stream.bytes(count * height * width)
    try stream.expectEnd()
  }

  /// Image `index`, 0..<`count`.
  public func image(at index: Int) -> Image {
    precondition((0..<count).contains(index), "a file of \(count) images has no image \(index)")
    let size = height * width
    return Image(
      height: height, width: width, channels: 1, pixels: Array(pixels[index * size..<(index + 1) * size]))
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
