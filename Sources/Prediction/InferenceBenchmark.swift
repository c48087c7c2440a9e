// How long a saved network takes to answer.

import NeuralNetwork

/// Times forward passes of a network over random images: from normalized pixels to logits, with nothing else.
public final class InferenceBenchmark {
  private let network: InferenceNetwork
  private let images: AlignedBuffer<Float>
  private let batch: Int

  /// - Parameter batch: images per pass, at least 1.
  public init(_ weights: NetworkWeights, batch: Int, kernels: any Kernels) {
    self.batch = batch
    network = InferenceNetwork(
      weights.architecture, heads: weights.heads, batchCapacity: batch, kernels: kernels)
    network.load(weights)
    images = AlignedBuffer(count: batch * weights.architecture.input.count)
    var random = RandomStream(seed: 0, purpose: .augmentation)
    for index in 0..<images.count { images.view[index] = 2 * random.uniform() - 1 }
  }

  /// Seconds of passes, the shortest first.
  public struct Times: Sendable {
    /// Ascending.
    public let seconds: [Double]

    /// Times in any order, at least one.
    public init(_ seconds: [Double]) {
      precondition(!seconds.isEmpty, "something was timed")
      self.seconds = seconds.sorted()
    }

    /// The least time that is not exceeded by `share` of all (the nearest rank), 0…1.
    public func percentile(_ share: Double) -> Double {
      let rank = Int((share * Double(seconds.count)).rounded(.up))
      return seconds[min(max(rank, 1), seconds.count) - 1]
    }
  }

  /// Makes `runs` passes, after some that are not timed.
  public func measure(runs: Int) -> Times {
    for _ in 0..<max(2, runs / 10) { network.forward(images.view, images: batch) }
    return Times(
      (0..<runs).map { _ in
        let start = ContinuousClock.now
        network.forward(images.view, images: batch)
        return start.duration(to: .now) / .seconds(1)
      })
  }
}
