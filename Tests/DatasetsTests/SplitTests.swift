// How a data set is divided, and what is refused.

import Datasets
import Foundation
import Testing

@Suite("Splits")
struct SplitTests {
  private let digits = DatasetName.mnist.descriptor

  @Test("validation images are the last ones; limits take the first of what is left")
  func limits() throws {
    var options = Fixture.options(.mnist, validation: 4)
    options.trainLimit = 5
    options.testLimit = 2
    let splits = try DatasetSplits(options)
    Fixture.expect(splits.train, count: 5, first: 0, digits)
    Fixture.expect(splits.validation, count: 4, first: 8, digits)
    Fixture.expect(splits.test, count: 2, first: 100, digits)
  }

  @Test("numbers that the files do not have are refused with the range that they have")
  func refused() throws {
    func error(_ change: (inout DatasetOptions) -> Void) -> String? {
      var options = Fixture.options(.mnist, validation: 4)
      change(&options)
      do {
        _ = try DatasetSplits(options)
        return nil
      } catch {
        return error.description
      }
    }
    #expect(error { $0.validation = nil }?.hasPrefix("dataset.validation: expected 0 to 11, found 10000") == true)
    #expect(error { $0.validation = -1 }?.hasPrefix("dataset.validation: expected 0 to 11, found -1") == true)
    #expect(error { $0.validation = 12 }?.hasPrefix("dataset.validation: expected 0 to 11, found 12") == true)
    #expect(error { $0.trainLimit = 9 }?.hasPrefix("dataset.trainLimit: expected 1 to 8, found 9") == true)
    #expect(error { $0.trainLimit = 0 }?.hasPrefix("dataset.trainLimit: expected 1 to 8, found 0") == true)
    #expect(error { $0.testLimit = 6 }?.hasPrefix("dataset.testLimit: expected 1 to 5, found 6") == true)
  }

  @Test("preparation is the data set's own unless the options say otherwise")
  func preparation() throws {
    var options = Fixture.options(.cifar10)
    #expect(try DatasetSplits(options).augmentation == .cropAndFlip)
    #expect(try DatasetSplits(options).normalization == .unitInterval(channels: 3))
    options.augment = Augmentation.none
    #expect(try DatasetSplits(options).augmentation == .none)
    #expect(try DatasetSplits(Fixture.options(.mnist)).augmentation == .none)
  }

  @Test("options survive being written and read")
  func codable() throws {
    let options = DatasetOptions(name: .emnistLetters, directory: "d", validation: 3, trainLimit: 4, augment: .crop)
    let data = try JSONEncoder().encode(options)
    #expect(try JSONDecoder().decode(DatasetOptions.self, from: data) == options)
    let short = try JSONDecoder().decode(DatasetOptions.self, from: Data(#"{"name": "svhn"}"#.utf8))
    #expect(short == DatasetOptions(name: .svhn))
  }

  static let fashion = DatasetName.fashionMNIST.descriptor.search()

  @Test(
    "Fashion-MNIST has the published sizes and a tenth of its images in each class",
    .enabled(
      if: fashion.contains(where: \.isComplete),
      "Fashion-MNIST is not installed: apt-get install dataset-fashion-mnist"))
  func fashionMNIST() throws {
    let splits = try DatasetSplits(DatasetOptions(name: .fashionMNIST))
    #expect([splits.train, splits.validation, splits.test].map(\.count) == [50_000, 10_000, 10_000])
    for (split, size) in [(splits.train.dataset, 6_000), (splits.test.dataset, 1_000)] {
      let counts = split.labels.reduce(into: [Int](repeating: 0, count: 10)) { $0[Int($1)] += 1 }
      #expect(counts == [Int](repeating: size, count: 10))
    }
    // The mean that the normalization subtracts is the training files' own, to its four digits.
    let pixels = splits.train.dataset.pixels
    let mean = Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count) / 255
    #expect(abs(mean - 0.2860) < 0.00005)
  }
}
