// Loads a data set and divides it into training, validation and test images.

/// The three parts of a data set, and how their images are prepared.
public struct DatasetSplits: Sendable {
  /// Images to learn from.
  public let train: DatasetSplit
  /// Images that decide about depth and learning rate; the end of the training files.
  public let validation: DatasetSplit
  /// Images that decide about nothing.
  public let test: DatasetSplit
  /// How the pixels of all three become floats.
  public let normalization: Normalization
  /// How training images are varied.
  public let augmentation: Augmentation

  /// Parts already in memory, which must agree in image shape and classes.
  public init(
    train: DatasetSplit, validation: DatasetSplit, test: DatasetSplit, normalization: Normalization,
    augmentation: Augmentation = .none
  ) {
    let shapes = [train, validation, test].map(\.dataset).map { [$0.height, $0.width, $0.channels, $0.classes] }
    precondition(shapes[0] == shapes[1] && shapes[0] == shapes[2], "all parts have one image shape")
    precondition(normalization.channels == train.dataset.channels, "every channel is normalised")
    self.train = train
    self.validation = validation
    self.test = test
    self.normalization = normalization
    self.augmentation = augmentation
  }

  /// Reads the files of a data set, checks all of them, and divides the images.
  ///
  /// The last `validation` images of the training files are held out; of those before them the first `trainLimit` are
  /// for training. So a limit changes neither validation nor test images.
  ///
  /// - Parameter progress: called after each part that is read.
  /// - Throws: `DatasetError` if a file is missing, unreadable or wrong, or has fewer images than are asked for.
  public init(_ options: DatasetOptions, progress: () -> Void = {}) throws(DatasetError) {
    let descriptor = options.name.descriptor
    let searched = descriptor.search(directory: options.directory)
    guard let directory = searched.first(where: \.isComplete) else {
      throw .missing(options.name, searched: searched)
    }
    let training = try descriptor.format.read(.training, from: directory, as: descriptor)
    progress()
    let test = try descriptor.format.read(.test, from: directory, as: descriptor)
    progress()
    try self.init(options, training: training, test: test)
  }

  /// Divides the images of a data set that has been read: what its training files hold, and what its test files hold.
  ///
  /// - Throws: `DatasetError.option` if there are fewer images than are asked for.
  public init(_ options: DatasetOptions, training: ImageDataset, test: ImageDataset) throws(DatasetError) {
    let descriptor = options.name.descriptor
    let heldOut = options.validation ?? descriptor.validationCount
    try Self.check(
      "validation", heldOut, 0...training.count - 1,
      "images held out of the \(training.count) in the training files; at least one must be left")
    let left = training.count - heldOut
    let trainLimit = options.trainLimit ?? left
    try Self.check("trainLimit", trainLimit, 1...left, "images left for training after \(heldOut) for validation")
    let testLimit = options.testLimit ?? test.count
    try Self.check("testLimit", testLimit, 1...test.count, "images in the test files")

    self.init(
      train: DatasetSplit(training, range: 0..<trainLimit),
      validation: DatasetSplit(training, range: left..<training.count),
      test: DatasetSplit(test, range: 0..<testLimit),
      normalization: descriptor.normalization, augmentation: options.augment ?? descriptor.augmentation)
  }

  private static func check(
    _ key: String, _ value: Int, _ allowed: ClosedRange<Int>, _ reason: String
  ) throws(DatasetError) {
    guard allowed.contains(value) else { throw .option(key: key, value: value, allowed: allowed, reason: reason) }
  }
}
