// Decides, with all ranks, when a checkpoint is due or the search stops, and writes on rank 0.

import Checkpoints
import MPI

/// What follows a step, least to most: the largest wish of any rank is what all do.
enum Pause: Int32 {
  case none
  case checkpoint
  case stop
}

/// A rank's part in the checkpoints of a search.
final class Checkpointer {
  let plan: CheckpointPlan
  /// The time between two checkpoints, at most. Only rank 0's clock counts.
  private let interval: Duration
  private let communicator: Communicator
  private var directory: CheckpointDirectory?
  private var lastWritten = ContinuousClock.now
  /// The newest checkpoint that is known to be on disk. Rank 0's.
  private(set) var newest: String?

  /// - Parameter resumed: the path of the checkpoint that the search continues from, if it does.
  init(_ plan: CheckpointPlan, every interval: Duration, communicator: Communicator, resumed: String?) {
    self.plan = plan
    self.interval = interval
    self.communicator = communicator
    newest = resumed
    if communicator.rank == 0 { directory = CheckpointDirectory(path: plan.directory, resumed: resumed) }
  }

  /// What all ranks do after the step that they have just finished; `heartbeat` is told when they agree on it. Collective.
  ///
  /// One integer is reduced: some microseconds, beside a step whose gradients have just been.
  func pause(_ heartbeat: Heartbeat) throws -> Pause {
    let own: Pause = try plan.isStopRequested() ? .stop : isDue ? .checkpoint : .none
    heartbeat.enter(.agreement)
    return Pause(rawValue: try communicator.allreduce(own.rawValue, .max)) ?? .none
  }

  /// Writes a checkpoint, on rank 0. Whatever the outcome, the next one is due an interval later.
  func write(_ content: CheckpointContent) throws(CheckpointError) {
    defer { lastWritten = .now }
    newest = try directory?.write(content)
  }

  /// Removes what is of no more use. Rank 0's directory; the others have none.
  func removeAll() { directory?.remove() }

  private var isDue: Bool {
    communicator.rank == 0 && lastWritten.duration(to: .now) >= interval
  }
}
