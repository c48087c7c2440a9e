// Decides, with all ranks, when a checkpoint is due or the search stops, and writes on rank 0.

import Checkpoints
import MPI

/// What follows a step, least to most: the largest wish of any rank is what all do.
enum Pause: Int32, Comparable {
  case none
  case checkpoint
  /// The training of a level is of no more use.
  case cancel
  case stop

  static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
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

  /// What this rank would have all do after the step that it has just finished.
  func wish() throws -> Pause { try plan.isStopRequested() ? .stop : isDue ? .checkpoint : .none }

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
