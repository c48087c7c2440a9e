// MATLAB's version 5 files (save -v6 and -v7), as far as plain numeric arrays need them.
// "MAT-File Format", The MathWorks: a header of 128 bytes, then one element per variable, packed by zlib or not.

/// A MATLAB file, read variable by variable.
final class MATLABFile {
  private let stream: FileStream
  private let bigEndian: Bool
  private enum ElementType {
    static let matrix = 14
    static let compressed = 15
  }

  /// Begins a file and checks its header.
  init(_ stream: FileStream) throws(DatasetError) {
    self.stream = stream
    let start = stream.position
    let header = try stream.bytes(128)
    switch Array(header[126...]) {
    case Array("IM".utf8): bigEndian = false
    case Array("MI".utf8): bigEndian = true
    default:
      throw .malformed(start.moved(by: 126), expected: "the mark IM or MI of a MATLAB 5 file", found: "something else")
    }
    let version = header.integer(UInt16.self, at: 124, bigEndian: bigEndian)
    guard version == 0x0100 else {
      throw .malformed(
        start.moved(by: 124), expected: "MATLAB file version 0x100 (save -v7)",
        found: "0x\(String(version, radix: 16))")
    }
  }

  /// Where the next variable stands.
  var position: FilePosition { stream.position }

  /// The next numeric array, ready to be read; others are passed over. Nil at the end of the file.
  func nextVariable() throws(DatasetError) -> MATLABVariable? {
    while stream.mostBytesLeft > 0 {
      let start = stream.position
      let tag = try stream.bytes(8)
      let type = Int(tag.integer(UInt32.self, at: 0, bigEndian: bigEndian))
      let count = Int(tag.integer(UInt32.self, at: 4, bigEndian: bigEndian))
      let content = try stream.part(count)
      switch type {
      case ElementType.matrix:
        if let variable = try MATLABVariable(content, count: count, bigEndian: bigEndian) { return variable }
      case ElementType.compressed:
        let unpacked = try InflateStream(content, format: .zlib)
        let start = unpacked.position
        let tag = try unpacked.bytes(8)
        let type = Int(tag.integer(UInt32.self, at: 0, bigEndian: bigEndian))
        let count = Int(tag.integer(UInt32.self, at: 4, bigEndian: bigEndian))
        guard type == ElementType.matrix else { throw Self.notAMatrix(start, type) }
        if let variable = try MATLABVariable(unpacked, count: count, bigEndian: bigEndian) { return variable }
      default: throw Self.notAMatrix(start, type)
      }
    }
    return nil
  }

  private static func notAMatrix(_ position: FilePosition, _ type: Int) -> DatasetError {
    .malformed(position, expected: "a MATLAB matrix (element type 14)", found: "element type \(type)")
  }
}
