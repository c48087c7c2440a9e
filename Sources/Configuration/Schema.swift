// How the keys of a configuration are declared: name, property, kind, purpose. Reading, writing and explaining a
// configuration all go by these declarations, so that none of them can know a key that the others do not.

import Yams

/// A key as a reader of documentation sees it.
public struct KeyDescription: Equatable, Sendable {
  /// The full path, for example `search.plateau.factor`.
  public let path: String
  /// Type and range in words.
  public let expected: String
  /// The default as YAML; nil if the key has to be there.
  public let standard: String?
  /// What it is for.
  public let summary: String
  /// Whether another value may give other results, as opposed to the same ones from elsewhere or at another pace.
  public let changesResults: Bool
}

/// A key of the section that a `Section` value stands for.
struct Key<Section> {
  let name: String
  /// Takes the key's tree, or its absence, into the section.
  let read: (Tree?, inout Section, inout Reading) -> Void
  let write: (Section) -> Node
  /// The key, or the keys of its own section, at a full path, with the defaults of a section.
  let describe: (String, Section) -> [KeyDescription]

  /// A key with a value.
  /// - Parameter isSpared: whether what stands before it in the section makes a required key needless.
  init<Value>(
    _ name: String, _ property: WritableKeyPath<Section, Value>, _ kind: Kind<Value>, isRequired: Bool = false,
    unless isSpared: @escaping (Section) -> Bool = { _ in false }, changesResults: Bool = true, _ summary: String
  ) {
    self.name = name
    read = { tree, section, reading in
      if let tree, let value = kind.read(tree) {
        section[keyPath: property] = value
      } else if let tree {
        reading.report(
          .value(expected: kind.expected, found: tree.found, nearest: kind.nearestWord(to: tree)), tree.origin)
      } else if isRequired && !isSpared(section) {
        reading.report(.missingKey(expected: kind.expected), reading.origin)
      }
    }
    write = { kind.write($0[keyPath: property]) }
    describe = { path, defaults in
      let standard = isRequired ? nil : kind.write(defaults[keyPath: property]).scalar?.string
      return [
        KeyDescription(
          path: path, expected: kind.expected, standard: standard, summary: summary, changesResults: changesResults)
      ]
    }
  }

  /// A key with a value that may be null, for what `null` says.
  init<Value>(
    _ name: String, _ property: WritableKeyPath<Section, Value?>, _ kind: Kind<Value>, null: String,
    changesResults: Bool = true, _ summary: String
  ) {
    self.init(name, property, kind.orNull(null), changesResults: changesResults, summary)
  }

  /// A key that opens a section of its own.
  init<Inner>(_ name: String, _ property: WritableKeyPath<Section, Inner>, _ schema: Schema<Inner>) {
    self.name = name
    read = { tree, section, reading in
      schema.read(
        tree ?? Tree(content: .mapping([]), origin: reading.origin), into: &section[keyPath: property], &reading)
    }
    write = { schema.write($0[keyPath: property]) }
    describe = { path, defaults in schema.describe(defaults[keyPath: property], at: path) }
  }
}

/// How far reading has come: where it is, and what was wrong on the way.
struct Reading {
  /// The keys that lead to the current place.
  var path: [String] = []
  /// Where the section that is being read was written.
  var origin: ConfigurationOrigin
  /// Every path that exists, to find the section of a key that was written into another one.
  let knownPaths: [String]
  var problems: [ConfigurationProblem] = []

  init(origin: ConfigurationOrigin, knownPaths: [String]) {
    self.origin = origin
    self.knownPaths = knownPaths
  }

  mutating func report(_ kind: ConfigurationProblem.Kind, _ origin: ConfigurationOrigin) {
    problems.append(ConfigurationProblem(origin: origin, key: path.joined(separator: "."), kind: kind))
  }

  /// Does something one key further down.
  mutating func descend(to key: String, _ body: (inout Reading) -> Void) {
    path.append(key)
    body(&self)
    path.removeLast()
  }
}

/// The keys of a section.
struct Schema<Section> {
  let keys: [Key<Section>]

  init(_ keys: Key<Section>...) {
    self.keys = keys
  }

  /// Reads a section: every key declared, and none that is not.
  func read(_ tree: Tree, into section: inout Section, _ reading: inout Reading) {
    let names = keys.map(\.name)
    var entries: [Tree.Entry] = []
    if case .mapping(let written) = tree.content {
      entries = written
    } else if !tree.isNull {
      let expected = "a section with \(names.joined(separator: ", "))"
      return reading.report(.value(expected: expected, found: tree.found, nearest: nil), tree.origin)
    }
    for entry in entries where !names.contains(entry.key) {
      let sibling = nearest(to: entry.key, in: names).map { (reading.path + [$0]).joined(separator: ".") }
      let meant = sibling ?? reading.knownPaths.first { $0.hasSuffix(".\(entry.key)") }
      reading.descend(to: entry.key) { $0.report(.unknownKey(nearest: meant, valid: names), entry.origin) }
    }
    let outer = reading.origin
    reading.origin = tree.origin
    for key in keys {
      let value = entries.first { $0.key == key.name }?.value
      reading.descend(to: key.name) { key.read(value, &section, &$0) }
    }
    reading.origin = outer
  }

  /// A section as YAML, with every key.
  func write(_ section: Section) -> Node {
    Node(keys.map { (Node($0.name), $0.write(section)) })
  }

  /// Every key of a section, at a full path, with its default.
  func describe(_ defaults: Section, at path: String = "") -> [KeyDescription] {
    keys.flatMap { $0.describe(path.isEmpty ? $0.name : "\(path).\($0.name)", defaults) }
  }
}
