// Writes a file so that its place holds either the old content or the whole new one, whatever happens in between.

import Foundation

/// A file in the making. It grows under a temporary name beside its place, and moves there with `commit()`; without
/// that it vanishes.
public struct AtomicFile: ~Copyable {
  private let path: String
  private let directory: String
  private let temporaryPath: String
  private let descriptor: Int32
  private var isCommitted = false
  /// Bytes that may not be on the disk yet.
  private var unsynchronized = 0
  private static let prefix = ".odn-"
  private static let suffix = ".part"

  /// Begins a file that is to stand at `path`.
  /// - Throws: `FileError.unwritable` if its directory takes no new file.
  public init(path: String) throws(FileError) {
    self.path = path
    directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    temporaryPath = directory + Self.prefix + UUID().uuidString + Self.suffix
    let descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(path: path, reason: FileError.lastReason) }
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
    if !isCommitted { unlink(temporaryPath) }
  }

  /// Appends integers, stored little-endian.
  /// - Throws: `FileError.unwritable`.
  public mutating func write<Word: FixedWidthInteger & BitwiseCopyable>(_ words: [Word]) throws(FileError) {
    let stored = Word(littleEndian: 1) == 1 ? words : words.map(\.littleEndian)
    var done = 0
    while done < stored.count * MemoryLayout<Word>.size {
      let count = stored.withUnsafeBytes { bytes in
        let part = UnsafeRawBufferPointer(rebasing: bytes[done...].prefix(LongWork.pieceSize))
        return Foundation.write(descriptor, part.baseAddress, part.count)
      }
      if count < 0 && errno == EINTR { continue }
      try check(count)
      done += count
      unsynchronized += count
      try synchronizePiece()
    }
  }

  /// Waits for the disk piece by piece: for a large file on a slow disk, `commit()` alone would wait for minutes without
  /// a sign of progress.
  private mutating func synchronizePiece() throws(FileError) {
    guard unsynchronized >= LongWork.pieceSize else { return }
    try check(fdatasync(descriptor))
    unsynchronized = 0
    LongWork.progressed()
  }

  /// Makes the content durable, and only then visible under the file's own name.
  /// - Throws: `FileError.unwritable`.
  public mutating func commit() throws(FileError) {
    try check(fsync(descriptor))
    let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    try check(parent)
    defer { close(parent) }
    try check(rename(temporaryPath, path))
    isCommitted = true
    LongWork.progressed()
    // EINVAL is the answer of file systems that cannot do this for a directory.
    if fsync(parent) != 0 && errno != EINVAL { try check(-1) }
  }

  /// Removes what files in the making left in `directory` when their process was killed.
  public static func removeLeftovers(in directory: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    where name.hasPrefix(prefix) && name.hasSuffix(suffix) {
      unlink("\(directory)/\(name)")
    }
  }

  /// Turns the -1 of a system call into an error with its reason.
  private func check(_ result: some SignedInteger) throws(FileError) {
    guard result >= 0 else { throw .unwritable(path: path, reason: FileError.lastReason) }
  }
}
