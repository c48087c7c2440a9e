// Pictures that `Fixtures/generate.py` has written, and what it made them of.

import Foundation
import Images

enum Fixture {
  static let height = 20
  static let width = 30
  static let folder = "\(Bundle.module.bundlePath)/Fixtures"

  static func image(_ name: String) throws -> Image { try Image(path: "\(folder)/\(name)") }

  static func bytes(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
  }

  /// Pixels of a formula, whose lower eight bits count.
  static func pixels(channels: Int, _ formula: (_ row: Int, _ column: Int, _ channel: Int) -> Int) -> [UInt8] {
    (0..<height).flatMap { row in
      (0..<width).flatMap { column in (0..<channels).map { UInt8(formula(row, column, $0) % 256) } }
    }
  }

  static func slope(_ row: Int, _ column: Int, _ channel: Int) -> Int { 5 * row + 3 * column + 20 * channel }
  static func slope(channels: Int) -> [UInt8] { pixels(channels: channels, slope) }

  /// What shows of a value over black.
  static func shown(_ value: Int, opacity: Int) -> Int { Int((Double(value * opacity) / 255).rounded()) }

  /// The largest difference of two pictures' pixels.
  static func difference(_ image: Image, _ expected: [UInt8]) -> Int {
    guard image.pixels.count == expected.count else { return .max }
    return zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max() ?? .max
  }
}
