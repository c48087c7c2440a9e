// Where checkpoints go, and what may stop a search.

/// Where a search leaves checkpoints, and what may stop it. All ranks have one, or none.
public struct CheckpointPlan {
  /// The directory that rank 0 writes to; the other ranks' is not looked at.
  public var directory: String
  /// What is written into them for whoever continues.
  public var origin: CheckpointOrigin
  /// Whether this rank has been told to stop; asked after every step, and again and again while the rank waits for work.
  /// If one rank has been, all stop together. Its error ends the search on this rank.
  public var isStopRequested: () throws -> Bool

  /// A plan for checkpoints in `directory`.
  public init(
    directory: String, origin: CheckpointOrigin,
    isStopRequested: @escaping () throws -> Bool = { false }
  ) {
    self.directory = directory
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
