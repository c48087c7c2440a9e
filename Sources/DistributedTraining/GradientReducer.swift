// Sums the gradients of all ranks.

import MPI
import NeuralNetwork

/// Allreduces a gradient arena in buckets small enough to stay in cache, in a fixed order.
///
/// Each rank's gradient is already divided by the global batch size, so the sum is the gradient of the global mean,
/// however unevenly the batch is shared.
public struct GradientReducer {
  private let communicator: Communicator
  /// Floats in a bucket.
  private let bucketSize: Int

  /// - Parameter communicator: the ranks that train together.
  public init(_ communicator: Communicator, options: CommunicationOptions) {
    self.communicator = communicator
    bucketSize = max(1, Int(options.bucketMegabytes * 1e6) / MemoryLayout<Float>.stride)
  }

  /// Replaces `gradients` by their sum over all ranks. Collective.
  /// - Throws: `MPIError`.
  public func reduce(_ gradients: FloatView) throws {
    guard communicator.size > 1 else { return }
    for start in stride(from: 0, to: gradients.count, by: bucketSize) {
      let bucket = gradients[start..<min(start + bucketSize, gradients.count)]
      try communicator.allreduce(bucket.unsafeBuffer, .sum)
    }
  }
}
