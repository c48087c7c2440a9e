// Reads a regular file front to back.

import Foundation

/// An open regular file, whose bytes are asked for in order.
struct InputFile: ~Copyable {
  let path: String
  /// Bytes of the whole file.
  let size: Int
  private let descriptor: Int32

  init(path: String) throws(ModelFileError) {
    // O_NONBLOCK so that a pipe of that name does not make us wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(file: path, reason: "it is not a regular file")
    }
    self.path = path
    size = Int(status.st_size)
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// The next `count` integers, which the caller knows to be in the file; they are stored little-endian.
  func read<Word: FixedWidthInteger & BitwiseCopyable>(_ count: Int, of _: Word.Type) throws(ModelFileError) -> [Word] {
    var words = [Word](repeating: 0, count: count)
    var failure: ModelFileError?
    words.withUnsafeMutableBytes { bytes in
      var done = 0
      while done < bytes.count && failure == nil {
        let part = UnsafeMutableRawBufferPointer(rebasing: bytes[done...])
        // Linux reads at most 2 GB per call, and may read less.
        let count = Foundation.read(descriptor, part.baseAddress, part.count)
        if count > 0 {
          done += count
        } else if count == 0 {
          failure = .unreadable(file: path, reason: "it became shorter while it was read")
        } else if errno != EINTR {
          failure = .unreadable(file: path, reason: String(cString: strerror(errno)))
        }
      }
    }
    if let failure { throw failure }
    if Word(littleEndian: 1) != 1 { words = words.map(Word.init(littleEndian:)) }
    return words
  }
}
