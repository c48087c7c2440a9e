// The kinds of values a key may hold: numbers in a range, words of an enumeration, texts.

import Datasets
import Files
import Yams

/// What a key may hold: how it is said, read and written.
struct Kind<Value> {
  /// Type and range in words, for `expected …`.
  var expected: String
  /// The words it can be, if it is one of a few.
  var words: [String] = []
  /// The value, or nil if it is none of this kind.
  var read: (Tree) -> Value?
  /// The value as YAML.
  var write: (Value) -> Node
}

extension Kind {
  /// The word that may have been meant by what was written.
  func nearestWord(to tree: Tree) -> String? {
    if case .scalar(let text, _) = tree.content { nearest(to: text, in: words) } else { nil }
  }

  /// A kind whose values are written without quotation marks, and may only be read with them if they are words.
  private static func plain(
    _ expected: String, words: [String] = [], isWord: Bool = false, read: @escaping (String) -> Value?,
    write: @escaping (Value) -> String = { "\($0)" }
  ) -> Kind {
    Kind(
      expected: expected, words: words,
      read: { tree in
        guard case .scalar(let text, let isPlain) = tree.content, isPlain || isWord else { return nil }
        return read(text)
      },
      write: { Node(write($0), .implicit, .plain) })
  }

  /// An integer in decimal digits.
  static func integer(_ range: ClosedRange<Value>) -> Kind where Value: FixedWidthInteger {
    let isUnbounded = range.upperBound == .max
    let expected = "an integer from \(range.lowerBound)\(isUnbounded ? "" : " to \(range.upperBound)")"
    return plain(expected, read: { Value($0).flatMap { range.contains($0) ? $0 : nil } })
  }

  /// One of a few integers.
  static func one(of values: [Value]) -> Kind where Value == Int {
    plain(
      values.map(String.init).joined(separator: " or "),
      read: { Int($0).flatMap { values.contains($0) ? $0 : nil } })
  }

  /// Rows and columns of an image.
  static func size() -> Kind where Value == ImageSize {
    let allowed = ImageSize.allowed
    return plain(
      "height x width as in 32x48, each from \(allowed.lowerBound) to \(allowed.upperBound)",
      isWord: true, read: ImageSize.init(rawValue:), write: \.rawValue)
  }

  /// A decimal number.
  static func number(_ range: ClosedRange<Double>) -> Kind where Value == Double {
    plain(
      "a number from \(range.lowerBound) to \(range.upperBound)",
      read: { text in
        guard text.allSatisfy({ "0123456789+-.eE".contains($0) }) else { return nil }
        return Double(text).flatMap { range.contains($0) ? $0 : nil }
      })
  }

  /// A percentage to one decimal.
  static func tenths(_ range: ClosedRange<Double>) -> Kind where Value == Double { steps(of: 0.1, perUnit: 10, range) }

  /// A multiple of ¼.
  static func quarters(_ range: ClosedRange<Double>) -> Kind where Value == Double {
    steps(of: 0.25, perUnit: 4, range)
  }

  private static func steps(of size: Double, perUnit: Double, _ range: ClosedRange<Double>) -> Kind
  where Value == Double {
    var kind = number(range)
    let read = kind.read
    kind.expected += " in steps of \(size)"
    kind.read = { read($0).flatMap { $0 == ($0 * perUnit).rounded() / perUnit ? $0 : nil } }
    return kind
  }

  /// One of an enumeration's words.
  static func word() -> Kind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    let words = Value.allCases.map(\.rawValue)
    return plain(
      words.count == 1 ? words[0] : "one of \(words.joined(separator: ", "))", words: words,
      isWord: true, read: { Value(rawValue: $0) }, write: \.rawValue)
  }

  /// A yes or a no.
  static func truth() -> Kind where Value == Bool {
    plain("true or false", words: ["true", "false"], read: { Bool($0) })
  }

  /// Any text, with or without quotation marks.
  static func text() -> Kind where Value == String {
    Kind(
      expected: "a text",
      read: {
        guard case .scalar(let text, _) = $0.content, !$0.isNull, !text.isEmpty else { return nil }
        return text
      },
      write: { Node($0, .implicit, .doubleQuoted) })
  }

  /// A path. A `~` at its beginning is the user's home, as in a shell.
  static func path() -> Kind where Value == String {
    var kind = text()
    let read = kind.read
    kind.read = { read($0).map(UserPath.expandingHome) }
    return kind
  }

  /// The same, or null for what `meaning` says.
  func orNull(_ meaning: String) -> Kind<Value?> {
    Kind<Value?>(
      expected: "\(expected), or null for \(meaning)", words: words,
      read: { tree in tree.isNull ? .some(nil) : read(tree).map { .some($0) } },
      write: { $0.map(write) ?? Node("null", .implicit, .plain) })
  }
}
