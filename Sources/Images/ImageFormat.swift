// Which format a file has, as its first bytes say it, and what it may decode to.

import Files

/// A format that pictures are read in.
public enum ImageFormat: String, CaseIterable, Sendable {
  case png = "PNG"
  case jpeg = "JPEG"

  /// The format of a file that begins with `bytes`; nil for others.
  public init?(_ bytes: some Collection<UInt8>) {
    let signature = Self.allCases.first { bytes.starts(with: $0.signature) }
    guard let signature else { return nil }
    self = signature
  }

  private var signature: [UInt8] {
    switch self {
    case .png: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    case .jpeg: [0xFF, 0xD8, 0xFF]
    }
  }

  /// Bytes that a byte of a file may stand for, at most. PNG: deflated bytes stand for 1032 each, and these for 8 pixels
  /// of 3 bytes each. JPEG: a block of 64 pixels takes a bit of each of its channels.
  var bytesPerFileByte: Int {
    switch self {
    case .png: 1032 * 24
    case .jpeg: 8 * 64 * 3
    }
  }
}

extension Image {
  /// The most bytes that a picture may have when it is decoded: 44 million pixels in colour. Larger ones are reduced.
  public static let byteLimit = 1 << 27
  /// The most pixels that a file may declare: 16384x16384.
  public static let pixelLimit = 1 << 28
  /// The largest file that is read, in bytes.
  public static let fileLimit = 1 << 27

  /// Reads a PNG or JPEG file; the content decides, not the name.
  ///
  /// Pictures become 8 bits per channel, grey ones one channel and others three; what shines through is black. They stand
  /// upright, as EXIF notes it beside the pixels. One of more than `byteLimit` bytes is reduced: each new pixel is the mean
  /// of a block of old ones.
  /// - Throws: `ImageError` if it cannot be read, is damaged, another format, or too large.
  public init(path: String) throws(ImageError) {
    let bytes: [UInt8]
    do throws(FileError) {
      let file = try InputFile(path: path)
      guard file.size <= Self.fileLimit else {
        throw .unreadable(path: path, reason: "it has \(file.size) bytes, and pictures at most \(Self.fileLimit)")
      }
      bytes = try file.read(file.size, of: UInt8.self)
    } catch {
      switch error {
      case .unreadable(let path, let reason), .unwritable(let path, let reason):
        throw .unreadable(file: path, reason: reason)
      }
    }
    try self.init(decoding: bytes, name: path)
  }

  /// Decodes the content of a PNG or JPEG file.
  /// - Parameter name: what errors call it.
  /// - Throws: `ImageError`.
  public init(decoding bytes: [UInt8], name: String) throws(ImageError) {
    try self.init(decoding: bytes, name: name, byteLimit: Self.byteLimit)
  }

  /// Decodes the content of a PNG or JPEG file to at most `byteLimit` bytes.
  /// - Throws: `ImageError`.
  package init(decoding bytes: [UInt8], name: String, byteLimit: Int) throws(ImageError) {
    switch ImageFormat(bytes) {
    case .png: self = try PNGDecoder.decode(bytes, name: name, byteLimit: byteLimit)
    case .jpeg: self = try JPEGDecoder.decode(bytes, name: name, byteLimit: byteLimit)
    case nil: throw .unknownFormat(file: name)
    }
  }

  /// Checks that a file of `fileSize` bytes may declare a picture of this size, before memory is taken for it.
  static func check(
    height: Int, width: Int, channels: Int, fileSize: Int, _ format: ImageFormat, name: String
  ) throws(ImageError) {
    // Both libraries' sizes have 31 bits at most, so that nothing overflows.
    guard height > 0, width > 0, height <= 1 << 20, width <= 1 << 20, height * width <= pixelLimit else {
      throw .tooLarge(file: name, height: height, width: width)
    }
    guard height * width * channels <= fileSize * format.bytesPerFileByte else {
      throw .tooShort(file: name, height: height, width: width, fileSize: fileSize)
    }
  }
}
