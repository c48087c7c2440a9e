// A configuration as it was written: sections and texts that remember where they stand. Built from YAML and from
// overrides; what the texts mean is left to the keys.

import Foundation
import Yams

/// A value in a configuration, not yet understood.
struct Tree {
  /// A key and its value.
  struct Entry {
    var key: String
    var origin: ConfigurationOrigin
    var value: Tree
  }

  enum Content {
    /// A text; `isPlain` if it stood without quotation marks, so that it may also be a number or null.
    case scalar(String, isPlain: Bool)
    case sequence
    case mapping([Entry])
  }

  var content: Content
  var origin: ConfigurationOrigin

  /// Whether nothing was written.
  var isNull: Bool {
    if case .scalar(let text, isPlain: true) = content { ["", "~", "null"].contains(text) } else { false }
  }

  /// What was written, for a message.
  var found: String {
    switch content {
    case .scalar(let text, let isPlain):
      isNull ? "nothing" : (isPlain ? "" : "the text ") + Self.quoted(text)
    case .sequence: "a list"
    case .mapping: "a section"
    }
  }

  /// A text in quotation marks, on one line and not too long for a message.
  private static func quoted(_ text: String) -> String { String(reflecting: String(text.prefix(100))) }

  /// The value at a path of keys, if it was written.
  func value(at path: some Collection<Substring>) -> Tree? {
    guard let key = path.first else { return self }
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }?.value.value(at: path.dropFirst())
  }

  /// Writes `text` at a path of keys. A section that it leads through is made where there is none, also in place of
  /// another value, so that reading the tree finds everything that is wrong with the path.
  mutating func set(_ path: some Collection<Substring>, to text: String, origin: ConfigurationOrigin) {
    guard let key = path.first.map(String.init) else {
      self = Tree(content: .scalar(text, isPlain: true), origin: origin)
      return
    }
    var entries: [Entry] = []
    if case .mapping(let written) = content { entries = written } else { self.origin = origin }
    let place = entries.firstIndex { $0.key == key } ?? entries.count
    if place == entries.count {
      entries.append(Entry(key: key, origin: origin, value: Tree(content: .mapping([]), origin: origin)))
    }
    entries[place].value.set(path.dropFirst(), to: text, origin: origin)
    content = .mapping(entries)
  }

  /// Applies an override, `key.path=value`.
  mutating func apply(setting: String) throws(ConfigurationError) {
    let origin = ConfigurationOrigin.setting(setting)
    let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, !path.contains("") else {
      throw .unreadable(origin, "expected key.path=value, for example search.target=99.5")
    }
    set(path.map { Self.word($0)[...] }, to: String(parts[1]), origin: origin)
  }
}

extension Tree {
  /// Reads YAML. Aliases are refused: a few lines of them can stand for more than fits in memory.
  init(yaml: String, name: String) throws(ConfigurationError) {
    if let line = Self.lineOfAlias(in: yaml) {
      throw .unreadable(
        .file(name, line: line, column: nil), "YAML aliases (a * before a word) are not supported: repeat the value")
    }
    let root = ConfigurationOrigin.file(name, line: nil, column: nil)
    do {
      let node = try Parser(yaml: yaml).singleRoot()
      self = node.map { Tree($0, name: name) } ?? Tree(content: .mapping([]), origin: root)
      origin = root
    } catch let error as YamlError {
      throw ConfigurationError(error, name: name)
    } catch {
      throw .unreadable(root, "\(error)")
    }
  }

  private init(_ node: Node, name: String) {
    func origin(_ node: Node) -> ConfigurationOrigin {
      .file(name, line: node.mark?.line, column: node.mark?.column)
    }
    self.origin = origin(node)
    switch node {
    case .scalar(let scalar): content = .scalar(scalar.string, isPlain: scalar.style == .plain)
    case .sequence, .alias: content = .sequence
    case .mapping(let mapping):
      content = .mapping(
        mapping.map { key, value in
          Entry(key: Self.word(key), origin: origin(key), value: Tree(value, name: name))
        })
    }
  }

  private static func word(_ key: Node) -> String {
    if case .scalar(let scalar) = key { word(scalar.string) } else { "(not a word)" }
  }

  /// A key's text; one that no message could show as it is, and that is no key of ours either, in quotation marks.
  fileprivate static func word(_ text: some StringProtocol) -> String {
    let isWord = text.count <= 100 && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
    return isWord ? String(text) : quoted(String(text))
  }

  /// The first line in which a `*` could start an alias, if an `&` could start the anchor that an alias needs: without
  /// one, the parser refuses it. Either is followed by a letter, digit, `_` or `-`, and does not follow one.
  ///
  /// This does not go by comments and quotation marks, so that nothing can hide an alias from it.
  private static func lineOfAlias(in yaml: String) -> Int? {
    var line = 1
    var lineOfAlias: Int?
    var hasAnchor = false
    var previous = UInt8(ascii: "\n")
    for (byte, next) in zip(yaml.utf8, Array(yaml.utf8.dropFirst()) + [UInt8(ascii: "\n")]) {
      if isOfName(next) && !isOfName(previous) {
        if byte == UInt8(ascii: "&") { hasAnchor = true }
        if byte == UInt8(ascii: "*") { lineOfAlias = lineOfAlias ?? line }
      }
      if byte == UInt8(ascii: "\n") { line += 1 }
      previous = byte
    }
    return hasAnchor ? lineOfAlias : nil
  }

  /// Whether a byte can be part of an anchor's name.
  private static func isOfName(_ byte: UInt8) -> Bool {
    let character = Character(Unicode.Scalar(byte))
    return byte < 0x80 && (character.isLetter || character.isNumber || character == "_" || character == "-")
  }
}

extension ConfigurationError {
  static func unreadable(_ origin: ConfigurationOrigin, _ problem: String) -> ConfigurationError {
    ConfigurationError([ConfigurationProblem(origin: origin, key: "", kind: .unreadable(problem))])
  }

  fileprivate init(_ error: YamlError, name: String) {
    func problem(_ mark: Mark?, _ text: String) -> ConfigurationError {
      .unreadable(.file(name, line: mark?.line, column: mark?.column), text)
    }
    self =
      switch error {
      case .scanner(let context, let text, let mark, _), .parser(let context, let text, let mark, _),
        .composer(let context, let text, let mark, _):
        problem(mark, "no valid YAML: \(context.map { $0.text + ": " } ?? "")\(text)")
      case .duplicatedKeysInMapping(let keys, let context):
        problem(
          context.mark,
          "expected every key once, found \(keys.prefix(8).map(Tree.word).joined(separator: ", ")) again in this section"
        )
      case .reader(let text, _, _, _): problem(nil, "no valid YAML: \(text)")
      default: problem(nil, "no valid YAML: \(error)")
      }
  }
}
