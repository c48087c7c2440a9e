// Values as JSON text, the same bytes every time.

import Foundation

/// JSON with sorted keys.
public enum JSON {
  /// The text of `value`: one line, or with `pretty` a line per entry.
  /// - Throws: `EncodingError` for numbers that JSON does not have, such as infinity.
  public static func text(_ value: some Encodable, pretty: Bool = false) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
