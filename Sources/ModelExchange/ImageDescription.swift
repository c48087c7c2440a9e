// Which images a network was made for, as a model file's metadata says it: data set, classes, and everything that makes
// its input of a file's pixels, so that whoever uses the network need not know its training.

import Datasets
import Foundation
import NeuralNetwork

/// How a picture of any size becomes an image of the network's size (`odn.input`).
public enum PictureFit: String, CaseIterable, Sendable {
  /// The largest window in the middle that has the image's proportions, resized by a triangle filter that is as wide as
  /// two pixels of the coarser grid; grey is 0.299 R + 0.587 G + 0.114 B. As `Image.fitted` does it.
  case centerCrop = "center-crop"
}

/// What a network's maker tells about its images, each as far as it is known.
///
/// In the metadata: `dataset`, `class_names` (a list, JSON), `normalization` (`mean` and `standardDeviation` of each
/// channel on the scale of 0…1, JSON), `picture_fit` (`center-crop`), and of networks that learned from IDX files
/// `idx_layout`, how these hold images and labels (`transposed` and `firstLabel`, JSON). The network itself reads upright
/// images, always.
public struct ImageDescription: Equatable, Sendable {
  /// The data set that it learned from.
  public var dataset: String?
  /// The classes, in the order of the logits.
  public var classNames: [String]?
  /// How pixels become what the network reads.
  public var normalization: Normalization?
  /// How the IDX files of its data set hold images; nil if it has none.
  public var idxLayout: IDXLayout?
  /// How pictures of other sizes are made to fit.
  public var fit: PictureFit?

  /// What is known.
  public init(
    dataset: String? = nil, classNames: [String]? = nil, normalization: Normalization? = nil,
    idxLayout: IDXLayout? = nil, fit: PictureFit? = nil
  ) {
    self.dataset = dataset
    self.classNames = classNames
    self.normalization = normalization
    self.idxLayout = idxLayout
    self.fit = fit
  }

  /// Reads the metadata of `file`, a network called `path`, which may hold anything under these keys.
  /// - Throws: `ModelFileError.mismatch` if it does not fit the network.
  public init(_ file: ModelFile, path: String) throws(ModelFileError) {
    try self.init(file.metadata, of: file.weights.architecture, path: path)
  }

  /// Reads the metadata of a file with a network of `architecture`.
  ///
  /// Files that were written before there was `idx_layout` name their data set, whose files are as the catalogue says.
  init(_ metadata: [String: String], of architecture: Architecture, path: String) throws(ModelFileError) {
    func mismatch(_ key: String, _ expected: String) -> ModelFileError {
      .mismatch(file: path, .metadata(key), expected: expected, found: quoted(metadata[key] ?? ""))
    }
    dataset = metadata[Self.datasetKey]
    if let text = metadata[Self.classNamesKey] {
      let names = try? JSONDecoder().decode([String].self, from: Data(text.utf8))
      guard let names, names.count == architecture.classes else {
        throw mismatch(Self.classNamesKey, "the names of \(architecture.classes) classes as JSON")
      }
      classNames = names
    }
    if let text = metadata[Self.normalizationKey] {
      let numbers = try? JSONDecoder().decode(Normalization.self, from: Data(text.utf8))
      guard let numbers, numbers.fits(channels: architecture.input.channels) else {
        throw mismatch(
          Self.normalizationKey, "mean and standardDeviation of \(architecture.input.channels) channels as JSON")
      }
      normalization = numbers
    }
    if let text = metadata[Self.idxLayoutKey] {
      let layout = try? JSONDecoder().decode(IDXLayout.self, from: Data(text.utf8))
      guard let layout, (0...255).contains(layout.firstLabel) else {
        throw mismatch(Self.idxLayoutKey, "transposed (true or false) and firstLabel (0 to 255) as JSON")
      }
      idxLayout = layout
    } else {
      idxLayout = dataset.flatMap(DatasetName.init)?.descriptor.idxLayout
    }
    if let text = metadata[Self.fitKey] {
      guard let known = PictureFit(rawValue: text) else {
        throw mismatch(Self.fitKey, PictureFit.allCases.map(\.rawValue).joined(separator: " or "))
      }
      fit = known
    }
  }

  /// The entries of a model file's metadata that say this.
  /// - Throws: `EncodingError` for numbers that JSON does not have, such as infinity.
  public func metadata() throws -> [String: String] {
    var entries: [String: String] = [:]
    entries[Self.datasetKey] = dataset
    entries[Self.classNamesKey] = try classNames.map(Self.json)
    entries[Self.normalizationKey] = try normalization.map(Self.json)
    entries[Self.idxLayoutKey] = try idxLayout.map(Self.json)
    entries[Self.fitKey] = fit?.rawValue
    return entries
  }

  static let datasetKey = "dataset"
  static let classNamesKey = "class_names"
  static let normalizationKey = "normalization"
  static let idxLayoutKey = "idx_layout"
  static let fitKey = "picture_fit"

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
