// The steps whose allocations are counted.

import CAllocations
import NeuralNetwork

/// A network, and how it is run.
struct AllocationCase {
  let family: Architecture.Family
  let depth: Int
  var heads = HeadSelection.deepest
  let input: ImageShape
  var width = 1.0
  var stemStride = 1
  let threads: Int

  private static let images = 6

  static let all = [1, 2].flatMap { threads in
    let (square, odd) = (ImageShape(height: 16, width: 16, channels: 3), ImageShape(height: 9, width: 7, channels: 1))
    return [
      AllocationCase(family: .resnet18, depth: 3, input: square, threads: threads),
      AllocationCase(family: .resnet18, depth: 3, heads: .all, input: odd, threads: threads),
      AllocationCase(family: .resnet34, depth: 5, input: square, threads: threads),
      AllocationCase(family: .resnet50, depth: 4, input: square, threads: threads),
      AllocationCase(family: .resnet18, depth: 3, input: square, width: 0.5, stemStride: 2, threads: threads),
    ]
  }

  var name: String {
    "\(family) depth \(depth) at \(input), width \(width), stem stride \(stemStride), classifiers \(heads), "
      + "\(threads) threads"
  }

  private func architecture() throws -> Architecture {
    try Architecture(
      family: family, depth: depth, classes: 10, input: input, width: width, stemStride: stemStride)
  }

  /// Allocations in a training step after two others, with the updates of both optimizers.
  func trainingStep() throws -> Int {
    let architecture = try architecture()
    let network = DepthNetwork(
      architecture, heads: heads, batchCapacity: Self.images, kernels: KernelFamily.fast.kernels(threads: threads))
    network.weights = .initial(architecture, heads: heads, seed: 1)
    let optimizer = StochasticGradientDescent(learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4)
    let adaptive = LayerwiseAdaptiveRates(
      learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4, trustCoefficient: 0.001)
    return try countInThirdCall { images, labels in
      try network.forward(images, images: Self.images)
      _ = network.crossEntropy(images: Self.images, labels: labels, globalImages: Self.images)
      try network.backward(images, images: Self.images)
      network.update(optimizer)
      network.update(adaptive)
    }
  }

  /// Allocations in an evaluation after two others.
  func evaluation() throws -> Int {
    let architecture = try architecture()
    let network = InferenceNetwork(
      architecture, heads: heads, batchCapacity: Self.images, kernels: KernelFamily.fast.kernels(threads: threads))
    network.load(.initial(architecture, heads: heads, seed: 1))
    return try countInThirdCall { images, labels in
      network.forward(images, images: Self.images)
      _ = network.crossEntropy(images: Self.images, labels: labels)
    }
  }

  private func countInThirdCall(_ body: (FloatView, BufferView<Int32>) throws -> Void) throws -> Int {
    let images = AlignedBuffer<Float>(count: Self.images * input.count)
    let labels = AlignedBuffer<Int32>(count: Self.images)
    for i in 0..<images.count { images.view[i] = Float(i % 17) / 8 - 1 }
    return try withExtendedLifetime((images, labels)) {
      for _ in 0..<2 { try body(images.view, labels.view) }
      allocations_start()
      try body(images.view, labels.view)
      return allocations_stop()
    }
  }
}
