// Sums batch-norm statistics over ranks.

import MPI
import NeuralNetwork

/// Batch-norm statistics over several ranks.
public struct SynchronizedStatistics: StatisticsReduction {
  private let communicator: Communicator

  /// - Parameter communicator: the ranks that share statistics.
  public init(_ communicator: Communicator) {
    self.communicator = communicator
  }

  /// Replaces each element by its sum over all ranks. Collective.
  /// - Throws: `MPIError`.
  public func sum(_ values: BufferView<Double>) throws {
    try communicator.allreduce(values.unsafeBuffer, .sum)
  }
}

extension TrainingOptions {
  /// The number of neighbouring ranks whose shares of a batch are normalized together.
  /// - Throws: `TrainingError.batchNormRanks` if the ranks do not make up whole groups.
  func batchNormGroupSize(ranks: Int) throws(TrainingError) -> Int {
    guard batchNorm == .synchronized else { return 1 }
    let size = batchNormRanks ?? ranks
    guard size >= 1, ranks.isMultiple(of: size) else { throw .batchNormRanks(size, ranks: ranks) }
    return size
  }

  /// What sums statistics over this rank's group; nil where there is nothing to sum. Collective.
  /// - Throws: `TrainingError.batchNormRanks`, `MPIError`.
  func statisticsReduction(_ communicator: Communicator) throws -> (any StatisticsReduction)? {
    let size = try batchNormGroupSize(ranks: communicator.size)
    guard size > 1 else { return nil }
    if size == communicator.size { return SynchronizedStatistics(communicator) }
    return try communicator.split(color: communicator.rank / size).map(SynchronizedStatistics.init)
  }
}
