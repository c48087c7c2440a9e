// One array in numpy's format: a header that is a Python dictionary, then the numbers. "NPY format" in numpy's reference
// describes it (numpy.lib.format).

/// An array of integers in C order, ready to be read.
struct NumpyArray {
  /// The types of numbers that are read, all of them little-endian.
  enum Element: String {
    case u1, i1, u2, i2, u4, i4, u8, i8

    /// Bytes of a number.
    var size: Int { Int(rawValue.suffix(1)) ?? 1 }
    var isSigned: Bool { rawValue.hasPrefix("i") }
  }

  let element: Element
  /// Its sizes, first dimension first; their product fits into an integer.
  let shape: [Int]
  /// Where its header begins.
  let position: FilePosition
  private let stream: ZipMemberStream
  private static let headerLimit = 1 << 16

  /// Reads and checks the header.
  init(_ stream: ZipMemberStream) throws(DatasetError) {
    self.stream = stream
    position = stream.position
    let start = try stream.bytes(8)
    guard start.starts(with: [0x93] + Array("NUMPY".utf8)), (1...3).contains(start[6]) else {
      throw .malformed(position, expected: "an array of numpy (version 1, 2 or 3)", found: "other bytes")
    }
    let isShort = start[6] == 1
    let field = try stream.bytes(isShort ? 2 : 4)
    let count =
      isShort
      ? Int(field.integer(UInt16.self, at: 0, bigEndian: false))
      : Int(field.integer(UInt32.self, at: 0, bigEndian: false))
    guard count <= Self.headerLimit else {
      throw .tooLarge(position, bytes: count, limit: Self.headerLimit)
    }
    let header = String(decoding: try stream.bytes(count), as: UTF8.self)
    element = try Self.element(header, position)
    shape = try Self.shape(header, position)
    guard header.firstMatch(of: /'fortran_order': *False/) != nil else {
      throw .malformed(
        position, expected: "an array in C order", found: "one in Fortran order, which numpy.ascontiguousarray turns")
    }
  }

  private static func element(_ header: String, _ position: FilePosition) throws(DatasetError) -> Element {
    let expected = "integers of 1, 2, 4 or 8 bytes, little-endian"
    guard let match = header.firstMatch(of: /'descr': *'([<>|=]?)([a-zA-Z][0-9]{0,4})'/) else {
      throw .malformed(position, expected: expected, found: "no plain type of numbers in its header")
    }
    guard let element = Element(rawValue: String(match.2)), match.1 != ">" || element.size == 1 else {
      throw .malformed(position, expected: expected, found: "the type \(match.1)\(match.2)")
    }
    return element
  }

  private static func shape(_ header: String, _ position: FilePosition) throws(DatasetError) -> [Int] {
    guard let match = header.firstMatch(of: /'shape': *\(([0-9, ]{0,200})\)/) else {
      throw .malformed(position, expected: "a shape in the header of an array", found: "none")
    }
    let texts = match.1.split(separator: ",").map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
    let sizes = texts.compactMap { Int($0) }
    let (product, overflow) = sizes.reduce((8, false)) { result, size in
      let (product, overflow) = result.0.multipliedReportingOverflow(by: size)
      return (product, result.1 || overflow)
    }
    guard sizes.count == texts.count, !overflow, product >= 0 else {
      throw .malformed(position, expected: "a shape that fits into memory", found: "(\(match.1))")
    }
    return sizes
  }

  /// For example `u1 (60000, 28, 28)`.
  var description: String { "\(element.rawValue) (\(shape.map(String.init).joined(separator: ", ")))" }

  /// Numbers of the array.
  var count: Int { shape.reduce(1, *) }

  /// Checks that all numbers may follow, before memory is taken for them.
  func expectNumbers() throws(DatasetError) {
    let bytes = count * element.size
    guard bytes <= stream.mostBytesLeft else {
      throw .truncated(stream.position, expected: bytes, found: stream.mostBytesLeft)
    }
  }

  /// Reads the next bytes of the numbers.
  func fill(_ bytes: inout [UInt8]) throws(DatasetError) { try stream.fill(&bytes, 0..<bytes.count) }

  /// Checks, after all numbers have been read, that nothing follows and that they are intact.
  func finish() throws(DatasetError) { try stream.finish() }

  /// All numbers; nil for one that is no integer here.
  func integers() throws(DatasetError) -> [Int?] {
    let size = element.size
    var stored = try stream.bytes(count * size)
    try finish()
    if size == 1 { return stored.map { element.isSigned ? Int(Int8(bitPattern: $0)) : Int($0) } }
    stored += [UInt8](repeating: 0, count: 8)
    return (0..<count).map { index in
      let bits = stored.integer(UInt64.self, at: index * size, bigEndian: false) << UInt64(64 - 8 * size)
      let shift = Int64(64 - 8 * size)
      return element.isSigned ? Int(Int64(bitPattern: bits) >> shift) : Int(exactly: bits >> UInt64(shift))
    }
  }
}
