// Whether two configurations describe the same run, and where they differ.

import Yams

/// A key with different values in two configurations.
public struct ConfigurationDifference: Equatable, Sendable, CustomStringConvertible {
  /// The full path of the key.
  public let key: String
  /// Its value in the other configuration, as YAML; nil if that does not have the key.
  public let before: String?
  /// Its value here.
  public let now: String

  /// For example `training.batchSize (64, was 32)`.
  public var description: String { "\(key) (\(now), was \(before.map { String($0.prefix(100)) } ?? "not set"))" }
}

extension Configuration {
  /// Every key's value as YAML, by its full path.
  public var values: [String: String] {
    var values: [String: String] = [:]
    func add(_ node: Node, at path: String) {
      switch node {
      case .mapping(let mapping):
        for (key, value) in mapping {
          let name = key.scalar?.string ?? ""
          add(value, at: path.isEmpty ? name : "\(path).\(name)")
        }
      case .scalar(let scalar): values[path] = scalar.string
      case .sequence, .alias: break
      }
    }
    add(Self.schema.write(self), at: "")
    return values
  }

  /// The keys that change results and whose value differs from that in `before`, another configuration's `values`, in
  /// the order of `keys`. A key that is not in `before` is one that the version which wrote it did not have: it went by what
  /// is now the default, which also counts as its value.
  public func differences(from before: [String: String]) -> [ConfigurationDifference] {
    let now = values
    return Self.keys.filter(\.changesResults).compactMap { key in
      let then = before[key.path] ?? key.standard
      guard let value = now[key.path], then != value else { return nil }
      return ConfigurationDifference(key: key.path, before: then, now: value)
    }
  }

  /// A hash of all values that change results, 16 hexadecimal digits: FNV-1a (Fowler, Noll, Vo), 64 bits.
  public var hash: String {
    let now = values
    let text = Self.keys.filter(\.changesResults).map { "\($0.path)=\(now[$0.path] ?? "")\n" }.joined()
    let hash = text.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
