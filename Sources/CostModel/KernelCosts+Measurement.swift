// Measures what kernels take, where they take it: in steps of the network that uses them.

import NeuralNetwork

extension KernelCosts {
  /// Measures the kernels of `architecture` at all depths up to its own, in steps on random images of 1, 4, 16, … and
  /// `images` images. That takes some seconds, half a minute for the largest networks on one core.
  ///
  /// Each kernel is timed in the place that it has in a step, where its data are as far away as in training; the same
  /// kernel in several places, at the mean of them. Numbers are medians over the steps.
  ///
  /// - Parameters:
  ///   - images: the largest batch that is measured, at least 1.
  ///   - threads: threads of the rank.
  ///   - steps: steps of each batch, after one that is not timed.
  ///   - makeKernels: makes what computes, which notes its times in the profile that it is given; the reference cannot.
  public static func measure(
    _ architecture: Architecture, images: Int, threads: Int = 1, steps: Int = 3,
    makeKernels: (KernelProfile) -> any Kernels = { KernelFamily.fast.kernels(profile: $0) }
  ) throws -> KernelCosts {
    let batches = Array(sequence(first: 1) { $0 * 4 }.prefix { $0 < images }) + [images]
    let measured = batches.map { batch in
      let profile = KernelProfile()
      return ProfiledStep(
        architecture, images: batch, kernels: makeKernels(profile), profile: profile)
    }
    for step in measured { try step.run() }
    var times: [Kernel: [Int: [Double]]] = [:]
    var order: [Kernel] = []
    // In turns, so that what disturbs the machine for a while disturbs no batch more than the others.
    for _ in 0..<steps {
      for step in measured {
        step.profile.reset()
        try step.run()
        for entry in step.profile.entries {
          let (kernel, size) = (entry.call.kernel, entry.call.size)
          if times[kernel] == nil { order.append(kernel) }
          times[kernel, default: [:]][size, default: []].append(entry.seconds / Double(entry.calls))
        }
      }
    }
    let entries = order.map { kernel in
      let samples = (times[kernel] ?? [:]).map { Sample(size: $0.key, seconds: max($0.value.median, 1e-9)) }
      return Entry(kernel, samples)
    }
    return try KernelCosts(threads: threads, entries: entries)
  }
}

/// A network and a batch, whose steps change no weights, so that they never diverge.
private final class ProfiledStep {
  let profile: KernelProfile
  private let network: DepthNetwork
  private let images: AlignedBuffer<Float>
  private let labels: AlignedBuffer<Int32>
  private let count: Int

  init(_ architecture: Architecture, images count: Int, kernels: any Kernels, profile: KernelProfile) {
    self.profile = profile
    self.count = count
    network = DepthNetwork(architecture, batchCapacity: count, kernels: kernels)
    network.weights = .initial(architecture, heads: .deepest, seed: 0)
    images = AlignedBuffer(count: count * architecture.input.count)
    labels = AlignedBuffer(count: count)
    var random = RandomStream(seed: 0, purpose: .test)
    for i in 0..<images.count { images.view[i] = 2 * random.uniform() - 1 }
    for i in 0..<count { labels.view[i] = Int32(random.integer(below: architecture.classes)) }
  }

  func run() throws {
    try network.forward(images.view, images: count)
    _ = network.crossEntropy(images: count, labels: labels.view, globalImages: count)
    try network.backward(images.view, images: count)
    network.update(StochasticGradientDescent(learningRate: 0, momentum: 0.9, weightDecay: 5e-4))
  }
}
