// One numeric array of a MATLAB file: its name and shape, then its numbers as a stream.

/// How the numbers of an array are stored, whatever their class in MATLAB.
enum MATLABType: UInt32 {
  case int8 = 1
  case uint8 = 2
  case int16 = 3
  case uint16 = 4
  case int32 = 5
  case uint32 = 6
  case single = 7
  case double = 9

  /// Bytes of one number.
  var size: Int {
    switch self {
    case .int8, .uint8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .single: 4
    case .double: 8
    }
  }

  /// Number `index` of `bytes`; a double holds each of them exactly.
  func value(in bytes: [UInt8], at index: Int, bigEndian: Bool) -> Double {
    func bits<T: FixedWidthInteger & UnsignedInteger>(_ type: T.Type) -> T {
      bytes.integer(type, at: index * size, bigEndian: bigEndian)
    }
    switch self {
    case .int8: return Double(Int8(bitPattern: bytes[index]))
    case .uint8: return Double(bytes[index])
    case .int16: return Double(Int16(bitPattern: bits(UInt16.self)))
    case .uint16: return Double(bits(UInt16.self))
    case .int32: return Double(Int32(bitPattern: bits(UInt32.self)))
    case .uint32: return Double(bits(UInt32.self))
    case .single: return Double(Float(bitPattern: bits(UInt32.self)))
    case .double: return Double(bitPattern: bits(UInt64.self))
    }
  }
}

/// A numeric array whose header has been read, and whose numbers come next.
struct MATLABVariable {
  let name: String
  /// Sizes, the fastest running first.
  let dimensions: [Int]
  let type: MATLABType
  /// Bytes of all its numbers.
  let byteCount: Int
  /// Where the numbers begin.
  let start: FilePosition
  let bigEndian: Bool
  private let stream: any ByteStream
  private let end: Int
  /// The numbers themselves, where they are few enough to stand in the element's tag.
  private let small: [UInt8]?

  /// Reads the header of a matrix of `count` bytes; nil if it is not a numeric array.
  init?(_ stream: any ByteStream, count: Int, bigEndian: Bool) throws(DatasetError) {
    self.stream = stream
    self.bigEndian = bigEndian
    end = stream.position.offset + count
    let flagsStart = stream.position
    let flags = try Self.readElement(stream, limit: 8, bigEndian)
    guard flags.count == 8 else {
      throw .malformed(flagsStart, expected: "8 bytes of array flags", found: "\(flags.count)")
    }
    // Classes 6 to 13 are double, single and the integers up to 32 bits.
    guard (6...13).contains(flags.integer(UInt32.self, at: 0, bigEndian: bigEndian) & 0xff) else { return nil }
    let dimensions = try Self.readElement(stream, limit: 4 * 32, bigEndian)
    self.dimensions = stride(from: 0, to: dimensions.count & ~3, by: 4).map {
      Int(dimensions.integer(UInt32.self, at: $0, bigEndian: bigEndian))
    }
    name = String(decoding: try Self.readElement(stream, limit: 256, bigEndian), as: UTF8.self)
    let tagStart = stream.position
    let tag = try Self.readTag(stream, bigEndian)
    guard let type = MATLABType(rawValue: tag.type) else {
      throw .malformed(tagStart, expected: "numbers of at most 64 bits", found: "element type \(tag.type)")
    }
    self.type = type
    byteCount = tag.count
    small = tag.small
    start = tag.small == nil ? stream.position : tagStart.moved(by: 4)
  }

  /// For example `uint8 32x32x3x10`.
  var description: String { "\(type) \(dimensions.map(String.init).joined(separator: "x"))" }

  /// Checks that there are `count` numbers, before memory is taken for them.
  func expectCount(_ count: Int) throws(DatasetError) {
    guard byteCount % type.size == 0, byteCount / type.size == count else {
      throw .malformed(
        start, expected: "\(count) numbers of \(type.size) bytes in \(name)", found: "\(byteCount) bytes")
    }
    if small == nil { try stream.expect(byteCount) }
  }

  /// Reads the next bytes of the numbers.
  func fill(_ bytes: inout [UInt8]) throws(DatasetError) {
    if let small {
      bytes = small
    } else {
      try stream.fill(&bytes, 0..<bytes.count)
    }
  }

  /// Checks, after all numbers have been read, that the variable ends where it should.
  func finish() throws(DatasetError) {
    if small == nil { _ = try stream.bytes(Self.padding(byteCount)) }
    guard stream.position.offset == end else {
      throw .malformed(stream.position, expected: "the end of \(name) at byte \(end)", found: "another length")
    }
    try stream.expectEnd()
  }

  /// Reads an element that must not be longer than `limit` bytes.
  private static func readElement(
    _ stream: any ByteStream, limit: Int, _ bigEndian: Bool
  ) throws(DatasetError) -> [UInt8] {
    let start = stream.position
    let tag = try readTag(stream, bigEndian)
    if let small = tag.small { return small }
    guard tag.count <= limit else {
      throw .malformed(start, expected: "an element of at most \(limit) bytes", found: "\(tag.count)")
    }
    let bytes = try stream.bytes(tag.count)
    _ = try stream.bytes(padding(tag.count))
    return bytes
  }

  /// Reads an element's tag, and its data if they stand inside the tag ("small data element").
  private static func readTag(
    _ stream: any ByteStream, _ bigEndian: Bool
  ) throws(DatasetError) -> (type: UInt32, count: Int, small: [UInt8]?) {
    let start = stream.position
    let tag = try stream.bytes(8)
    let first = tag.integer(UInt32.self, at: 0, bigEndian: bigEndian)
    let smallCount = Int(first >> 16)
    guard smallCount > 0 else { return (first, Int(tag.integer(UInt32.self, at: 4, bigEndian: bigEndian)), nil) }
    guard smallCount <= 4 else {
      throw .malformed(start, expected: "at most 4 bytes in a small element", found: "\(smallCount)")
    }
    return (first & 0xffff, smallCount, Array(tag[4..<4 + smallCount]))
  }

  /// Bytes that fill an element up to a multiple of eight.
  private static func padding(_ count: Int) -> Int { -count & 7 }
}
