// How a run guards against being cut short, hanging and diverging: plain values, whose ranges are checked where they are
// read.

/// How a run guards against what can go wrong.
public struct ReliabilityOptions: Codable, Equatable, Sendable {
  /// Minutes of training after which there is a checkpoint at the latest, above 0.
  public var checkpointMinutes: Double
  /// Seconds without progress after which every rank says where it stands; 0 for never.
  public var stallSeconds: Double
  /// Further seconds after which the run ends; 0 for never.
  public var abortSeconds: Double

  /// The standard deviations above the mean of the last steps' losses, at most, that a step's loss may have; nil for no
  /// limit. Losses of small batches rise by chance, the more so the lower they are.
  public var spikeThreshold: Double?
  /// Steps of an epoch after which the ranks' parameters are compared; 0 for only at its end.
  public var verifySteps: Int
  /// What follows when numbers diverge.
  public var onDivergence: OnDivergence
  /// What a rollback multiplies the learning rate by, above 0, at most 1.
  public var rollbackFactor: Double
  /// Rollbacks in a search, at most.
  public var rollbacks: Int

  /// What follows when numbers diverge.
  public enum OnDivergence: String, Codable, CaseIterable, Sendable {
    /// The run ends with an error.
    case abort
    /// The search goes back to the beginning of the epoch, with a lower learning rate.
    case rollback
  }

  /// Options with the defaults.
  public init(
    checkpointMinutes: Double = 10, stallSeconds: Double = 120, abortSeconds: Double = 180,
    spikeThreshold: Double? = nil, verifySteps: Int = 100, onDivergence: OnDivergence = .abort,
    rollbackFactor: Double = 0.5, rollbacks: Int = 3
  ) {
    self.checkpointMinutes = checkpointMinutes
    self.stallSeconds = stallSeconds
    self.abortSeconds = abortSeconds
    self.spikeThreshold = spikeThreshold
    self.verifySteps = verifySteps
    self.onDivergence = onDivergence
    self.rollbackFactor = rollbackFactor
    self.rollbacks = rollbacks
  }
}
