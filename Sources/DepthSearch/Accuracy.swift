// A validation accuracy as counts, and the rounding by which the published search compares accuracies.

import Foundation

/// The share of images that were classified correctly, exact.
public struct Accuracy: Codable, Equatable, Sendable, CustomStringConvertible {
  /// Images classified correctly.
  public let correct: Int
  /// Images seen.
  public let total: Int

  /// - Precondition: 0 ≤ `correct` ≤ `total`, 1 ≤ `total` < 2³¹.
  public init(correct: Int, total: Int) {
    precondition(Self.isValid(correct, total), "no accuracy: \(correct) of \(total)")
    self.correct = correct
    self.total = total
  }

  /// Reads what `encode(to:)` wrote, and refuses what `init` would.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    correct = try values.decode(Int.self, forKey: .correct)
    total = try values.decode(Int.self, forKey: .total)
    guard Self.isValid(correct, total) else {
      throw DecodingError.dataCorruptedError(
        forKey: .correct, in: values, debugDescription: "expected 0 <= correct <= total, found \(correct) of \(total)")
    }
  }

  private static func isValid(_ correct: Int, _ total: Int) -> Bool {
    (1...Int(Int32.max)).contains(total) && (0...total).contains(correct)
  }

  /// The accuracy in percent.
  public var percent: Double { 100 * Double(correct) / Double(total) }

  /// The share of images that were classified correctly, 0…1.
  public var share: Double { Double(correct) / Double(total) }

  /// The standard error of the percentage, in points: √(p·(1−p)/n), as of a binomial distribution.
  public var standardError: Double { 100 * (share * (1 - share) / Double(total)).squareRoot() }

  /// Whether this is the higher share; exact, also between different totals.
  public func isBetter(than other: Accuracy) -> Bool { correct * other.total > other.correct * total }

  /// Whether the share is at least so many hundredths of a percent; exact.
  public func isAtLeast(hundredths: Int) -> Bool { correct * 10_000 >= hundredths * total }

  /// The accuracy in hundredths of a percent, rounded to `decimals` decimals of a percent (1 or 2).
  ///
  /// The published searches rounded the percentage as a binary fraction, which puts a decimal tie such as 93.55 on
  /// either side (and to the even digit if it is exact, as in 93.25). Their course hangs on it, so we do the same.
  public func hundredths(roundedTo decimals: Int) -> Int {
    precondition(decimals == 1 || decimals == 2)
    let scale = decimals == 1 ? 10.0 : 100.0
    let lower = (percent * scale).rounded(.down)
    // The fused product is not rounded before the sum, so that the sign of the distance to the tie is exact.
    let beyondTie = (-(lower + 0.5)).addingProduct(percent, scale)
    let isUp = beyondTie > 0 || (beyondTie == 0 && !lower.truncatingRemainder(dividingBy: 2).isZero)
    return (Int(lower) + (isUp ? 1 : 0)) * (decimals == 1 ? 10 : 1)
  }

  /// For example `98.48 %`.
  public var description: String { String(format: "%.2f %%", percent) }
}
