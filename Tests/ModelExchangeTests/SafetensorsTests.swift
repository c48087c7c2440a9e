// The file format: exact bytes, round trips, and files that are damaged or made to do harm.

import Foundation
import ModelExchange
import Testing

@Suite("Safetensors files")
struct SafetensorsTests {
  static let tensors = [
    Tensor(name: "b", shape: [2, 3], values: [1, -2, 0.5, .infinity, Float.leastNonzeroMagnitude, 3.25]),
    Tensor(name: "a \"quoted\"\n\\ é", shape: [], values: [7]),
    Tensor(name: "none", shape: [0, 4], values: []),
  ]
  static let sample = SafetensorsFile(tensors: tensors, metadata: ["z": "last", "about": "tab\t, {\"json\": 1}"])

  /// A file of this header and so many bytes of data.
  static func file(_ header: some StringProtocol, data: Int = 0) -> [UInt8] {
    let length = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header.utf8
      + [UInt8](repeating: 0, count: data)
  }

  /// The place of the malformation that reading `bytes` ends in; nil if it ends in none.
  static func malformation(_ bytes: [UInt8]) throws -> ModelFilePlace? {
    let directory = try TemporaryDirectory()
    do {
      _ = try SafetensorsFile(path: directory.write(bytes, as: "file"))
      return nil
    } catch ModelFileError.malformed(let path, let place, _, _) {
      #expect(path == directory.file("file"))
      return place
    }
  }

  @Test("what is written is read back, bit by bit")
  func roundTrip() throws {
    let directory = try TemporaryDirectory()
    try Self.sample.write(to: directory.file("one"))
    let read = try SafetensorsFile(path: directory.file("one"))
    #expect(read == Self.sample)
    try read.write(to: directory.file("two"))
    #expect(try directory.bytes("one") == directory.bytes("two"))
    #expect(try directory.names() == ["one", "two"])
  }

  @Test("the bytes are those of the format, the data at a multiple of 8")
  func exactBytes() throws {
    let directory = try TemporaryDirectory()
    try SafetensorsFile(tensors: [Tensor(name: "x", shape: [1, 2], values: [1, -2])], metadata: ["k": "v"])
      .write(to: directory.file("file"))
    let header =
      #"{"__metadata__":{"k":"v"},"x":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}}"# + "       "
    let values: [UInt8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]
    #expect(header.utf8.count == 88)
    #expect(try directory.bytes("file") == Self.file(header) + values)
  }

  @Test("tensors are found by their offsets, whatever the order in the header")
  func orderOfHeader() throws {
    let directory = try TemporaryDirectory()
    let header = """
      {"b": {"shape": [1], "data_offsets": [4, 8], "dtype": "F32"},
       "a": {"dtype": "F32", "shape": [1, 1], "data_offsets": [0, 4]},
       "e": {"dtype": "F32", "shape": [0], "data_offsets": [4, 4]}}
      """
    let path = try directory.write(Self.file(header) + [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], as: "file")
    let file = try SafetensorsFile(path: path)
    #expect(file.tensors.map(\.name) == ["a", "e", "b"])
    #expect(file.tensors.map(\.values) == [[1], [], [-2]])
  }

  @Test("a file cut anywhere is refused")
  func truncated() throws {
    let directory = try TemporaryDirectory()
    try Self.sample.write(to: directory.file("file"))
    let bytes = try directory.bytes("file")
    for length in 0..<bytes.count {
      #expect(try Self.malformation(Array(bytes[..<length])) != nil, "\(length) of \(bytes.count) bytes")
    }
    #expect(try Self.malformation(bytes + [0]) == .file)
  }

  @Test("a byte changed anywhere before the data is refused, or gives another sound content")
  func changedBytes() throws {
    let directory = try TemporaryDirectory()
    try Self.sample.write(to: directory.file("file"))
    let bytes = try directory.bytes("file")
    let dataStart = bytes.count - 28
    var refused = 0
    for offset in 0..<dataStart {
      for change: UInt8 in [0x01, 0x02, 0x10, 0x80, 0xff] {
        var changed = bytes
        changed[offset] ^= change
        let path = try directory.write(changed, as: "changed")
        switch Result(catching: { () throws(ModelFileError) in try SafetensorsFile(path: path) }) {
        case .success(let content):
          #expect(content != Self.sample, "byte \(offset) ^ \(change)")
          try content.write(to: directory.file("again"))
          #expect(try SafetensorsFile(path: directory.file("again")) == content)
        case .failure(let error):
          refused += 1
          #expect(!error.description.contains("\n"))
        }
      }
    }
    // Names and metadata may change to other text; everything else has only one right form.
    #expect(refused > dataStart * 5 / 2)
  }

  @Test(
    "a hostile length of the header costs no memory",
    arguments: [UInt64.max, 1 << 63, 1 << 40, 4_194_305, 3, 9])
  func headerLength(length: UInt64) throws {
    let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array("{}".utf8)
    #expect(try Self.malformation(bytes) == .byte(0))
  }

  @Test("a header longer than any network needs is refused before it is read")
  func longHeader() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(Self.file("")[..<0] + [0x01, 0, 0x40, 0, 0, 0, 0, 0], as: "file")
    // A hole: as long as need be, and empty.
    #expect(truncate(path, 200_000_000) == 0)
    let error = #expect(throws: ModelFileError.self) { try SafetensorsFile(path: path) }
    #expect(error?.description.contains("at most 4194304 bytes, found one of 4194305") == true)
    #expect(truncate(path, off_t(SafetensorsFile.maximumSize + 1)) == 0)
    let other = #expect(throws: ModelFileError.self) { try SafetensorsFile(path: path) }
    #expect(other?.description.contains("at most 1073741824 bytes") == true)
  }

  @Test(
    "a header that is not JSON of tensors is refused",
    arguments: [
      "", " ", "[]", "1", "null", "\"text\"", "{", "{}}", "{\"a\":}", "{\"a\":1}", "{\"a\":{}}", "{\"a\":[]}",
      #"{"__metadata__":{"k":1}}"#, #"{"__metadata__":["k"]}"#, #"{"__metadata__":{},"__metadata__":{}}"#,
      #"{"a":{"dtype":"F32","shape":[0]}}"#, #"{"a":{"dtype":"F32","data_offsets":[0,0]}}"#,
      #"{"a":{"shape":[0],"data_offsets":[0,0]}}"#, #"{"a":{"dtype":1,"shape":[0],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"F32","shape":["0"],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[1e30],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[0.5],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"more":1}}"#,
      #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"F32","data_offsets":[0,0],"shape":[0]}}"#,
      "{\0}", String(repeating: "[", count: 100_000), "{\"a\":" + String(repeating: "[", count: 100_000),
    ])
  func header(text: String) throws {
    #expect(try Self.malformation(Self.file(text)) != nil)
  }

  @Test("a header that is not UTF-8 is refused")
  func encoding() throws {
    #expect(try Self.malformation([4, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0, 0x7d, 0]) == .header)
    #expect(try Self.malformation([3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d]) == .header)
  }

  @Test(
    "offsets, shapes and types that do not fit are refused by the tensor's name",
    arguments: [
      #""F32","shape":[2],"data_offsets":[4,12]"#,
      #""F32","shape":[2],"data_offsets":[0,4]"#,
      #""F32","shape":[3],"data_offsets":[0,8]"#,
      #""F32","shape":[3],"data_offsets":[0,12]"#,
      #""F32","shape":[2],"data_offsets":[8,0]"#,
      #""F32","shape":[2],"data_offsets":[-8,0]"#,
      #""F32","shape":[2],"data_offsets":[0]"#,
      #""F32","shape":[2],"data_offsets":[0,8,16]"#,
      #""F32","shape":[2],"data_offsets":[]"#,
      #""F32","shape":[-2],"data_offsets":[0,8]"#,
      #""F32","shape":[-1,-2],"data_offsets":[0,8]"#,
      #""F32","shape":[4611686018427387904,4],"data_offsets":[0,8]"#,
      #""F32","shape":[4611686018427387905,4611686018427387905],"data_offsets":[0,8]"#,
      #""F32","shape":[0,9223372036854775807,9223372036854775807],"data_offsets":[0,8]"#,
      #""F32","shape":[2],"data_offsets":[0,9223372036854775807]"#,
      #""F64","shape":[1],"data_offsets":[0,8]"#,
      #""F16","shape":[4],"data_offsets":[0,8]"#,
      #""f32","shape":[2],"data_offsets":[0,8]"#,
    ])
  func tensor(description: String) throws {
    let header = #"{"weight":{"dtype":\#(description)}}"#
    #expect(try Self.malformation(Self.file(header, data: 8)) == .tensor("weight"))
  }

  @Test("tensors that overlap, or leave a gap between them or behind them, are refused")
  func layout() throws {
    func header(_ second: String) -> String {
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
        + #""b":{"dtype":"F32","shape":[1],"data_offsets":\#(second)}}"#
    }
    #expect(try Self.malformation(Self.file(header("[8,12]"), data: 12)) == nil)
    #expect(try Self.malformation(Self.file(header("[4,8]"), data: 8)) == .tensor("b"))
    #expect(try Self.malformation(Self.file(header("[12,16]"), data: 16)) == .tensor("b"))
    #expect(try Self.malformation(Self.file(header("[8,12]"), data: 11)) == .tensor("b"))
    #expect(try Self.malformation(Self.file(header("[8,12]"), data: 16)) == .file)
  }

  @Test("a message stays on one line and short, whatever the file is called by")
  func hostileName() throws {
    let directory = try TemporaryDirectory()
    let name = String(repeating: "x\\n\\u001b", count: 1_000)
    let header = #"{"\#(name)":{"dtype":"F64","shape":[0],"data_offsets":[0,0]}}"#
    let path = try directory.write(Self.file(header), as: "file")
    let error = #expect(throws: ModelFileError.self) { try SafetensorsFile(path: path) }
    let text = error?.description ?? ""
    #expect(!text.contains("\n") && !text.contains("\u{1b}") && text.count < 600)
    #expect(text.contains("expected 32-bit floats, F32, found \"F64\""))
  }

  @Test("what is not a regular file that may be read is refused with the system's reason")
  func unreadable() throws {
    let directory = try TemporaryDirectory()
    #expect(throws: ModelFileError.unreadable(file: directory.file("x"), reason: "No such file or directory")) {
      try SafetensorsFile(path: directory.file("x"))
    }
    #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
    for path in [directory.path, directory.file("pipe"), "/dev/zero"] {
      #expect(throws: ModelFileError.unreadable(file: path, reason: "it is not a regular file")) {
        try SafetensorsFile(path: path)
      }
    }
  }
}
