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
  /// A picture that is larger than is ever decoded, or than its file can be meant to hold.
  case tooLarge(file: String, height: Int, width: Int, byteLimit: Int)

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let file, let reason): "\(file): cannot be read: \(reason); check the path and its permissions"
    case .unknownFormat(let file): "\(file): expected a PNG or JPEG file, found another one; convert it to PNG"
    case .damaged(let file, let format, let reason):
      "\(file): expected an intact \(format.rawValue) file, found one that cannot be decoded (\(reason)); copy it again, "
        + "or convert it to RGB"
    case .tooLarge(let file, let height, let width, let byteLimit):
      "\(file): expected a picture of at most \(byteLimit) bytes when it is decoded, found \(height)x\(width) pixels "
        + "declared: make it smaller, or copy it again if it is damaged"
    }
  }
}
