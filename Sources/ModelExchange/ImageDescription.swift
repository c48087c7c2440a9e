// Which images a network was made for, as a model file's metadata says it: data set, classes, preparation of pixels.

import Datasets
import Foundation
import NeuralNetwork

/// What a network's maker tells about its images, each as far as it is known.
public struct ImageDescription: Equatable, Sendable {
  /// The data set that it learned from.
  public var dataset: String?
  /// The classes, in the order of the logits.
  public var classNames: [String]?
  /// How pixels become what the network reads.
  public var normalization: Normalization?

  /// What is known.
  public init(dataset: String? = nil, classNames: [String]? = nil, normalization: Normalization? = nil) {
    self.dataset = dataset
    self.classNames = classNames
    self.normalization = normalization
  }

  /// Reads the metadata of `file`, a network called `path`, which may hold anything under these keys.
  /// - Throws: `ModelFileError.mismatch` if it does not fit the network.
  public init(_ file: ModelFile, path: String) throws(ModelFileError) {
    let architecture = file.weights.architecture
    func mismatch(_ key: String, _ expected: String) -> ModelFileError {
      .mismatch(file: path, .metadata(key), expected: expected, found: quoted(file.metadata[key] ?? ""))
    }
    dataset = file.metadata[Self.datasetKey]
    if let text = file.metadata[Self.classNamesKey] {
      let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8))
      guard let names, names.count == architecture.classes else {
        throw mismatch(Self.classNamesKey, "the names of \(architecture.classes) classes as JSON")
      }
      classNames = names
    }
    if let text = file.metadata[Self.normalizationKey] {
      let numbers = try? JSONDecoder().decode(Normalization.self, from: Data(text.utf8))
      guard let numbers, numbers.fits(channels: architecture.input.channels) else {
        throw mismatch(
          Self.normalizationKey, "mean and standardDeviation of \(architecture.input.channels) channels as JSON")
      }
      normalization = numbers
    }
  }

  /// The entries of a model file's metadata that say this.
  /// - Throws: `EncodingError` for numbers that JSON does not have, such as infinity.
  public func metadata() throws -> [String: String] {
    var entries: [String: String] = [:]
    entries[Self.datasetKey] = dataset
    entries[Self.classNamesKey] = try classNames.map(Self.json)
    entries[Self.normalizationKey] = try normalization.map(Self.json)
    return entries
  }

  static let datasetKey = "dataset"
  static let classNamesKey = "class_names"
  static let normalizationKey = "normalization"

  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}

extension Normalization {
  /// Whether it can prepare images of so many channels, which one that was read from a file need not.
  fileprivate func fits(channels: Int) -> Bool {
    mean.count == channels && standardDeviation.count == channels && mean.allSatisfy(\.isFinite)
      && standardDeviation.allSatisfy { $0.isFinite && $0 > 0 }
  }
}
