// Reads a regular file front to back.

import Foundation

/// An open regular file, whose bytes are asked for in order.
public struct InputFile: ~Copyable {
  /// Its path.
  public let path: String
  /// Bytes of the whole file.
  public let size: Int
  private let descriptor: Int32

  /// Opens the file at `path`.
  /// - Throws: `FileError.unreadable`, also for directories, pipes and devices.
  public init(path: String) throws(FileError) {
    // O_NONBLOCK so that a pipe of that name does not make us wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(path: path, reason: FileError.lastReason) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(path: path, reason: "it is not a regular file")
    }
    self.path = path
    size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The next `count` integers, which the caller knows to be in the file; they are stored little-endian.
  /// - Throws: `FileError.unreadable`.
  public func read<Word: FixedWidthInteger & BitwiseCopyable>(_ count: Int, of _: Word.Type) throws(FileError) -> [Word]
  {
    var words = [Word](repeating: 0, count: count)
    var failure: FileError?
    words.withUnsafeMutableBytes { bytes in
      var done = 0
      while done < bytes.count && failure == nil {
        let part = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
        // Linux reads at most 2 GB per call, and may read less.
        let count = Foundation.read(descriptor, part.baseAddress, part.count)
        if count > 0 {
          done += count
        } else if count == 0 {
          failure = .unreadable(path: path, reason: "it became shorter while it was read")
        } else if errno != EINTR {
          failure = .unreadable(path: path, reason: FileError.lastReason)
        }
      }
    }
    if let failure { throw failure }
    if Word(littleEndian: 1) != 1 { words = words.map(Word.init(littleEndian:)) }
    return words
  }
}
