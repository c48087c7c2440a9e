// The order in which an epoch visits the training images.

import NumericKernels

/// A random order of the numbers 0..<`count`, the same for everyone who asks with the same seed and epoch.
public struct EpochPermutation: Sendable {
  /// The numbers in their order.
  public let order: [Int]

  /// Every order is equally likely (Fisher and Yates, in Durstenfeld's form). O(`count`).
  public init(count: Int, seed: UInt64, epoch: Int) {
    var random = RandomStream(seed: seed, purpose: .permutation, epoch: epoch)
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, random.integer(below: last + 1))
    }
    self.order = order
  }

  /// Number of images.
  public var count: Int { order.count }
}
