// Batch norm once its statistics are fixed, which a convolution before it can take over.

/// What batch norm does to a channel when it is evaluated: `factor · x + summand`.
///
/// With weight γ, bias β, running mean μ and running variance σ²: γ/√(σ² + ε)·x + (β − μ·γ/√(σ² + ε)) (Ioffe and Szegedy,
/// 2015). A convolution takes over the factor in its weights, and the summand as its bias.
public struct FixedNormalization: Hashable, Sendable {
  /// ε, which keeps the variance away from 0.
  public static let epsilon = BatchNormalization.epsilon

  /// What a value is multiplied by.
  public let factor: Double
  /// What is added then.
  public let summand: Double

  /// The normalization with these numbers of a channel.
  public init(weight: Float, bias: Float, mean: Float, variance: Float) {
    factor = Double(weight) / (Double(variance) + Self.epsilon).squareRoot()
    summand = Double(bias) - Double(mean) * factor
  }
}
