// Files of named tensors in the safetensors format (https://github.com/huggingface/safetensors): the length of the
// header as a 64-bit little-endian integer, the header as JSON, and the values, little-endian in C order.

import Files

/// A named tensor of 32-bit floats.
public struct Tensor: Hashable, Sendable {
  /// Its name, unlike that of any other tensor in a file.
  public let name: String
  /// Its sizes, outermost first; empty for a single number.
  public let shape: [Int]
  /// Its values in C order: the last index runs fastest.
  public let values: [Float]

  /// A tensor; `values` must be as many as `shape` says.
  public init(name: String, shape: [Int], values: [Float]) {
    precondition(shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == values.count, "a tensor's shape fits its values")
    self.name = name
    self.shape = shape
    self.values = values
  }
}

/// The content of a safetensors file: tensors of 32-bit floats, and text about them.
public struct SafetensorsFile: Hashable, Sendable {
  /// The longest header that is read, in bytes. The format allows 100 MB, of which a JSON decoder can make gigabytes; the
  /// largest network needs 30 kB.
  public static let maximumHeaderSize = 1 << 22
  /// The largest file that is read, in bytes. The largest network, a whole ResNet-50 with 65,536 classes, has 0.63 GB.
  public static let maximumSize = 1 << 30

  /// The tensors in their order in the file.
  public var tensors: [Tensor]
  /// Free text by key.
  public var metadata: [String: String]

  /// A content to be written; the names of tensors must differ from each other and from `__metadata__`.
  public init(tensors: [Tensor], metadata: [String: String] = [:]) {
    precondition(Set(tensors.map(\.name)).count == tensors.count, "tensors have different names")
    precondition(!tensors.contains { $0.name == SafetensorsHeader.metadataKey }, "__metadata__ is no tensor")
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Reads the file at `path`, which may hold anything: every size in it is checked before it is used.
  ///
  /// Stricter than the format: a file with other types than `F32` is refused.
  /// - Throws: `ModelFileError` if the file cannot be read, is larger than `maximumSize`, or is malformed.
  public init(path: String) throws(ModelFileError) {
    try self.init(ModelFileError.translating { () throws(FileError) in try InputFile(path: path) })
  }

  /// Reads a file that is open already.
  /// - Parameter isSkipped: whether the tensor of a name is left out; such a tensor may be of any type.
  /// - Throws: `ModelFileError` if it is larger than `maximumSize`, or is malformed.
  public init(_ file: InputFile, skipping isSkipped: (String) -> Bool = { _ in false }) throws(ModelFileError) {
    let path = file.path
    func read<Word: FixedWidthInteger & BitwiseCopyable>(
      _ count: Int, of type: Word.Type
    ) throws(ModelFileError) -> [Word] {
      try ModelFileError.translating { () throws(FileError) in try file.read(count, of: type) }
    }
    guard file.size <= Self.maximumSize else {
      throw .malformed(
        file: path, .file, expected: "at most \(Self.maximumSize) bytes", found: "\(file.size) bytes")
    }
    guard file.size >= 8 else {
      throw .malformed(file: path, .byte(0), expected: "the 8 bytes of a length", found: "\(file.size) bytes")
    }
    let length = try read(1, of: UInt64.self)[0]
    guard let headerSize = Int(exactly: length), headerSize <= min(file.size - 8, Self.maximumHeaderSize) else {
      throw .malformed(
        file: path, .byte(0),
        expected: "a header of at most \(min(file.size - 8, Self.maximumHeaderSize)) bytes", found: "one of \(length)")
    }
    let header = try SafetensorsHeader(
      json: read(headerSize, of: UInt8.self), dataSize: file.size - 8 - headerSize, file: path, skipping: isSkipped)
    metadata = header.metadata
    tensors = []
    for entry in header.entries {
      if isSkipped(entry.name) {
        _ = try read(entry.range.count, of: UInt8.self)
        continue
      }
      let words = try read(entry.range.count / 4, of: UInt32.self)
      tensors.append(Tensor(name: entry.name, shape: entry.shape, values: words.map(Float.init(bitPattern:))))
    }
  }

  /// Writes the file; equal contents give equal bytes. What was at `path` is replaced at once and as a whole, when the
  /// new file is safe on disk.
  /// - Throws: `ModelFileError.unwritable`; nothing new is then at `path` or beside it.
  public func write(to path: String) throws(ModelFileError) {
    let header = SafetensorsHeader(tensors: tensors, metadata: metadata).json
    try ModelFileError.translating { () throws(FileError) in
      var file = try AtomicFile(path: path)
      try file.write([UInt64(header.count)])
      try file.write(header)
      for tensor in tensors { try file.write(tensor.values.map(\.bitPattern)) }
      try file.commit()
    }
  }
}
