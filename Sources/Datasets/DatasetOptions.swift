// What a configuration may say about its data set.

/// A data set, and how much of it to use.
public struct DatasetOptions: Codable, Equatable, Sendable {
  /// Which one.
  public var name: DatasetName
  /// The only directory to look in; nil for the data set's own (`DatasetDescriptor.directories`).
  public var directory: String?
  /// Images held out for validation, taken from the end of the training files; nil for the experiment's own number.
  public var validation: Int?
  /// Uses only the first so many of the images that are left for training after the split; nil for all.
  public var trainLimit: Int?
  /// Uses only the first so many test images; nil for all.
  public var testLimit: Int?
  /// How training images are varied; nil for the data set's own way.
  public var augment: Augmentation?

  /// The keys in a configuration.
  public enum CodingKeys: String, CodingKey, CaseIterable {
    case name, directory, validation, trainLimit, testLimit, augment
  }

  /// Options; whatever is left out is decided by the data set.
  public init(
    name: DatasetName, directory: String? = nil, validation: Int? = nil, trainLimit: Int? = nil,
    testLimit: Int? = nil, augment: Augmentation? = nil
  ) {
    self.name = name
    self.directory = directory
    self.validation = validation
    self.trainLimit = trainLimit
    self.testLimit = testLimit
    self.augment = augment
  }
}
