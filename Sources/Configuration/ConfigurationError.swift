// What is wrong with a configuration, in a form that leads its writer to the place and the remedy.

/// Where a configuration's value was written.
public enum ConfigurationOrigin: Equatable, Sendable, CustomStringConvertible {
  /// In a file, at a line and column from 1 where one can be told.
  case file(String, line: Int?, column: Int?)
  /// In an override on the command line, `key.path=value`.
  case setting(String)

  /// For example `Configs/mnist.yaml:12:3` or `--set search.target=high`.
  public var description: String {
    switch self {
    case .file(let name, let line, let column):
      [name, line.map(String.init), column.map(String.init)].compactMap(\.self).joined(separator: ":")
    case .setting(let text): "--set \(Self.isPrintable(text) ? text : String(reflecting: String(text.prefix(100))))"
    }
  }

  /// Whether a message may show a text as it is.
  private static func isPrintable(_ text: String) -> Bool {
    text.utf8.count <= 1_000 && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
  }
}

extension ConfigurationOrigin {
  /// Sorts by line and column; what has none comes first, overrides last.
  fileprivate var order: Int {
    // No accepted file has lines or columns beyond its size limit of 10⁶.
    if case .file(_, let line, let column) = self { (line ?? 0) << 32 + (column ?? 0) } else { .max }
  }
}

/// One thing that is wrong.
public struct ConfigurationProblem: Equatable, Sendable, CustomStringConvertible {
  /// What kind of thing.
  public enum Kind: Equatable, Sendable {
    /// No such key exists; the nearest one that does, or else all of the section.
    case unknownKey(nearest: String?, valid: [String])
    /// A key that has no default is not there.
    case missingKey(expected: String)
    /// A value of the wrong type, out of its range, or at odds with another value.
    case value(expected: String, found: String, nearest: String?)
    /// The file cannot be read, or is no YAML that we accept.
    case unreadable(String)
  }

  /// Where it is written.
  public var origin: ConfigurationOrigin
  /// The full path of the key, for example `search.plateau.factor`; empty if it is about the whole file.
  public var key: String
  /// What is wrong.
  public var kind: Kind

  /// One line: where, which key, expected, found, and what may have been meant.
  public var description: String {
    let place = key.isEmpty ? "\(origin)" : "\(origin): \(key)"
    return switch kind {
    case .unknownKey(let nearest?, _): "\(place): unknown key, did you mean \(nearest)?"
    case .unknownKey(nil, let valid): "\(place): unknown key, expected one of \(valid.joined(separator: ", "))"
    case .missingKey(let expected): "\(place): missing, expected \(expected)"
    case .value(let expected, let found, let nearest):
      "\(place): expected \(expected), found \(found)" + (nearest.map { ", did you mean \($0)?" } ?? "")
    case .unreadable(let problem): "\(place): \(problem)"
    }
  }
}

/// Everything found wrong with a configuration.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// The problems, at least one: those of the file by line, then those of overrides.
  public let problems: [ConfigurationProblem]

  init(_ problems: [ConfigurationProblem]) {
    self.problems = problems.enumerated()
      .sorted { ($0.element.origin.order, $0.offset) < ($1.element.origin.order, $1.offset) }
      .map(\.element)
  }

  /// One line per problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}
