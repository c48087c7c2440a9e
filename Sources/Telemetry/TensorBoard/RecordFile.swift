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

/// A file that records are appended to.
final class RecordFile {
  let path: String
  private let file: FileHandle

  /// Begins the file, which must not be there yet.
  init(path: String) throws(FileError) {
    self.path = path
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .unwritable(path: path, reason: String(cString: strerror(errno))) }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Appends records, in one piece, so that a reader sees whole ones.
  func append(_ records: [[UInt8]]) throws(FileError) {
    do {
      try file.write(contentsOf: Data(records.flatMap(Self.framed)))
    } catch {
      throw .unwritable(path: path, reason: SystemReason(error).text)
    }
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
