// TFRecord files: records with their length and two checksums. A file is only ever appended to, or cut after a record.
//
// A record is its length (64 bits), that length's checksum (32 bits), the bytes, and their checksum, all little-endian:
// https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details

import Files
import Foundation

/// CRC-32C (Castagnoli, the reflected polynomial 0x82F63B78), as masked for files that hold checksums of checksums.
public enum MaskedChecksum {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0x82F6_3B78 : 0) }
  }

  /// The plain CRC-32C of bytes.
  public static func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }

  /// Rotated to the right by 15 bits, plus a constant.
  public static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let plain = crc(bytes)
    return (plain >> 15 | plain << 17) &+ 0xA282_EAD8
  }
}

/// A file that records are appended to. It is made with the first of them.
final class RecordFile {
  /// Its name comes after those of the files that are in the directory already, as TensorBoard reads them in that order.
  private let directory: String
  private var file: (handle: FileHandle, path: String)?
  /// Bytes of whole records in the file.
  private var length: UInt64 = 0
  /// Records that the disk had no room for yet.
  private var pending = Data()

  /// A file in `directory`, which need not be there yet.
  init(in directory: String) {
    self.directory = directory
  }

  /// Appends records, in one piece, so that a reader sees whole ones. Those that there is no room for are appended with the
  /// next ones, or by `flush()`.
  /// - Throws: `FileError.unwritable`, for other reasons.
  func append(_ records: [[UInt8]]) throws(FileError) {
    pending.append(contentsOf: records.flatMap(Self.framed))
    do throws(FileError) {
      try flush()
    } catch  where SystemReason(error).isLackOfSpace {}
  }

  /// Writes the records that the disk had no room for.
  /// - Throws: `FileError.unwritable`, also where there still is none.
  func flush() throws(FileError) {
    if pending.isEmpty { return }
    do {
      let (handle, _) = try file ?? begin()
      try handle.write(contentsOf: pending)
      length += UInt64(pending.count)
      pending = Data()
    } catch {
      try? file?.handle.truncate(atOffset: length)
      throw .unwritable(path: file?.path ?? directory, reason: SystemReason(error).text)
    }
  }

  private func begin() throws -> (FileHandle, String) {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let number = try Self.files(in: directory).count
    let path = directory + String(format: "/\(Self.prefix)%010d.odn", number)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError.unwritable(path: path, reason: String(cString: strerror(errno))) }
    let begun = (FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), path)
    file = begun
    return begun
  }

  private static let prefix = "events.out.tfevents."

  /// Names of the files in a directory, in order.
  static func files(in directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasPrefix(prefix) }.sorted()
  }

  static func framed(_ record: [UInt8]) -> [UInt8] {
    let length = bytes(of: UInt64(record.count))
    return length + bytes(of: MaskedChecksum.of(length)) + record + bytes(of: MaskedChecksum.of(record))
  }

  private static func bytes<Word: FixedWidthInteger>(of word: Word) -> [UInt8] {
    (0..<Word.bitWidth / 8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
  }
}

/// The whole records at the beginning of a file, whatever follows them.
public struct RecordReader: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  /// Where the next record begins, or what is none.
  public private(set) var position = 0

  /// Reads the records in `bytes`, a file's.
  public init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// The next record; nil at the end, or where a record is cut short or damaged.
  public mutating func next() -> [UInt8]? {
    guard bytes.count - position >= 12 else { return nil }
    let header = bytes[position..<position + 8]
    guard word(at: position + 8) == MaskedChecksum.of(header),
      let length = Int(exactly: UInt64(word(at: position)) | UInt64(word(at: position + 4)) << 32),
      bytes.count - position - 12 >= 4, length <= bytes.count - position - 16
    else { return nil }
    let start = position + 12
    let record = bytes[start..<start + length]
    guard word(at: start + length) == MaskedChecksum.of(record) else { return nil }
    position = start + length + 4
    return Array(record)
  }

  private func word(at place: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * $1) }
  }
}
