// JPEG, decoded by libjpeg-turbo's TurboJPEG interface, which neither jumps over Swift frames nor takes memory unasked; the
// only file that talks to it.

import CTurboJPEG

enum JPEGDecoder {
  static func decode(_ bytes: [UInt8], name: String) throws(ImageError) -> Image {
    guard let decoder = tjInitDecompress() else {
      throw .unreadable(file: name, reason: "the JPEG library has no memory to start with")
    }
    defer { tjDestroy(decoder) }
    func damaged() -> ImageError {
      .damaged(file: name, format: .jpeg, reason: String(cString: tjGetErrorStr2(decoder)))
    }
    var (width, height, subsampling, colors): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    let size = UInt(bytes.count)
    guard tjDecompressHeader3(decoder, bytes, size, &width, &height, &subsampling, &colors) == 0 else {
      throw damaged()
    }
    guard colors != TJCS_CMYK.rawValue && colors != TJCS_YCCK.rawValue else {
      throw .damaged(file: name, format: .jpeg, reason: "its colours are cyan, magenta, yellow and black")
    }
    let channels = colors == TJCS_GRAY.rawValue ? 1 : 3
    try Image.check(height: Int(height), width: Int(width), channels: channels, of: bytes, .jpeg, name: name)
    var pixels = [UInt8](repeating: 0, count: Int(height) * Int(width) * channels)
    let format = (channels == 1 ? TJPF_GRAY : TJPF_RGB).rawValue
    // A file that was cut would be filled up with grey, and one with many scans takes any time.
    let flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT
    guard tjDecompress2(decoder, bytes, size, &pixels, width, 0, height, Int32(format), flags) == 0 else {
      throw damaged()
    }
    return Image(height: Int(height), width: Int(width), channels: channels, pixels: pixels)
  }
}
