// Everything a run is set to, read strictly from YAML: what is not known, not of its type or not possible is an
// error that names the place. The modules' own options are its sections.

import DistributedTraining
import Files
import Foundation
import Yams

@_exported import enum Datasets.Augmentation
@_exported import struct Datasets.DatasetFacts
@_exported import struct Datasets.DatasetOptions
@_exported import enum Datasets.DatasetSource
@_exported import struct Datasets.ImageSize
@_exported import struct DepthSearch.Budget
@_exported import struct DepthSearch.SearchOptions
@_exported import struct DistributedTraining.CommunicationOptions
@_exported import struct DistributedTraining.ReliabilityOptions
@_exported import struct DistributedTraining.TrainingOptions
@_exported import struct DistributedTraining.WarmUpOptions
@_exported import struct NeuralNetwork.Architecture
@_exported import enum NeuralNetwork.ArchitectureError
@_exported import struct NeuralNetwork.ImageShape
@_exported import struct Telemetry.TelemetryOptions

/// The network whose prefixes are searched.
public struct NetworkOptions: Codable, Equatable, Sendable {
  /// The family.
  public var architecture: Architecture.Family
  /// Classes told apart; nil for the data set's.
  public var classes: Int?
  /// What the family's channels are multiplied by.
  public var width: Double
  /// The stride of the stem's convolution.
  public var stemStride: Int

  /// A family as published, with as many classes as the data set has, if nothing else is said.
  public init(architecture: Architecture.Family, classes: Int? = nil, width: Double = 1, stemStride: Int = 1) {
    self.architecture = architecture
    self.classes = classes
    self.width = width
    self.stemStride = stemStride
  }
}

/// The settings of a run.
public struct Configuration: Codable, Equatable, Sendable {
  /// The images.
  public var dataset: DatasetOptions
  /// The network.
  public var network: NetworkOptions
  /// The training of all levels before the search.
  public var warmUp: WarmUpOptions
  /// The search for the depth.
  public var search: SearchOptions
  /// How levels are trained.
  public var training: TrainingOptions
  /// How ranks exchange gradients.
  public var communication: CommunicationOptions
  /// How a run guards against being cut short.
  public var reliability: ReliabilityOptions
  /// What it writes for other programs to show.
  public var telemetry: TelemetryOptions

  /// A configuration made in code, taken as it is: ranges are checked only where text is read.
  public init(
    dataset: DatasetOptions, network: NetworkOptions, warmUp: WarmUpOptions = WarmUpOptions(), search: SearchOptions,
    training: TrainingOptions = TrainingOptions(), communication: CommunicationOptions = CommunicationOptions(),
    reliability: ReliabilityOptions = ReliabilityOptions(), telemetry: TelemetryOptions = TelemetryOptions()
  ) {
    self.dataset = dataset
    self.network = network
    self.warmUp = warmUp
    self.search = search
    self.training = training
    self.communication = communication
    self.reliability = reliability
    self.telemetry = telemetry
  }

  /// The largest file that is read, in bytes.
  public static let sizeLimit = 1_000_000

  /// Reads a YAML file.
  /// - Parameter settings: overrides, `key.path=value`; later ones win. They are checked like the file's own values.
  /// - Throws: `ConfigurationError` with all problems found.
  public init(contentsOf path: String, settings: [String] = []) throws(ConfigurationError) {
    try self.init(yaml: Self.text(of: path), name: path, settings: settings)
  }

  /// Reads YAML. What the text leaves to a published data set or the network (`classes`, `validation`, `augment`,
  /// `maximumDepth`) is filled in; what only the files of the user's own images can say is not.
  /// - Parameters:
  ///   - name: what errors call the text.
  ///   - settings: overrides, `key.path=value`; later ones win.
  /// - Throws: `ConfigurationError` with all problems found.
  public init(yaml: String, name: String, settings: [String] = []) throws(ConfigurationError) {
    var tree = try Tree(yaml: yaml, name: name)
    for setting in settings { try tree.apply(setting: setting) }
    var reading = Reading(origin: tree.origin, knownPaths: Self.keys.map(\.path))
    self = .unset
    Self.schema.read(tree, into: &self, &reading)
    if reading.problems.isEmpty { reading.problems = contradictions(in: tree) }
    guard reading.problems.isEmpty else { throw ConfigurationError(reading.problems) }
    fillIn()
  }

  /// The configuration as YAML, with every key; reading it gives an equal one.
  /// - Throws: `YamlError` if there is no memory for it.
  public func yaml() throws -> String {
    try Yams.serialize(node: Self.schema.write(self), width: -1, allowUnicode: true)
  }

  /// The same configuration, with paths that hold in any working directory.
  public var withAbsolutePaths: Configuration {
    var configuration = self
    for path in [\DatasetOptions.directory, \DatasetOptions.file, \DatasetOptions.cache] {
      configuration.dataset[keyPath: path] = dataset[keyPath: path].map(UserPath.absolute)
    }
    return configuration
  }

  /// The network of this configuration for these images, cut after `depth` blocks.
  public func architecture(depth: Int, for images: DatasetFacts) throws(ArchitectureError) -> Architecture {
    try Architecture(
      family: network.architecture, depth: depth, classes: network.classes ?? images.classes,
      input: ImageShape(height: images.height, width: images.width, channels: images.channels),
      width: network.width, stemStride: network.stemStride)
  }

  private mutating func fillIn() {
    if let images = dataset.name.descriptor {
      dataset.validation = dataset.validation ?? images.validationCount
      dataset.augment = dataset.augment ?? images.augmentation
      network.classes = network.classes ?? images.classes
    }
    if dataset.name == .images {
      dataset.size = dataset.size ?? DatasetOptions.defaultSize
      dataset.channels = dataset.channels ?? DatasetOptions.defaultChannels
    }
    search.maximumDepth = search.maximumDepth ?? network.architecture.maximumDepth
  }

  private static func text(of path: String) throws(ConfigurationError) -> String {
    let origin = ConfigurationOrigin.file(path, line: nil, column: nil)
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw .unreadable(origin, "no such file")
    }
    guard !isDirectory.boolValue else { throw .unreadable(origin, "expected a file, found a directory") }
    let data: Data
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      data = try file.read(upToCount: sizeLimit + 1) ?? Data()
    } catch {
      throw .unreadable(origin, "cannot be read, check its permissions")
    }
    guard data.count <= sizeLimit else {
      throw .unreadable(origin, "expected a configuration of at most \(sizeLimit) bytes, found more")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw .unreadable(origin, "expected UTF-8 text, found other bytes")
    }
    return text
  }
}
