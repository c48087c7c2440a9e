// When checkpoints are written: a plain value, whose range is checked where it is read.

/// How a run guards against being cut short.
public struct ReliabilityOptions: Codable, Equatable, Sendable {
  /// Minutes of training after which there is a checkpoint at the latest, above 0.
  public var checkpointMinutes: Double

  /// Options with the default interval.
  public init(checkpointMinutes: Double = 10) {
    self.checkpointMinutes = checkpointMinutes
  }
}

/// Where a search leaves checkpoints, and what may stop it. All ranks have one, or none.
public struct CheckpointPlan {
  /// The directory that rank 0 writes to; the other ranks' is not looked at.
  public var directory: String
  /// When checkpoints are due. Only rank 0's clock counts.
  public var options: ReliabilityOptions
  /// What is written into them for whoever continues.
  public var origin: CheckpointOrigin
  /// Whether this rank has been told to stop; asked after every step. If one rank has been, all stop together.
  public var isStopRequested: () -> Bool

  /// A plan for checkpoints in `directory`.
  public init(
    directory: String, options: ReliabilityOptions, origin: CheckpointOrigin,
    isStopRequested: @escaping () -> Bool = { false }
  ) {
    self.directory = directory
    self.options = options
    self.origin = origin
    self.isStopRequested = isStopRequested
  }
}

/// What ran when a checkpoint was written, for whoever continues it.
public struct CheckpointOrigin: Codable, Equatable, Sendable {
  /// The configuration, value by key.
  public var configuration: [String: String]
  /// A hash of those keys and values that change results.
  public var configurationHash: String

  /// What is written into checkpoints.
  public init(configuration: [String: String], configurationHash: String) {
    self.configuration = configuration
    self.configurationHash = configurationHash
  }
}
