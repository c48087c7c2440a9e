// Everything that can be wrong with a picture's file.

import Files

/// Why a file is no picture that can be used.
public enum ImageError: Error, Equatable, CustomStringConvertible {
  /// The system refuses to read the file.
  case unreadable(file: String, reason: String)
  /// Neither PNG nor JPEG.
  case unknownFormat(file: String)
  /// A file that its format's library refuses.
  case damaged(file: String, format: ImageFormat, reason: String)
  /// A picture of more pixels than are ever decoded.
  case tooLarge(file: String, height: Int, width: Int)
  /// A file of fewer bytes than the picture takes that it declares.
  case tooShort(file: String, height: Int, width: Int, fileSize: Int)

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file): cannot be read: \(reason); check the path and its permissions"
    case .unknownFormat(let file): "\(file): expected a PNG or JPEG file, found another one; convert it to PNG"
    case .damaged(let file, let format, let reason):
      "\(file): expected an intact \(format.rawValue) file, found one that cannot be decoded (\(reason)); copy it again, "
        + "or save it anew"
    case .tooLarge(let file, let height, let width):
      "\(file): expected a picture of at most \(Image.pixelLimit) pixels, found \(height)x\(width) declared: make it smaller"
    case .tooShort(let file, let height, let width, let fileSize):
      "\(file): expected a file that can hold the \(height)x\(width) pixels that it declares, found one of \(fileSize) "
        + "bytes: it is damaged; copy it again"
    }
  }
}
