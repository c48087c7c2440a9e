// PNG, decoded by libpng's simplified interface, which neither jumps over Swift frames nor takes memory unasked; the only
// file that talks to libpng.

import CPNG

enum PNGDecoder {
  static func decode(_ bytes: [UInt8], name: String) throws(ImageError) -> Image {
    // libpng keeps its address from call to call.
    let control = UnsafeMutablePointer<png_image>.allocate(capacity: 1)
    control.initialize(to: png_image())
    control.pointee.version = UInt32(PNG_IMAGE_VERSION)
    defer {
      png_image_free(control)
      control.deallocate()
    }
    let result: Result<Image, ImageError> = bytes.withUnsafeBytes { file in
      // libpng reads from the file's bytes again in `finish`.
      guard png_image_begin_read_from_memory(control, file.baseAddress, file.count) != 0 else {
        return .failure(damaged(control.pointee, name))
      }
      return Result { () throws(ImageError) in try finish(control, bytes, name) }
    }
    return try result.get()
  }

  private static func finish(
    _ control: UnsafeMutablePointer<png_image>, _ bytes: [UInt8], _ name: String
  ) throws(ImageError) -> Image {
    let isColored = control.pointee.format & UInt32(PNG_FORMAT_FLAG_COLOR) != 0
    control.pointee.format = isColored ? UInt32(PNG_FORMAT_FLAG_COLOR) : 0
    // Without it, 16 bits that do not say what they mean are taken for intensities of light.
    control.pointee.flags |= UInt32(PNG_IMAGE_FLAG_16BIT_sRGB)
    let (height, width, channels) = (Int(control.pointee.height), Int(control.pointee.width), isColored ? 3 : 1)
    try Image.check(height: height, width: width, channels: channels, of: bytes, .png, name: name)
    var pixels = [UInt8](repeating: 0, count: height * width * channels)
    var background = png_color(red: 0, green: 0, blue: 0)
    guard png_image_finish_read(control, &background, &pixels, Int32(width * channels), nil) != 0 else {
      throw damaged(control.pointee, name)
    }
    return Image(height: height, width: width, channels: channels, pixels: pixels)
  }

  private static func damaged(_ control: png_image, _ name: String) -> ImageError {
    let message = withUnsafeBytes(of: control.message) { Array($0.prefix { $0 != 0 }) }
    return .damaged(file: name, format: .png, reason: String(decoding: message, as: UTF8.self))
  }
}
