// Which network a model file holds, as its metadata says it.

import NeuralNetwork

/// Reads the metadata of a model file back into an architecture, entry by entry.
struct NetworkDescription {
  let metadata: [String: String]
  let file: String

  /// The entries that describe a network.
  static func metadata(of architecture: Architecture) -> [String: String] {
    var entries = [
      "format": "pt",
      "odn.version": ModelFile.versions[0],
      "odn.family": architecture.family.rawValue,
      "odn.depth": String(architecture.depth),
      "odn.classes": String(architecture.classes),
      "odn.input": architecture.input.description,
    ]
    if architecture.width != 1 || architecture.stemStride != 1 {
      entries["odn.version"] = ModelFile.versions[1]
      entries[widthKey] = String(architecture.width)
      entries[stemStrideKey] = String(architecture.stemStride)
    }
    return entries
  }

  static let widthKey = "odn.width"
  static let stemStrideKey = "odn.stem_stride"

  /// Those of them that describe the file.
  static let fileKeys = ["format", "odn.version"]

  /// The network that the entries describe; the version is looked at first, as it decides what the others mean.
  func architecture() throws(ModelFileError) -> Architecture {
    let versions = ModelFile.versions.joined(separator: " or ")
    let version = try entry("odn.version", expected: versions) { $0 }
    guard ModelFile.versions.contains(version) else {
      throw .version(file: file, expected: versions, found: version)
    }
    let families = Architecture.Family.allCases.map(\.rawValue).joined(separator: ", ")
    let family = try entry("odn.family", expected: "one of \(families)", Architecture.Family.init(rawValue:))
    let depth = try entry("odn.depth", expected: "a number") { Int($0) }
    let classes = try entry("odn.classes", expected: "a number") { Int($0) }
    let input = try entry("odn.input", expected: "height, width and channels as in 32x32x3") { ImageShape($0) }
    let width = try entry(Self.widthKey, otherwise: 1, expected: "a number") { Double($0) }
    let stemStride = try entry(Self.stemStrideKey, otherwise: 1, expected: "a number") { Int($0) }
    do {
      return try Architecture(
        family: family, depth: depth, classes: classes, input: input, width: width, stemStride: stemStride)
    } catch {
      let key =
        switch error {
        case .depth: "odn.depth"
        case .classes: "odn.classes"
        case .input: "odn.input"
        case .width: Self.widthKey
        case .stemStride: Self.stemStrideKey
        }
      throw .mismatch(
        file: file, .metadata(key), expected: "a network that can be built", found: "one that cannot: \(error)")
    }
  }

  /// - Parameter otherwise: what an entry means that is not there; nil if it has to be.
  private func entry<Value>(
    _ key: String, otherwise: Value? = nil, expected: String, _ read: (String) -> Value?
  ) throws(ModelFileError) -> Value {
    guard let text = metadata[key] else {
      if let otherwise { return otherwise }
      throw .mismatch(file: file, .metadata(key), expected: expected, found: "no such entry")
    }
    guard let value = read(text) else {
      throw .mismatch(file: file, .metadata(key), expected: expected, found: quoted(text))
    }
    return value
  }
}
