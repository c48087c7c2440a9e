// What a rank is doing, noted by its main thread without locks and read by the thread that watches it.

import Synchronization

/// Where a rank stands. Noting it is some stores to memory: no locks, no allocation.
public final class Heartbeat: Sendable {
  /// What a rank can be doing.
  public enum Operation: UInt8, Codable, Sendable {
    case starting
    case loadingData
    case measuringLatencies
    case startingStage
    case trainingStep
    case gradientSum
    case update
    case agreement
    case endOfEpoch
    case evaluation
    case decision
    case runFiles
    case checkpoint
    case result
    case waitingForWork
    case waitingForOther

    /// Whether the rank waits for others, for as long as they need, and cannot tell by itself whether they hang.
    var isWait: Bool { self == .waitingForWork || self == .waitingForOther }
  }

  /// What was noted last.
  public struct State: Codable, Equatable, Sendable {
    /// How often something was noted.
    public var beats = 0
    /// How often an operation was entered: the same on all ranks that have come equally far.
    public var position = 0
    /// The operation entered last.
    public var operation = Operation.starting
    /// The part of the run; nil before its first stage.
    public var stage: SearchStage?
    /// The depth in training; the largest in the warm-up.
    public var depth = 0
    /// The epoch within the warm-up, or within the whole search.
    public var epoch = 0
    /// The step of the epoch, from 1.
    public var step = 0
    /// The group of ranks that works together, whatever others do; nil where all do.
    public var group: Int?
  }

  private let beats = Atomic(0)
  private let position = Atomic(0)
  private let operation = Atomic(Operation.starting.rawValue)
  private let isWarmUp = Atomic(false)
  private let depth = Atomic(0)
  private let epoch = Atomic(0)
  private let step = Atomic(0)
  private let group = Atomic(-1)
  private let witness: (@Sendable (Heartbeat) -> Void)?

  /// One that has noted nothing.
  /// - Parameter witness: called on the rank's own thread whenever something has been noted, for tests that let something
  ///   happen at a place.
  public init(witness: (@Sendable (Heartbeat) -> Void)? = nil) { self.witness = witness }

  /// The rank goes on to an operation. All ranks do so at the same places of the program.
  public func enter(_ next: Operation) {
    operation.store(next.rawValue, ordering: .relaxed)
    position.add(1, ordering: .relaxed)
    beat()
  }

  /// The rank begins a step of its epoch.
  func enter(step number: Int) {
    step.store(number, ordering: .relaxed)
    enter(.trainingStep)
  }

  /// The rank begins an epoch, or what comes before a stage's first.
  func enter(_ stage: SearchStage, depth: Int, epoch: Int) {
    isWarmUp.store(stage == .warmUp, ordering: .relaxed)
    self.depth.store(depth, ordering: .relaxed)
    self.epoch.store(epoch, ordering: .relaxed)
    step.store(0, ordering: .relaxed)
    enter(.startingStage)
  }

  /// From now on the rank works with those of its group, or if there is none with all.
  func enter(group number: Int?) { group.store(number ?? -1, ordering: .relaxed) }

  /// The rank is now as far as others that enter the same operations from here on.
  func align(at place: Int) { position.store(place, ordering: .relaxed) }

  /// The rank is still at its operation, and has made progress.
  @Sendable public func beat() {
    beats.add(1, ordering: .releasing)
    witness?(self)
  }

  /// What was noted last. Where the rank is just going on, some of it may be older than the rest.
  public var state: State {
    let beats = beats.load(ordering: .acquiring)
    let depth = depth.load(ordering: .relaxed)
    let group = group.load(ordering: .relaxed)
    return State(
      beats: beats, position: position.load(ordering: .relaxed),
      operation: Operation(rawValue: operation.load(ordering: .relaxed)) ?? .starting,
      stage: depth == 0 ? nil : isWarmUp.load(ordering: .relaxed) ? .warmUp : .level, depth: depth,
      epoch: epoch.load(ordering: .relaxed), step: step.load(ordering: .relaxed), group: group < 0 ? nil : group)
  }
}

extension Heartbeat.State: CustomStringConvertible {
  /// For example `depth 2, epoch 3, step 17: summing gradients`.
  public var description: String {
    guard let stage else { return "\(operation)" }
    let network = stage == .warmUp ? "warm-up of depths 1 to \(depth)" : "depth \(depth)"
    return "\(network), epoch \(epoch), step \(step): \(operation)"
  }
}

extension Heartbeat.Operation: CustomStringConvertible {
  /// What the rank is doing.
  public var description: String {
    switch self {
    case .starting: "starting"
    case .loadingData: "loading data"
    case .measuringLatencies: "measuring latencies"
    case .startingStage: "starting a stage"
    case .trainingStep: "training step"
    case .gradientSum: "summing gradients"
    case .update: "update"
    case .agreement: "agreeing to go on"
    case .endOfEpoch: "comparing weights"
    case .evaluation: "evaluating"
    case .decision: "deciding"
    case .runFiles: "writing the run's files"
    case .checkpoint: "writing a checkpoint"
    case .result: "writing the result"
    case .waitingForWork: "waiting for a level to train"
    case .waitingForOther: "waiting for what another rank does"
    }
  }
}
