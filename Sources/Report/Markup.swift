// Text for a page, in which everything that is put into it is escaped unless it is such text itself.

/// HTML or SVG. A literal is taken as it is; strings and numbers interpolated into it are escaped, `Markup` is not.
public struct Markup: ExpressibleByStringInterpolation, Sendable {
  /// The text.
  public let text: String

  /// Text that is escaped already.
  private init(trusted text: String) {
    self.text = text
  }

  /// Takes a literal as it is.
  public init(stringLiteral value: String) {
    text = value
  }

  /// Joins a literal's parts.
  public init(stringInterpolation: Interpolation) {
    text = stringInterpolation.text
  }

  /// The parts of a literal.
  public struct Interpolation: StringInterpolationProtocol {
    var text = ""

    /// Nothing is known of the length.
    public init(literalCapacity: Int, interpolationCount: Int) {}

    /// Takes a part as it is.
    public mutating func appendLiteral(_ literal: String) { text += literal }

    /// Takes markup as it is.
    public mutating func appendInterpolation(_ markup: Markup) { text += markup.text }

    /// Takes several after each other.
    public mutating func appendInterpolation(_ markup: some Sequence<Markup>) {
      for part in markup { text += part.text }
    }

    /// Escapes a text.
    public mutating func appendInterpolation(_ string: String) { text += Markup.escaped(string) }

    /// Writes a number.
    public mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

    /// Writes a coordinate, to a tenth.
    public mutating func appendInterpolation(_ number: Double) {
      let tenths = number.isFinite ? Int((max(-1e6, min(number, 1e6)) * 10).rounded()) : 0
      text += tenths % 10 == 0 ? "\(tenths / 10)" : "\(Double(tenths) / 10)"
    }
  }

  /// The text with what has a meaning in HTML replaced; control characters, which no page may have, are shown as `�`.
  static func escaped(_ string: String) -> String {
    var text = ""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      case "\n", "\t": text.unicodeScalars.append(scalar)
      default: text.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
      }
    }
    return text
  }

  /// Several after each other.
  static func joined(_ parts: some Sequence<Markup>) -> Markup {
    Markup(trusted: parts.map(\.text).joined())
  }

  /// Nothing.
  static let empty = Markup(trusted: "")
}
