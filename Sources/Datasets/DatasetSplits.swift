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
  /// for training. So a limit changes neither validation nor test images. The user's own images are put into a random
  /// order before, in which every stretch has each class in its share of the whole.
  ///
  /// - Parameters:
  ///   - progress: called now and then while files are read.
  ///   - warn: told what is left out, and what goes wrong without consequences for the images.
  /// - Throws: `DatasetError` if a file is missing, unreadable or wrong, or has fewer images than are asked for.
  public init(
    _ options: DatasetOptions, progress: () -> Void = {}, warn: (String) -> Void = { _ in }
  ) throws(DatasetError) {
    let content =
      if let published = options.name.descriptor {
        try published.content(directory: options.directory, progress: progress)
      } else {
        try options.ownImages().content(options, progress: progress, warn: warn)
      }
    try self.init(options, content)
  }

  init(_ options: DatasetOptions, _ content: DatasetContent) throws(DatasetError) {
    let (training, test) = (content.training, content.test)
    let heldOut = options.validation ?? content.validationCount
    if content.hasValidationPart {
      try Self.check(
        "validation", heldOut, content.validationCount...content.validationCount,
        "the images come with a part for validation, which is used whole; leave the key out")
    }
    try Self.check(
      "validation", heldOut, 0...training.count - 1,
      "images held out of the \(training.count) in the training files; at least one must be left")
    let left = training.count - heldOut
    let trainLimit = options.trainLimit ?? left
    try Self.check("trainLimit", trainLimit, 1...left, "images left for training after \(heldOut) for validation")
    let testLimit = options.testLimit ?? test.count
    try Self.check("testLimit", testLimit, 1...test.count, "images in the test files")

    let train = DatasetSplit(training, range: 0..<trainLimit)
    self.init(
      train: train, validation: DatasetSplit(training, range: left..<training.count),
      test: DatasetSplit(test, range: 0..<testLimit),
      normalization: content.normalization ?? Normalization(of: train),
      augmentation: options.augment ?? content.augmentation)
  }

  private static func check(
    _ key: String, _ value: Int, _ allowed: ClosedRange<Int>, _ reason: String
  ) throws(DatasetError) {
    guard allowed.contains(value) else { throw .option(key: key, value: value, allowed: allowed, reason: reason) }
  }
}
