// What the loss of a step usually is, and how unusual the next one's.

/// Exponentially weighted mean and variance of the losses of steps (West, 1979; the first ones count alike).
struct LossMonitor: Codable, Equatable, Sendable {
  /// The share of a new loss: about the last 50 count.
  private static let share = 0.02
  /// Losses that have to be known before one is judged.
  private static let leastCount = 20
  /// The smallest standard deviation that is assumed, in nats: where nearly every image is right, a single one that is
  /// not moves the loss by many times its standard deviation, and means nothing.
  private static let leastDeviation = 0.05
  /// Where counting ends: all shares are alike long before.
  private static let largestCount = 1_000_000

  private(set) var count = 0
  private(set) var mean = 0.0
  private(set) var variance = 0.0

  /// By how many standard deviations `loss` lies above the mean (its z-score); nil as long as too little is known.
  func deviations(of loss: Double) -> Double? {
    guard count >= Self.leastCount else { return nil }
    return (loss - mean) / max(variance.squareRoot(), Self.leastDeviation)
  }

  /// Takes in a loss, which is finite.
  mutating func add(_ loss: Double) {
    count = min(count + 1, Self.largestCount)
    let share = max(Self.share, 1 / Double(count))
    let difference = loss - mean
    mean += share * difference
    variance = (1 - share) * (variance + share * difference * difference)
  }

  /// Whether it can be one that was made by `add`.
  var isSound: Bool {
    (0...Self.largestCount).contains(count) && mean.isFinite && variance.isFinite && variance >= 0
  }
}
