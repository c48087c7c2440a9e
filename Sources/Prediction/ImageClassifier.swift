// A saved network that is asked about pictures: prepares them as its training did, and turns logits into probabilities.

import Datasets
import Foundation
import Images
import ModelExchange
import NeuralNetwork

/// Classifies pictures of any size with a saved network.
public final class ImageClassifier {
  /// Pictures that pass through a network at once, unless `init` is told another number.
  public static let batchCapacity = 64

  /// The network that is asked.
  public let saved: SavedNetwork
  /// What the network is.
  public var architecture: Architecture { saved.architecture }
  /// The classes, in the order of the probabilities: their names, or their numbers where the file names none.
  public var classNames: [String] { saved.classes.names }
  private let network: InferenceNetwork
  private let input: AlignedBuffer<Float>
  /// The float of each pixel value, channel by channel.
  private let values: [[Float]]

  /// Prepares the network in `file`.
  /// - Parameters:
  ///   - path: what errors call it.
  ///   - batchCapacity: pictures that pass through it at once.
  /// - Throws: `PredictionError`, or `ModelFileError` if its metadata is damaged.
  public init(_ file: ModelFile, path: String, batchCapacity: Int = ImageClassifier.batchCapacity, kernels: any Kernels)
    throws
  {
    let architecture = file.weights.architecture
    let channels = architecture.input.channels
    guard channels == 1 || channels == 3 else { throw PredictionError.channels(file: path, channels) }
    saved = try SavedNetwork(file, path: path)
    let normalization = saved.normalization
    values = (0..<channels).map { channel in (0...255).map { normalization.value($0, channel: channel) } }
    network = InferenceNetwork(
      architecture, heads: file.weights.heads, batchCapacity: batchCapacity, kernels: kernels)
    network.load(file.weights)
    input = AlignedBuffer(count: batchCapacity * architecture.input.count)
  }

  /// The probability of each class, for each picture. Pictures of other sizes or colours are fitted.
  public func classify(_ images: [Image]) -> [[Double]] {
    var answers: [[Double]] = []
    answers.reserveCapacity(images.count)
    for start in stride(from: 0, to: images.count, by: network.batchCapacity) {
      let batch = images[start..<min(start + network.batchCapacity, images.count)]
      for (place, image) in batch.enumerated() { write(image, at: place) }
      network.forward(input.view, images: batch.count)
      guard let logits = network.logits(level: architecture.depth) else { continue }
      for place in 0..<batch.count {
        answers.append(Self.softmax(logits[place * architecture.classes..<(place + 1) * architecture.classes]))
      }
    }
    return answers
  }

  private func write(_ image: Image, at place: Int) {
    let shape = architecture.input
    let pixels = image.fitted(height: shape.height, width: shape.width, channels: shape.channels).pixels
    let target = input.view[place * shape.count..<(place + 1) * shape.count]
    for (index, pixel) in pixels.enumerated() { target[index] = values[index % shape.channels][Int(pixel)] }
  }

  /// exp(logit) as shares of their sum.
  private static func softmax(_ logits: FloatView) -> [Double] {
    let values = logits.array.map(Double.init)
    let largest = values.max() ?? 0
    let powers = values.map { exp($0 - largest) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
