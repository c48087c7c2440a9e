// JPEG, decoded by libjpeg-turbo's TurboJPEG interface, which neither jumps over Swift frames nor takes memory unasked; the
// only file that talks to it.

import CTurboJPEG
import Synchronization

/// A picture that is being decoded.
struct JPEGDecoder {
  private let decoder: tjhandle
  private let name: String
  /// Whether the colours are those of inks: cyan, magenta, yellow and black.
  private let isPrinted: Bool
  /// Bytes of a pixel, as the library gives it.
  private let channels: Int
  /// Sides of the result, and by how much they are smaller than those in the file.
  private let rows: Int
  private let columns: Int
  private let reduction: Int

  /// How the library can divide the sides of a picture while it decodes it.
  private static let reductions = [1, 2, 4, 8]
  /// Held while a large picture is decoded whose scans do not come in order: of such the library keeps all frequencies,
  /// which may take 2 GB.
  private static let isDecodingFrequencies = Mutex(())

  /// Decodes a file to at most `byteLimit` bytes: a larger picture is reduced.
  ///
  /// What the library only warns of, such as bytes between two markers, is no reason to refuse a file; that it was cut is.
  static func decode(_ bytes: [UInt8], name: String, byteLimit: Int) throws(ImageError) -> Image {
    guard let decoder = tjInitDecompress() else {
      throw .unreadable(file: name, reason: "the JPEG library has no memory to start with")
    }
    defer { tjDestroy(decoder) }
    let markers = JPEGMarkers(bytes)
    return try JPEGDecoder(decoder, bytes, name: name, byteLimit: byteLimit).image(bytes, markers)
      .turned(from: Orientation(exif: markers.exif[...]))
  }

  /// Reads what stands before the pixels.
  private init(_ decoder: tjhandle, _ bytes: [UInt8], name: String, byteLimit: Int) throws(ImageError) {
    (self.decoder, self.name) = (decoder, name)
    var (width, height, subsampling, colors): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    let code = tjDecompressHeader3(decoder, bytes, UInt(bytes.count), &width, &height, &subsampling, &colors)
    // It may warn, and then knows the size all the same.
    guard width > 0 && height > 0 else {
      let reason = code == 0 ? "it holds no picture" : String(cString: tjGetErrorStr2(decoder))
      throw .damaged(file: name, format: .jpeg, reason: reason)
    }
    isPrinted = colors == TJCS_CMYK.rawValue || colors == TJCS_YCCK.rawValue
    let channels = isPrinted ? 4 : colors == TJCS_GRAY.rawValue ? 1 : 3
    self.channels = channels
    try Image.check(
      height: Int(height), width: Int(width), channels: min(3, channels), fileSize: bytes.count, .jpeg, name: name)
    func reduced(_ side: Int32, _ reduction: Int) -> Int { (Int(side) + reduction - 1) / reduction }
    let reduction = Self.reductions.first { reduced(height, $0) * reduced(width, $0) * channels <= byteLimit }
    guard let reduction else { throw .tooLarge(file: name, height: Int(height), width: Int(width)) }
    (rows, columns, self.reduction) = (reduced(height, reduction), reduced(width, reduction), reduction)
  }

  /// Decodes the pixels, as they lie in the file.
  private func image(_ bytes: [UInt8], _ markers: JPEGMarkers) throws(ImageError) -> Image {
    var pixels = [UInt8](repeating: 0, count: rows * columns * channels)
    if reduction == 1 || markers.isOneScan {
      try decompress(bytes, markers, into: &pixels)
    } else {
      try Self.isDecodingFrequencies.withLock { _ throws(ImageError) in
        try decompress(bytes, markers, into: &pixels)
      }
    }
    if isPrinted { pixels = Self.unprinted(pixels) }
    return Image(height: rows, width: columns, channels: min(3, channels), pixels: pixels)
  }

  private func decompress(
    _ bytes: [UInt8], _ markers: JPEGMarkers, into pixels: inout [UInt8]
  ) throws(ImageError) {
    guard markers.hasEnd else {
      // With an end, the library warns if pixels are missing before it.
      guard markers.isOneScan, run(bytes + JPEGMarkers.end, isStrict: true, &pixels) else {
        throw damaged("it ends too early, without the mark of its end")
      }
      return
    }
    if run(bytes, isStrict: true, &pixels) { return }
    guard tjGetErrorCode(decoder) == TJERR_WARNING.rawValue else { throw damaged(message) }
    // Of several warnings the library keeps the first. Another message is of an error that came later.
    let warning = message
    guard run(bytes, isStrict: false, &pixels) || message == warning else { throw damaged(message) }
  }

  /// Has the library decode a file.
  /// - Parameter isStrict: whether it ends at the first warning.
  /// - Returns: whether there was neither an error nor a warning.
  private func run(_ bytes: [UInt8], isStrict: Bool, _ pixels: inout [UInt8]) -> Bool {
    let format = (isPrinted ? TJPF_CMYK : channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue
    // A file with many scans takes any time.
    let flags = TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT | (isStrict ? TJFLAG_STOPONWARNING : 0)
    return tjDecompress2(
      decoder, bytes, UInt(bytes.count), &pixels, Int32(columns), 0, Int32(rows), Int32(format), flags) == 0
  }

  private var message: String { String(cString: tjGetErrorStr2(decoder)) }

  private func damaged(_ reason: String) -> ImageError { .damaged(file: name, format: .jpeg, reason: reason) }

  /// Red, green and blue of cyan, magenta, yellow and black, each stored as what is left of the light, as Adobe does it.
  private static func unprinted(_ pixels: [UInt8]) -> [UInt8] {
    var colors: [UInt8] = []
    colors.reserveCapacity(pixels.count / 4 * 3)
    for pixel in stride(from: 0, to: pixels.count, by: 4) {
      let light = Int(pixels[pixel + 3])
      for channel in 0..<3 {
        // What the ink takes of the light, rounded.
        let taken = ((255 - Int(pixels[pixel + channel])) * light + 127) / 255
        colors.append(UInt8(light - taken))
      }
    }
    return colors
  }
}
