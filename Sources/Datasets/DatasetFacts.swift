// What has to be known of a data set before there can be a network for it.

/// The form and the number of a data set's images.
public struct DatasetFacts: Equatable, Sendable {
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Colour channels of an image.
  public let channels: Int
  /// The classes, in the order of their labels.
  public let classNames: [String]
  /// Images to learn from, those held out for validation included.
  public let trainingCount: Int
  /// Images that test.
  public let testCount: Int
  /// Images held out for validation unless a configuration says otherwise.
  public let validationCount: Int

  /// Number of classes.
  public var classes: Int { classNames.count }
}

extension DatasetOptions {
  /// The facts about this data set: published ones as they are known, those of the user's own images as their files say
  /// them, of which as few as possible are read.
  /// - Throws: `DatasetError` if the user's own images cannot be read.
  public func facts() throws(DatasetError) -> DatasetFacts {
    guard let known = name.descriptor else { return try ownImages().facts(self) }
    return DatasetFacts(
      height: known.height, width: known.width, channels: known.channels, classNames: known.classNames,
      trainingCount: known.trainingCount, testCount: known.testCount, validationCount: known.validationCount)
  }
}

extension DatasetSplits {
  /// The facts about the data set that these are parts of.
  public var facts: DatasetFacts {
    let images = train.dataset
    return DatasetFacts(
      height: images.height, width: images.width, channels: images.channels, classNames: images.classNames,
      trainingCount: images.count, testCount: test.dataset.count, validationCount: validation.count)
  }
}
