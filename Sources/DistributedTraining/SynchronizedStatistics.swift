// Sums batch-norm statistics over ranks.

import MPI
import NeuralNetwork

/// Batch-norm statistics over all ranks.
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
