// What a search does when its numbers diverge: end, or go back to the beginning of the epoch with a lower learning rate.
//
// It goes back to the beginning of the epoch, not to the last file: when files are written depends on the clock, and the
// same search has to give the same result. Nothing that was decided or logged has to be taken back either.

import DepthSearch
import MPI
import NeuralNetwork

/// How a search has gone back so far.
struct Recovery: Codable, Equatable, Sendable {
  /// How often, in the whole search.
  var rollbacks = 0
  /// What learning rates are multiplied by, until the next stage or level begins.
  var rateFactor = 1.0
}

extension SearchCoordinator {
  /// Keeps what an epoch begins with, if the search may go back to it. Collective.
  func keepEpochStart(_ trainer: DataParallelTrainer) throws {
    guard reliability.onDivergence == .rollback else { return }
    epochStartState = try trainer.gatherState(EpochProgress())
  }

  /// Trains and judges an epoch by `body`, again if it diverges and the options allow it. Collective.
  /// - Throws: `TrainingError.diverged` or `ranksDisagree` if they do not, and what else `body` throws.
  func retrying<Value>(
    _ trainer: DataParallelTrainer, epoch: Int, _ body: () throws -> Value
  ) throws -> Value {
    while true {
      let before = progress
      var recovery = before.recovery ?? Recovery()
      recovery.rollbacks += 1
      do {
        return try body()
      } catch TrainingError.diverged(var divergence) {
        divergence.epoch = epoch
        divergence.rollbacks = recovery.rollbacks - 1
        recovery.rateFactor *= reliability.rollbackFactor
        try rollBack(
          trainer, to: before, recovery, epoch: epoch, step: divergence.step, because: .diverged(divergence))
      } catch TrainingError.ranksDisagree(let ranks) {
        // The rate is not to blame.
        try rollBack(trainer, to: before, recovery, epoch: epoch, step: nil, because: .ranksDisagree(ranks: ranks))
      }
    }
  }

  /// Puts all ranks back to where the epoch began, or throws `error` if that is not to be done.
  private func rollBack(
    _ trainer: DataParallelTrainer, to before: SearchProgress, _ recovery: Recovery, epoch: Int, step: Int?,
    because error: TrainingError
  ) throws {
    let isAllowed = reliability.onDivergence == .rollback && recovery.rollbacks <= reliability.rollbacks
    // Rank 0 decides, however sure it is that the others would decide alike.
    guard let recovery = try communicator.broadcast(isAllowed ? [recovery] : [], from: 0).first else { throw error }
    progress = before
    progress.recovery = recovery
    trainee = Trainee(trainer: trainer, epoch: try trainer.restore(epochStartState))
    let rollback = Rollback(
      reason: error.reason, stage: progress.stage, depth: trainer.network.architecture.depth, epoch: epoch, step: step,
      rateFactor: recovery.rateFactor, rollback: recovery.rollbacks, limit: reliability.rollbacks)
    level?.entries.append(.rolledBack(rollback))
    try observe(.rolledBack(rollback))
    try save()
  }
}
