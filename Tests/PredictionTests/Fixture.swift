// Small networks with random weights, and pictures for them.

import Datasets
import Foundation
import Images
import ModelExchange
import NeuralNetwork

enum Fixture {
  static let shape = ImageShape(height: 8, width: 6, channels: 1)
  static let normalization = Normalization(mean: [0.25], standardDeviation: [0.5])
  static let kernels = KernelFamily.fast.kernels(threads: 1)

  /// A saved network with three classes.
  static func file(
    _ family: Architecture.Family = .resnet18, depth: Int, input: ImageShape = shape,
    _ description: ImageDescription = ImageDescription(classNames: ["a", "b", "c"], normalization: normalization)
  ) throws -> ModelFile {
    let network = try Architecture(family: family, depth: depth, classes: 3, input: input)
    return ModelFile(
      weights: NetworkWeights.initial(network, heads: .deepest, seed: UInt64(depth)),
      metadata: try description.metadata())
  }

  /// Pictures in the size of the networks' images, all different.
  static func pictures(_ count: Int) -> [Image] {
    (0..<count).map { index in
      let pixels = (0..<shape.count).map { UInt8(truncatingIfNeeded: $0 * (3 + index) * 5 + 40 * index) }
      return Image(height: shape.height, width: shape.width, channels: 1, pixels: pixels)
    }
  }
}

/// A directory that is removed when nothing refers to it any more.
final class TemporaryDirectory {
  let path = FileManager.default.temporaryDirectory.appendingPathComponent("odn-\(UUID().uuidString)").path

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
