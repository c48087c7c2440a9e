// What one network says about pictures.

import Datasets
import Foundation
import Images
import ModelExchange
import NeuralNetwork
import Prediction
import Testing

@Suite("A classifier of pictures")
struct ImageClassifierTests {
  @Test("gives the softmax of the network's logits for the normalized pixels")
  func probabilities() throws {
    let file = try Fixture.file(depth: 2)
    let pictures = Fixture.pictures(3)
    let network = InferenceNetwork(file.weights.architecture, batchCapacity: 3, kernels: Fixture.kernels)
    network.load(file.weights)
    let input = AlignedBuffer<Float>(count: 3 * Fixture.shape.count)
    for (index, pixel) in pictures.flatMap(\.pixels).enumerated() {
      input.view[index] = (Float(pixel) / 255 - 0.25) / 0.5
    }
    network.forward(input.view, images: 3)
    let logits = try #require(network.logits(level: 2)).array.map(Double.init)

    let answers = try ImageClassifier(file, path: "model", kernels: Fixture.kernels).classify(pictures)
    #expect(answers.count == 3)
    for (index, answer) in answers.enumerated() {
      let powers = (0..<3).map { exp(logits[3 * index + $0]) }
      for label in 0..<3 {
        // Single precision, through some ten layers.
        #expect(abs(answer[label] - powers[label] / powers.reduce(0, +)) < 1e-5)
      }
      #expect(abs(answer.reduce(0, +) - 1) < 1e-12)
    }
    #expect(answers[0] != answers[1])
  }

  @Test("takes more pictures than fit into a batch")
  func batches() throws {
    let file = try Fixture.file(depth: 1)
    let pictures = Fixture.pictures(5)
    let whole = try ImageClassifier(file, path: "model", batchCapacity: 5, kernels: Fixture.kernels)
    let parts = try ImageClassifier(file, path: "model", batchCapacity: 2, kernels: Fixture.kernels)
    for (one, other) in zip(whole.classify(pictures), parts.classify(pictures)) {
      // Sums may be split otherwise in another batch.
      #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-5 })
    }
    #expect(parts.classify(pictures).count == 5)
    #expect(parts.classify([]).isEmpty)
  }

  @Test("fits pictures of another size and colour")
  func fitted() throws {
    let classifier = try ImageClassifier(Fixture.file(depth: 1), path: "model", kernels: Fixture.kernels)
    let picture = Image(height: 20, width: 40, channels: 3, pixels: (0..<2_400).map { UInt8($0 % 251) })
    #expect(
      classifier.classify([picture])
        == classifier.classify([picture.fitted(height: 8, width: 6, channels: 1)]))
  }

  @Test("numbers the classes that nobody has named")
  func noNames() throws {
    let file = try Fixture.file(depth: 1, ImageDescription(normalization: Fixture.normalization))
    #expect(try ImageClassifier(file, path: "model", kernels: Fixture.kernels).classNames == ["0", "1", "2"])
  }

  @Test("refuses a network that does not say how pixels are normalized, or takes no pictures")
  func refusals() throws {
    #expect(throws: PredictionError.noNormalization(file: "model")) {
      try ImageClassifier(Fixture.file(depth: 1, ImageDescription()), path: "model", kernels: Fixture.kernels)
    }
    let pairs = ImageShape(height: 8, width: 8, channels: 2)
    #expect(throws: PredictionError.channels(file: "model", 2)) {
      let description = ImageDescription(normalization: .unitInterval(channels: 2))
      return try ImageClassifier(
        Fixture.file(depth: 1, input: pairs, description), path: "model", kernels: Fixture.kernels)
    }
  }

  @Test("Times have percentiles by the nearest rank")
  func percentiles() {
    let times = InferenceBenchmark.Times([4, 1, 3, 2])
    #expect(times.percentile(0.5) == 2)
    #expect(times.percentile(0.51) == 3)
    #expect(times.percentile(0) == 1)
    #expect(times.percentile(1) == 4)
  }

  @Test("A benchmark times as many passes as it is told")
  func benchmark() throws {
    let benchmark = InferenceBenchmark(try Fixture.file(depth: 1).weights, batch: 2, kernels: Fixture.kernels)
    let times = benchmark.measure(runs: 5)
    #expect(times.seconds.count == 5 && times.seconds.allSatisfy { $0 > 0 })
    #expect(times.seconds == times.seconds.sorted())
  }
}
