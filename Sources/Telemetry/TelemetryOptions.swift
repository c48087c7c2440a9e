// What a run tells besides its log.

/// The settings of what is written for other programs to show.
public struct TelemetryOptions: Codable, Equatable, Sendable {
  /// Whether there are event files for TensorBoard.
  public var tensorboard: Bool
  /// Whether they have histograms of weights and gradients.
  public var histograms: Bool

  /// Options with their defaults.
  public init(tensorboard: Bool = true, histograms: Bool = false) {
    self.tensorboard = tensorboard
    self.histograms = histograms
  }
}
