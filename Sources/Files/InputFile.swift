// Reads a regular file, or bytes in memory as if they were one.

import Foundation

/// An open regular file, or bytes that stand for one.
public final class InputFile {
  /// Its path, or the name that errors call it by.
  public let path: String
  /// Bytes of the whole file.
  public let size: Int
  private let source: Source
  /// Where the next `read(_:of:)` begins.
  private var offset = 0

  private enum Source {
    case descriptor(Int32)
    case memory([UInt8])
  }

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
    source = .descriptor(descriptor)
  }

  /// Takes `bytes` for the content of a file called `name`.
  public init(_ bytes: [UInt8], name: String) {
    path = name
    size = bytes.count
    source = .memory(bytes)
  }

  deinit {
    if case .descriptor(let descriptor) = source { close(descriptor) }
  }

  /// Reads `bytes[range]` from byte `place` of the file on, and returns how many bytes these are: fewer than asked for
  /// only where the file ends.
  /// - Throws: `FileError.unreadable`.
  public func read(into bytes: inout [UInt8], _ range: Range<Int>, from place: Int) throws(FileError) -> Int {
    precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count, "the range lies inside the array")
    let result: Result<Int, FileError> = bytes.withUnsafeMutableBytes { bytes in
      read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[range]), from: place)
    }
    return try result.get()
  }

  /// The next `count` integers, which the caller knows to be in the file; they are stored little-endian.
  /// - Throws: `FileError.unreadable`.
  public func read<Word: FixedWidthInteger & BitwiseCopyable>(_ count: Int, of _: Word.Type) throws(FileError) -> [Word]
  {
    var words = [Word](repeating: 0, count: count)
    let size = count * MemoryLayout<Word>.size
    let result = words.withUnsafeMutableBytes { read(into: $0, from: offset) }
    guard try result.get() == size else {
      throw .unreadable(path: path, reason: "it became shorter while it was read")
    }
    offset += size
    if Word(littleEndian: 1) != 1 { words = words.map(Word.init(littleEndian:)) }
    return words
  }

  private func read(into target: UnsafeMutableRawBufferPointer, from place: Int) -> Result<Int, FileError> {
    switch source {
    case .memory(let bytes):
      let part = bytes.dropFirst(place).prefix(target.count)
      target.copyBytes(from: part)
      return .success(part.count)
    case .descriptor(let descriptor):
      var done = 0
      while done < target.count {
        let rest = UnsafeMutableRawBufferPointer(rebasing: target[done...].prefix(LongWork.pieceSize))
        // Linux may read less than it is asked for.
        let count = pread(descriptor, rest.baseAddress, rest.count, off_t(place + done))
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { return .failure(.unreadable(path: path, reason: FileError.lastReason)) }
        if count == 0 { break }
        done += count
        LongWork.progressed()
      }
      return .success(done)
    }
  }
}
