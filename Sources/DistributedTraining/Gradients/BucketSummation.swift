// Sums of buckets over ranks as 32-bit floats, by the MPI library's own allreduce.

import MPI
import NeuralNetwork

/// A way to sum buckets over all ranks. In each step the buckets are started in order, the same on all ranks, and then
/// finished.
protocol BucketSummation: AnyObject {
  /// The bytes that a rank hands over in a step. Where the sum goes around a ring, it sends 2·(ranks − 1)/ranks times that.
  var bytesPerStep: Int { get }
  /// Begins to replace `values` by their sum over all ranks.
  func start(_ bucket: Int, _ values: FloatView) throws(MPIError)
  /// Lets what has begun go on, without waiting.
  func advance() throws(MPIError)
  /// Returns when the sums of all buckets that were started are there.
  func finish() throws(MPIError)
}

/// Waits for each bucket before the next one.
final class BlockingSummation: BucketSummation {
  let bytesPerStep: Int
  private let communicator: Communicator

  init(_ communicator: Communicator, _ buckets: GradientBuckets) {
    self.communicator = communicator
    bytesPerStep = buckets.floats * MemoryLayout<Float>.stride
  }

  func start(_ bucket: Int, _ values: FloatView) throws(MPIError) {
    try communicator.allreduce(values.unsafeBuffer, .sum)
  }

  func advance() {}
  func finish() {}
}

/// All buckets may be under way at once.
final class OverlappedSummation: BucketSummation {
  let bytesPerStep: Int
  private let communicator: Communicator
  private var requests: RequestPool

  /// - Parameter communicator: one that nobody else starts operations on.
  init(_ communicator: Communicator, _ buckets: GradientBuckets) {
    self.communicator = communicator
    bytesPerStep = buckets.floats * MemoryLayout<Float>.stride
    requests = RequestPool(capacity: max(buckets.ranges.count, 1))
  }

  deinit { requests.abandonAll() }

  func start(_ bucket: Int, _ values: FloatView) throws(MPIError) {
    requests.add(try communicator.startAllreduce(values.unsafeBuffer, .sum))
  }

  func advance() throws(MPIError) { try requests.testSome() }
  func finish() throws(MPIError) { try requests.waitAll() }
}
