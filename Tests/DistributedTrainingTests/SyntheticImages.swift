// Small images that a network can learn to tell apart, made in memory: stripes and checks under noise.

import Datasets
import Foundation
import NeuralNetwork

enum SyntheticImages {
  static let shape = ImageShape(height: 8, width: 8, channels: 1)
  static let classNames = ["rows", "columns", "checks"]

  static func architecture(depth: Int) throws -> Architecture {
    try Architecture(family: .resnet18, depth: depth, classes: classNames.count, input: shape)
  }

  /// The images `numbers`; the same number is the same image on every rank. `label` decides what is claimed of it.
  static func dataset(_ numbers: [Int], label: (_ place: Int, _ number: Int) -> Int = { $1 % 3 }) -> ImageDataset {
    ImageDataset(
      height: shape.height, width: shape.width, channels: shape.channels, classNames: classNames,
      pixels: Data(numbers.flatMap(pixels)), labels: numbers.enumerated().map { UInt8(label($0.offset, $0.element)) })
  }

  /// Three parts that share no image.
  static func splits(
    train: Int, validation: Int = 21, test: Int = 20, augmentation: Augmentation = .none
  ) -> DatasetSplits {
    DatasetSplits(
      train: DatasetSplit(dataset(Array(0..<train))),
      validation: DatasetSplit(dataset(Array(10_000..<10_000 + validation))),
      test: DatasetSplit(dataset(Array(20_000..<20_000 + test))),
      normalization: Normalization(mean: [0.5], standardDeviation: [0.25]), augmentation: augmentation)
  }

  /// Parts on which no network is right about all validation images: two are the same image with different labels.
  static func contradictorySplits(train: Int) -> DatasetSplits {
    let honest = splits(train: train)
    let validation = dataset([10_000] + Array(10_000..<10_020)) { place, number in (number + (place == 0 ? 1 : 0)) % 3 }
    return DatasetSplits(
      train: honest.train, validation: DatasetSplit(validation), test: honest.test,
      normalization: honest.normalization)
  }

  private static func pixels(of number: Int) -> [UInt8] {
    var random = RandomStream(seed: 5, purpose: .test, index: number)
    var pixels: [UInt8] = []
    for row in 0..<shape.height {
      for column in 0..<shape.width {
        let isLight = [row, column, row + column][number % 3].isMultiple(of: 2)
        pixels.append(UInt8((isLight ? 90 : 40) + random.integer(below: 140)))
      }
    }
    return pixels
  }
}
