// The network that is only evaluated, against the definitions of its layers.

import Foundation
import NeuralNetwork
import Testing

@Suite("The network that is evaluated")
struct InferenceNetworkTests {
  /// A network for evaluation, by its description.
  struct Case: Sendable, CustomTestStringConvertible {
    let family: Architecture.Family
    let depth: Int
    let heads: HeadSelection
    let input: ImageShape
    let width: Double
    let stemStride: Int

    init(
      _ family: Architecture.Family, _ depth: Int, _ heads: HeadSelection, _ input: ImageShape, width: Double = 1,
      stemStride: Int = 1
    ) {
      self.family = family
      self.depth = depth
      self.heads = heads
      self.input = input
      self.width = width
      self.stemStride = stemStride
    }

    var testDescription: String {
      "\(family) depth \(depth), \(heads), \(input), width \(width), stem stride \(stemStride)"
    }

    /// Initial weights, but batch norms that do something.
    func weights() throws -> NetworkWeights {
      let architecture = try Architecture(
        family: family, depth: depth, classes: 5, input: input, width: width, stemStride: stemStride)
      var weights = NetworkWeights.initial(architecture, heads: heads, seed: 1)
      var random = RandomStream(seed: 2, purpose: .test)
      for slice in weights.layout.parameters where [.normalizationWeight, .normalizationBias].contains(slice.role) {
        for i in slice.range { weights.parameters[i] += random.uniform() - 0.5 }
      }
      for i in weights.layout.statistics.flatMap(\.range) { weights.statistics[i] += random.uniform() - 0.5 }
      return weights
    }
  }

  /// With and without projections, of basic blocks and of bottlenecks.
  static let cases = [
    Case(.resnet18, 2, .deepest, size(9, 7, 2)), Case(.resnet18, 4, .all, size(5, 6, 3)),
    Case(.resnet18, 8, .all, size(1, 1, 3)), Case(.resnet34, 5, .deepest, size(8, 8, 3)),
    Case(.resnet50, 1, .deepest, size(6, 6, 1)), Case(.resnet50, 4, .all, size(7, 5, 3)),
    Case(.resnet50, 5, .deepest, size(1, 1, 1)), Case(.resnet18, 4, .all, size(9, 7, 3), width: 0.5, stemStride: 2),
    Case(.resnet50, 4, .deepest, size(8, 8, 1), width: 0.75, stemStride: 2),
    Case(.resnet18, 8, .deepest, size(12, 11, 1), width: 0.25),
  ]

  private static func size(_ height: Int, _ width: Int, _ channels: Int) -> ImageShape {
    ImageShape(height: height, width: width, channels: channels)
  }

  private func network(_ weights: NetworkWeights, _ kernels: any Kernels) -> InferenceNetwork {
    let network = InferenceNetwork(weights.architecture, heads: weights.heads, batchCapacity: 3, kernels: kernels)
    network.load(weights)
    return network
  }

  @Test("answers are those of the layers' definitions", arguments: cases, KernelFamily.allCases)
  func definitions(testCase: Case, family: KernelFamily) throws {
    let weights = try testCase.weights()
    let network = network(weights, family.kernels())
    let batch = Batch(weights.architecture, images: 3)
    network.forward(batch.input, images: 3)
    defer { withExtendedLifetime((network, batch)) {} }
    let (plain, count, classes) = (PlainEvaluation(weights: weights), testCase.input.count, 5)
    #expect(network.levels == (testCase.heads == .all ? testCase.depth : 1))
    for image in 0..<3 {
      let expected = plain.logits(batch.input[image * count..<(image + 1) * count].array)
      #expect(expected.count == network.levels)
      for level in 1...testCase.depth {
        let logits = network.logits(level: level)
        guard let theirs = expected[level] else {
          #expect(logits == nil)
          continue
        }
        let ours = try #require(logits)[image * classes..<(image + 1) * classes].array
        let norm = theirs.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let error = zip(ours, theirs).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }.squareRoot()
        // Rounding of 32-bit sums through at most two dozen layers.
        #expect(error <= 1e-5 * norm, "level \(level), image \(image): \(error / norm)")
      }
    }
  }

  @Test("each image is answered alone, whatever else is in the batch")
  func singleImages() throws {
    let weights = try Case(.resnet18, 3, .deepest, Self.size(9, 7, 2)).weights()
    let network = network(weights, KernelFamily.fast.kernels())
    let batch = Batch(weights.architecture, images: 3)
    let count = weights.architecture.input.count
    try withExtendedLifetime((network, batch)) {
      network.forward(batch.input, images: 3)
      let together = try #require(network.logits(level: 3)).array
      network.forward(batch.input[2 * count..<3 * count], images: 1)
      let alone = try #require(network.logits(level: 3)).prefix(5).array
      // A tile's place in a chunk decides how the products are rounded.
      for (a, b) in zip(alone, together[10..<15]) { #expect(abs(a - b) <= 1e-5 * max(1, abs(b))) }
    }
  }

  @Test("three threads give the bits of one")
  func threads() throws {
    let weights = try Case(.resnet50, 4, .all, Self.size(14, 13, 3)).weights()
    let batch = Batch(weights.architecture, images: 3)
    defer { withExtendedLifetime(batch) {} }
    let answers = try [1, 3].map { threads in
      let network = network(weights, KernelFamily.fast.kernels(threads: threads))
      network.forward(batch.input, images: 3)
      defer { withExtendedLifetime(network) {} }
      return try (1...4).flatMap { try #require(network.logits(level: $0)).array.map(\.bitPattern) }
    }
    #expect(answers[0] == answers[1])
  }

  @Test("the loss is the sum over images and classifiers, and answers are counted")
  func crossEntropy() throws {
    let weights = try Case(.resnet18, 2, .all, Self.size(6, 6, 1)).weights()
    let network = network(weights, KernelFamily.fast.kernels())
    let batch = Batch(weights.architecture, images: 3)
    network.forward(batch.input, images: 3)
    let found = network.crossEntropy(images: 3, labels: batch.labels)
    var (loss, correct) = (0.0, 0)
    for image in 0..<3 {
      let count = weights.architecture.input.count
      let pixels = batch.input[image * count..<(image + 1) * count].array
      for logits in PlainEvaluation(weights: weights).logits(pixels).values {
        let label = Int(batch.labels[image])
        let largest = try #require(logits.max())
        loss += log(logits.reduce(0) { $0 + exp($1 - largest) }) + largest - logits[label]
        if logits[label] == largest { correct += 1 }
      }
    }
    #expect(abs(found.loss - loss) <= 1e-5 * loss)
    #expect(found.correct == correct)
  }
}
