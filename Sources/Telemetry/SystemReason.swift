// Why the system refuses a file, and whether that may pass.

import Files
import Foundation
import ModelExchange

/// What the system says to a file that cannot be written.
struct SystemReason {
  let text: String

  init(_ error: any Error) {
    switch error {
    case FileError.unwritable(_, let reason), ModelFileError.unwritable(_, let reason),
      RunDirectoryError.unwritable(_, let reason):
      text = reason
    default: text = Self.words(of: error as NSError)
    }
  }

  /// The system's own words, without Foundation's around them.
  private static func words(of error: NSError) -> String {
    let underlying = (error.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError }
    let posix = [underlying, error].compactMap(\.self).first { $0.domain == NSPOSIXErrorDomain }
    return posix.map { String(cString: strerror(Int32($0.code))) } ?? error.localizedDescription
  }

  /// Whether room may be made while the run goes on.
  var isLackOfSpace: Bool { [ENOSPC, EDQUOT].contains { text == String(cString: strerror($0)) } }
}
