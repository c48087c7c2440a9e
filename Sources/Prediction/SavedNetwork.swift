// A saved network with what it knows of its images: whoever asks it about some needs all of that, and nothing else.

import Datasets
import ModelExchange
import NeuralNetwork

/// A saved network, its classes, and how pixels become what it reads, all of them its own.
public struct SavedNetwork: Sendable {
  /// Where it is, as errors call it.
  public let path: String
  /// The network.
  public let weights: NetworkWeights
  /// Its classes: their names, or their numbers where the file names none.
  public let classes: ClassList
  /// Whether the file names its classes.
  public let namesClasses: Bool
  /// How pixels become what it reads.
  public let normalization: Normalization
  /// The data set that it learned from, if the file names one.
  public let dataset: String?
  /// How IDX files that it is asked about hold images, unless they are published ones of another data set: as those of its
  /// own data set do, or upright.
  public let idxLayout: IDXLayout

  /// What the network is.
  public var architecture: Architecture { weights.architecture }

  /// The network in `file`, which was read from `path`.
  /// - Throws: `PredictionError.noNormalization`, or `ModelFileError` if its metadata is damaged.
  public init(_ file: ModelFile, path: String) throws {
    let description = try ImageDescription(file, path: path)
    guard let normalization = description.normalization else { throw PredictionError.noNormalization(file: path) }
    self.path = path
    self.normalization = normalization
    weights = file.weights
    classes = ClassList(description.classNames ?? (0..<file.weights.architecture.classes).map(String.init))
    namesClasses = description.classNames != nil
    dataset = description.dataset
    idxLayout = description.idxLayout ?? .upright
  }
}
