// Bytes of a file, or of a part of it.

import Foundation

/// An open regular file.
private final class OpenFile {
  let descriptor: Int32
  let path: String
  let size: Int

  init(_ path: String) throws(DatasetError) {
    // O_NONBLOCK so that a pipe of that name does not make us wait for a writer.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw .unreadable(file: path, reason: String(cString: strerror(errno))) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw .unreadable(file: path, reason: "it is not a regular file")
    }
    self.path = path
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }
}

/// The bytes of a file, or of a part of it.
final class FileStream: ByteStream {
  private let file: OpenFile
  private var offset: Int
  private let end: Int

  /// A whole file.
  init(path: String) throws(DatasetError) {
    file = try OpenFile(path)
    offset = 0
    end = file.size
  }

  private init(_ file: OpenFile, _ range: Range<Int>) {
    self.file = file
    offset = range.lowerBound
    end = range.upperBound
  }

  var position: FilePosition { FilePosition(file: file.path, offset: offset) }
  var mostBytesLeft: Int { end - offset }

  func read(into bytes: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
    let wanted = range.lowerBound..<range.lowerBound + min(range.count, mostBytesLeft)
    var next = wanted.lowerBound
    while next < wanted.upperBound {
      let count = bytes.withUnsafeMutableBytes {
        let target = UnsafeMutableRawBufferPointer(rebasing: $0[next..<wanted.upperBound])
        return pread(file.descriptor, target.baseAddress, target.count, off_t(offset))
      }
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw .unreadable(file: file.path, reason: String(cString: strerror(errno))) }
      if count == 0 { break }
      next += count
      offset += count
    }
    return next - wanted.lowerBound
  }

  /// The next `count` bytes as a stream of their own; this one goes on after them.
  func part(_ count: Int) throws(DatasetError) -> FileStream {
    guard count <= mostBytesLeft else { throw .truncated(position, expected: count, found: mostBytesLeft) }
    defer { offset += count }
    return FileStream(file, offset..<offset + count)
  }

  /// The stream itself, or what it unpacks to if it begins as gzip data does. The content decides, not the name:
  /// browsers like to unpack a file and keep its name.
  func unpacked() throws(DatasetError) -> any ByteStream {
    let start = offset
    var magic: [UInt8] = [0, 0]
    let count = try read(into: &magic, 0..<2)
    offset = start
    return count == 2 && magic == [0x1f, 0x8b] ? try InflateStream(self, format: .gzip) : self
  }
}
