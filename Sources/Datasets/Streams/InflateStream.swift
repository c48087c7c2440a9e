// What zlib unpacks, a piece at a time. Only this file and CyclicChecksum.swift talk to zlib.

import CZlib

/// The bytes packed in a file, or in a part of it.
final class InflateStream: ByteStream {
  /// What stands around the packed data.
  enum Format: Int32 {
    /// RFC 1951, nothing. One run of packed data, which ends where the source ends.
    case raw = -15
    /// RFC 1950. One run of packed data, which ends where the source ends.
    case zlib = 15
    /// RFC 1952. One member or several, as parallel packers write them.
    case gzip = 31
  }

  private let source: FileStream
  private let start: FilePosition
  private let format: Format
  // zlib keeps a pointer to its state's owner, so this must not move.
  private let state: UnsafeMutablePointer<z_stream>
  private var input = [UInt8](repeating: 0, count: 1 << 16)
  private var unread = 0..<0
  private var ended = false
  private var offset = 0

  init(_ source: FileStream, format: Format) throws(DatasetError) {
    self.source = source
    self.format = format
    start = source.position
    state = .allocate(capacity: 1)
    state.initialize(to: z_stream())
    let status = inflateInit2_(state, format.rawValue, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw .unreadable(file: start.file, reason: "zlib cannot start (code \(status))") }
  }

  deinit {
    inflateEnd(state)
    state.deallocate()
  }

  var position: FilePosition { FilePosition(file: start.file, offset: offset, unpackedFrom: start.offset) }

  /// A deflated bit pair stands for at most 258 bytes; what zlib has read but not yet handed out is below 64 KB.
  var mostBytesLeft: Int { ended ? 0 : packedBytesLeft * 1032 + 1 << 16 }

  private var packedBytesLeft: Int { source.mostBytesLeft + unread.count }
  private var packedPosition: FilePosition { source.position.moved(by: -unread.count) }

  func read(into bytes: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
    var next = range.lowerBound
    while next < range.upperBound && !ended {
      if unread.isEmpty { unread = 0..<(try source.read(into: &input, 0..<input.count)) }
      next += try inflateOnce(&bytes, next..<range.upperBound)
    }
    offset += next - range.lowerBound
    return next - range.lowerBound
  }

  /// One call of zlib: unpacks what it can of the input at hand into `bytes[range]`.
  private func inflateOnce(_ bytes: inout [UInt8], _ range: Range<Int>) throws(DatasetError) -> Int {
    let before = unread
    let (status, count) = bytes.withUnsafeMutableBufferPointer { bytes in
      input.withUnsafeMutableBufferPointer { input in
        let target = UnsafeMutableBufferPointer(rebasing: bytes[range])
        let packed = UnsafeMutableBufferPointer(rebasing: input[before])
        let room = UInt32(clamping: target.count)
        state.pointee.next_in = packed.baseAddress
        state.pointee.avail_in = UInt32(packed.count)
        state.pointee.next_out = target.baseAddress
        state.pointee.avail_out = room
        let status = inflate(state, Z_NO_FLUSH)
        return (status, Int(room - state.pointee.avail_out))
      }
    }
    unread = before.upperBound - Int(state.pointee.avail_in)..<before.upperBound
    switch status {
    case Z_OK: break
    case Z_STREAM_END: try endOfRun()
    case Z_BUF_ERROR where packedBytesLeft == 0:
      throw .malformed(packedPosition, expected: "more packed data", found: "its end")
    default:
      let reason = state.pointee.msg.map { String(cString: $0) } ?? "zlib's code \(status)"
      throw .malformed(packedPosition, expected: "intact packed data", found: reason)
    }
    return count
  }

  private func endOfRun() throws(DatasetError) {
    if packedBytesLeft == 0 {
      ended = true
    } else if format == .gzip {
      inflateReset(state)
    } else {
      throw .malformed(packedPosition, expected: "the end of the packed data", found: "\(packedBytesLeft) more bytes")
    }
  }
}
