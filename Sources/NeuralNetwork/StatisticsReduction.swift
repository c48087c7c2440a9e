// The way to other replicas, as the network sees it: it knows of no ranks.

import NumericKernels

/// Sums numbers over the replicas that share batch-norm statistics. Implemented by whoever knows of other ranks.
public protocol StatisticsReduction {
  /// Replaces each element by its sum over all replicas.
  /// - Throws: what the transport throws.
  func sum(_ values: BufferView<Double>) throws
}
