// Adds up batch-norm statistics over the ranks that normalize a batch together.

import MPI
import NeuralNetwork

/// Batch-norm statistics over several ranks.
public final class SynchronizedStatistics: StatisticsReduction {
  private let all: Communicator
  /// This rank's group; nil where it is a group by itself.
  private let group: Communicator?
  private let groups: NormalizationGroups
  /// The ranks over which the next statistics are added up; nil for this rank alone.
  private var ranks: Communicator?

  /// - Parameters:
  ///   - communicator: the ranks that train the network.
  ///   - groups: which of them normalize a batch together; of as many ranks.
  /// - Returns: nil where each rank always normalizes by itself.
  /// - Throws: `MPIError`. Collective.
  init?(_ communicator: Communicator, _ groups: NormalizationGroups) throws {
    if communicator.size == 1 || (groups.size == 1 && !groups.isAutomatic) { return nil }
    all = communicator
    self.groups = groups
    switch groups.size {
    case 1: group = nil
    case communicator.size: group = communicator
    default: group = try communicator.split(color: communicator.rank / groups.size)
    }
    ranks = group
  }

  /// Makes the next statistics those of a batch of `images` images over all ranks.
  func begin(batchOf images: Int) { ranks = groups.normalizesTogether(batchOf: images) ? all : group }

  /// Replaces each element by its sum over the ranks that normalize together. Collective among these.
  /// - Throws: `MPIError`.
  public func sum(_ values: BufferView<Double>) throws { try ranks?.allreduce(values.unsafeBuffer, .sum) }
}
