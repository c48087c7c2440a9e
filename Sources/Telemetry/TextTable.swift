// Tables for terminals and log files.

import Foundation
import NeuralNetwork

/// Rows of text in aligned columns.
public struct TextTable: CustomStringConvertible {
  /// How a column is aligned.
  public enum Alignment: Sendable {
    case left
    case right
  }

  private let alignments: [Alignment]
  private var rows: [[String]]

  /// A table with a row of headings.
  public init(_ columns: [(heading: String, alignment: Alignment)]) {
    alignments = columns.map(\.alignment)
    rows = [columns.map(\.heading)]
  }

  /// Adds a row with a cell per column.
  public mutating func add(_ cells: [String]) {
    precondition(cells.count == alignments.count, "a row has one cell per column")
    rows.append(cells)
  }

  /// The rows, one per line, with a rule under the headings.
  public var description: String {
    let widths = alignments.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    var lines = rows.map { row in
      zip(row, zip(widths, alignments)).map { cell, column in
        let padding = String(repeating: " ", count: column.0 - cell.count)
        return column.1 == .left ? cell + padding : padding + cell
      }.joined(separator: "  ")
    }
    lines.insert(widths.map { String(repeating: "─", count: $0) }.joined(separator: "  "), at: 1)
    return lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
  }
}

/// Numbers as tables and progress lines show them.
public enum Format {
  /// A text from outside as a terminal or a log may show it: characters that control it, or that turn the direction of
  /// what follows, are escaped as in `\u{1B}`.
  public static func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return text.unicodeScalars.map {
      isControl($0) ? "\\u{\(String($0.value, radix: 16, uppercase: true))}" : String($0)
    }.joined()
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator: true
    default: scalar.properties.isBidiControl
    }
  }

  /// For example `75,338`.
  public static func count(_ number: Int) -> String {
    var groups: [String] = []
    var digits = Substring(String(number.magnitude))
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits = digits.dropLast(3)
    }
    return (number < 0 ? "-" : "") + ([String(digits)] + groups).joined(separator: ",")
  }

  /// A number with so many decimals.
  public static func decimal(_ number: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", number)
  }

  /// A number as `1.234e-05`.
  public static func scientific(_ number: Double) -> String { String(format: "%.3e", number) }

  /// What a network costs, as `depth 2: 75,338 parameters, 5.21 million multiply-adds`.
  public static func size(of network: Architecture) -> String {
    """
    depth \(network.depth): \(count(network.parameterCount)) parameters, \
    \(decimal(Double(network.multiplyAdds) / 1e6, 2)) million multiply-adds
    """
  }

  /// A duration as `7.3 s`, `4 min 05 s` or `2 h 07 min`.
  public static func duration(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    if seconds < 60 { return decimal(seconds, 1) + " s" }
    if whole < 3600 { return String(format: "%d min %02d s", whole / 60, whole % 60) }
    return String(format: "%d h %02d min", whole / 3600, whole / 60 % 60)
  }
}
