// PNG, decoded by libpng row by row; the only file that talks to it. CPNG/rows.h keeps libpng's jumps out of Swift's frames.

import CPNG

enum PNGDecoder {
  /// Every how many rows and columns a pass has a pixel, and where the first is.
  private struct Pass {
    let row: Int
    let rowStep: Int
    let column: Int
    let columnStep: Int
  }

  private static let whole = [Pass(row: 0, rowStep: 1, column: 0, columnStep: 1)]
  /// Those of Adam7.
  private static let interlaced = [
    Pass(row: 0, rowStep: 8, column: 0, columnStep: 8), Pass(row: 0, rowStep: 8, column: 4, columnStep: 8),
    Pass(row: 4, rowStep: 8, column: 0, columnStep: 4), Pass(row: 0, rowStep: 4, column: 2, columnStep: 4),
    Pass(row: 2, rowStep: 4, column: 0, columnStep: 2), Pass(row: 0, rowStep: 2, column: 1, columnStep: 2),
    Pass(row: 1, rowStep: 2, column: 0, columnStep: 1),
  ]

  /// Decodes a file to at most `byteLimit` bytes: a larger picture is reduced.
  static func decode(_ bytes: [UInt8], name: String, byteLimit: Int) throws(ImageError) -> Image {
    let result: Result<Image, ImageError> = bytes.withUnsafeBufferPointer { file in
      guard let reader = odn_png_open(file.baseAddress, file.count) else {
        return .failure(.unreadable(file: name, reason: "the PNG library has no memory to start with"))
      }
      defer { odn_png_close(reader) }
      return Result { () throws(ImageError) in
        try read(reader, name, byteLimit).turned(from: orientation(reader))
      }
    }
    return try result.get()
  }

  private static func read(
    _ reader: UnsafeMutablePointer<odn_png_reader>, _ name: String, _ byteLimit: Int
  ) throws(ImageError) -> Image {
    func damaged() -> ImageError {
      let reason = withUnsafeBytes(of: reader.pointee.reason) { Array($0.prefix { $0 != 0 }) }
      return .damaged(file: name, format: .png, reason: String(decoding: reason, as: UTF8.self))
    }
    var header = odn_png_header()
    guard odn_png_read_header(reader, &header) else { throw damaged() }
    let (height, width) = (Int(header.height), Int(header.width))
    let stored = Int(header.channels)
    let hasAlpha = stored == 2 || stored == 4
    let channels = hasAlpha ? stored - 1 : stored
    try Image.check(
      height: height, width: width, channels: channels, fileSize: reader.pointee.count, .png, name: name)
    guard var picture = BlockMeans(height: height, width: width, channels: channels, byteLimit: byteLimit) else {
      throw .tooLarge(file: name, height: height, width: width)
    }
    var rowSize = 0
    guard odn_png_start(reader, &rowSize), rowSize == width * stored else { throw damaged() }
    var line = [UInt8](repeating: 0, count: rowSize)
    for pass in header.is_interlaced ? interlaced : whole {
      // A pass without pixels has no rows.
      let count = max(0, (width - pass.column + pass.columnStep - 1) / pass.columnStep)
      guard count > 0 else { continue }
      for row in stride(from: pass.row, to: height, by: pass.rowStep) {
        guard odn_png_read_row(reader, &line) else { throw damaged() }
        picture.add(line, count: count, row: row, column: pass.column, step: pass.columnStep, hasAlpha: hasAlpha)
      }
    }
    return picture.image()
  }

  /// What the file notes, before the pixels or behind them.
  private static func orientation(_ reader: UnsafeMutablePointer<odn_png_reader>) -> Orientation {
    odn_png_finish(reader)
    var count = 0
    guard let exif = odn_png_exif(reader, &count) else { return .upright }
    return Orientation(exif: Array(UnsafeBufferPointer(start: exif, count: count))[...])
  }
}
