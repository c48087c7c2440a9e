// The header of a safetensors file: JSON that names every tensor, its type, shape and place.

import Foundation

/// What the JSON header says, once it is known to describe the data behind it exactly.
struct SafetensorsHeader {
  /// A tensor without its values.
  struct Entry {
    var name: String
    var shape: [Int]
    /// Its bytes, counted from the end of the header.
    var range: Range<Int>
  }

  /// The tensors by their place in the file.
  var entries: [Entry]
  var metadata: [String: String]
}

extension SafetensorsHeader {
  static let metadataKey = "__metadata__"
  private static let elementType = "F32"
  private static let elementSize = 4
  /// Bytes of an element of the format's other types.
  private static let otherElementSizes = [
    "BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "F16": 2, "BF16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8,
    "F64": 8,
  ]

  /// Lays out tensors one behind the other.
  init(tensors: [Tensor], metadata: [String: String]) {
    self.metadata = metadata
    entries = []
    var end = 0
    for tensor in tensors {
      let range = end..<end + tensor.values.count * Self.elementSize
      entries.append(Entry(name: tensor.name, shape: tensor.shape, range: range))
      end = range.upperBound
    }
  }

  /// The JSON, padded with spaces to a multiple of 8 bytes, so that the data is aligned.
  ///
  /// Written member by member, because the order that an encoder of dictionaries chooses is not ours to fix.
  var json: [UInt8] {
    var members = entries.map { entry in
      let shape = entry.shape.map(String.init).joined(separator: ",")
      return "\(Self.literal(entry.name)):{\"dtype\":\"\(Self.elementType)\",\"shape\":[\(shape)],"
        + "\"data_offsets\":[\(entry.range.lowerBound),\(entry.range.upperBound)]}"
    }
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(Self.literal($0.key)):\(Self.literal($0.value))" }
      members.insert("\"\(Self.metadataKey)\":{\(pairs.joined(separator: ","))}", at: 0)
    }
    let text = Array("{\(members.joined(separator: ","))}".utf8)
    return text + [UInt8](repeating: UInt8(ascii: " "), count: -text.count & 7)
  }

  /// A JSON string (RFC 8259, section 7).
  private static func literal(_ text: String) -> String {
    var literal = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": literal += "\\\(scalar)"
      case "\0"..<" ": literal += "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
      default: literal.unicodeScalars.append(scalar)
      }
    }
    return literal + "\""
  }
}

extension SafetensorsHeader {
  /// Reads the header `json` of `file`, behind which `dataSize` bytes follow. Tensors that are to be skipped may be of
  /// any type.
  init(
    json: [UInt8], dataSize: Int, file: String, skipping isSkipped: (String) -> Bool
  ) throws(ModelFileError) {
    func malformed(_ place: ModelFilePlace, expected: String, found: String) -> ModelFileError {
      .malformed(file: file, place, expected: expected, found: found)
    }
    // Foundation would take UTF-16 and UTF-32 too, in which ASCII has zero bytes.
    guard let text = String(validating: json, as: UTF8.self), !json.contains(0) else {
      throw malformed(.header, expected: "UTF-8 text", found: "other bytes")
    }
    let members: Members
    do {
      members = try JSONDecoder().decode(Members.self, from: Data(json))
    } catch {
      let (place, problem) = Self.explain(error)
      throw malformed(place, expected: "dtype, shape and data_offsets of each tensor as JSON", found: problem)
    }
    guard Self.memberCount(text) == members.count else {
      throw malformed(.header, expected: "every name once and nothing but tensors", found: "more than that")
    }
    metadata = members.metadata
    entries = []
    var end = 0
    // By place; empty tensors come before what follows at the same place.
    let sorted = members.tensors.sorted {
      ($0.value.start, $0.value.end, $0.key) < ($1.value.start, $1.value.end, $1.key)
    }
    for (name, member) in sorted {
      let entry = try member.entry(name, behind: end, ofAnyType: isSkipped(name)) {
        malformed(.tensor(name), expected: $0, found: $1)
      }
      end = entry.range.upperBound
      guard end <= dataSize else {
        throw malformed(
          .tensor(name), expected: "an end inside of the \(dataSize) bytes of data", found: "an end at byte \(end)")
      }
      entries.append(entry)
    }
    guard end == dataSize else {
      throw malformed(.file, expected: "\(end) bytes of data, as the header says", found: "\(dataSize)")
    }
  }

  /// Members of all objects in a valid JSON text, repeated ones included: its colons outside of strings. Decoders keep
  /// one of several members of the same name and do not tell.
  private static func memberCount(_ text: String) -> Int {
    var count = 0
    var isString = false
    var isEscaped = false
    for byte in text.utf8 {
      if isEscaped {
        isEscaped = false
      } else if isString && byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isString.toggle()
      } else if !isString && byte == UInt8(ascii: ":") {
        count += 1
      }
    }
    return count
  }

  /// Where a decoder stopped, and why.
  private static func explain(_ error: any Error) -> (ModelFilePlace, String) {
    let context: DecodingError.Context
    var problem: String?
    switch error as? DecodingError {
    case .keyNotFound(let key, let found):
      context = found
      problem = "no \(key.stringValue)"
    case .dataCorrupted(let found), .typeMismatch(_, let found), .valueNotFound(_, let found): context = found
    default: return (.header, "something else")
    }
    let place = context.codingPath.first.map(\.stringValue).flatMap { $0 == metadataKey ? nil : $0 }
    return (place.map(ModelFilePlace.tensor) ?? .header, problem ?? quoted(context.debugDescription))
  }

  /// The header's JSON object.
  private struct Members: Decodable {
    var tensors: [String: Member] = [:]
    var metadata: [String: String] = [:]
    /// Members of this object and of those in it.
    var count = 0

    init(from decoder: any Decoder) throws {
      let members = try decoder.container(keyedBy: Name.self)
      for name in members.allKeys {
        if name.stringValue == metadataKey {
          metadata = try members.decode([String: String].self, forKey: name)
          count += 1 + metadata.count
        } else {
          tensors[name.stringValue] = try members.decode(Member.self, forKey: name)
          count += 4
        }
      }
    }
  }

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// A tensor as the JSON describes it.
  private struct Member: Decodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }

    var start: Int { offsets.first ?? 0 }
    var end: Int { offsets.last ?? 0 }

    /// The tensor, if it begins at byte `start` of the data and is as long as its shape demands.
    func entry(
      _ name: String, behind start: Int, ofAnyType: Bool, malformed: (String, String) -> ModelFileError
    ) throws(ModelFileError) -> Entry {
      guard var size = dtype == elementType ? elementSize : ofAnyType ? otherElementSizes[dtype] : nil else {
        throw malformed(ofAnyType ? "a type of the format" : "32-bit floats, \(elementType)", quoted(dtype))
      }
      guard offsets.count == 2, offsets[0] == start, offsets[1] >= start else {
        throw malformed("data_offsets that begin at \(start), where the tensor before ends", "\(offsets.prefix(8))")
      }
      for length in shape {
        let (product, overflow) = size.multipliedReportingOverflow(by: length)
        guard length >= 0, !overflow else { throw malformed("a shape that fits into memory", "\(shape.prefix(8))") }
        size = product
      }
      guard offsets[1] - start == size else {
        throw malformed("\(size) bytes for the shape \(shape.prefix(8))", "\(offsets[1] - start)")
      }
      return Entry(name: name, shape: shape, range: start..<offsets[1])
    }
  }
}
