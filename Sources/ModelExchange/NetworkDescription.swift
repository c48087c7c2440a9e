// Which network a model file holds, as its metadata says it.

import NeuralNetwork

/// Reads the metadata of a model file back into an architecture, entry by entry.
struct NetworkDescription {
  let metadata: [String: String]
  let file: String

  /// The entries that describe a network.
  static func metadata(of architecture: Architecture) -> [String: String] {
    [
      "format": "pt",
      "odn.version": ModelFile.version,
      "odn.family": architecture.family.rawValue,
      "odn.depth": String(architecture.depth),
      "odn.classes": String(architecture.classes),
      "odn.input": architecture.input.description,
    ]
  }

  /// Those of them that describe the file.
  static let fileKeys = ["format", "odn.version"]

  /// The network that the entries describe; the version is looked at first, as it decides what the others mean.
  func architecture() throws(ModelFileError) -> Architecture {
    let version = try entry("odn.version", expected: ModelFile.version) { $0 }
    guard version == ModelFile.version else {
      throw .version(file: file, expected: ModelFile.version, found: version)
    }
    let families = Architecture.Family.allCases.map(\.rawValue).joined(separator: ", ")
    let family = try entry("odn.family", expected: "one of \(families)", Architecture.Family.init(rawValue:))
    let depth = try entry("odn.depth", expected: "a number") { Int($0) }
    let classes = try entry("odn.classes", expected: "a number") { Int($0) }
    let input = try entry("odn.input", expected: "height, width and channels as in 32x32x3") { ImageShape($0) }
    do {
      return try Architecture(family: family, depth: depth, classes: classes, input: input)
    } catch {
      let key =
        switch error {
        case .depth: "odn.depth"
        case .classes: "odn.classes"
        case .input: "odn.input"
        }
      throw .mismatch(
        file: file, .metadata(key), expected: "a network that can be built", found: "one that cannot: \(error)")
    }
  }

  private func entry<Value>(
    _ key: String, expected: String, _ read: (String) -> Value?
  ) throws(ModelFileError) -> Value {
    guard let text = metadata[key] else {
      throw .mismatch(file: file, .metadata(key), expected: expected, found: "no such entry")
    }
    guard let value = read(text) else {
      throw .mismatch(file: file, .metadata(key), expected: expected, found: quoted(text))
    }
    return value
  }
}
