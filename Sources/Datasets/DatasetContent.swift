// What the files of a data set hold, read and checked but not divided yet.

/// All images of a data set.
struct DatasetContent {
  /// Images to learn from; those held out for validation are the last ones.
  let training: ImageDataset
  /// Images that test.
  let test: ImageDataset
  /// How many are held out unless a configuration says otherwise.
  let validationCount: Int
  /// Whether a configuration may not say otherwise, because they come as a part of their own.
  let hasValidationPart: Bool
  /// How pixels become floats; nil for what the training images say.
  let normalization: Normalization?
  /// How training images are varied unless a configuration says otherwise.
  let augmentation: Augmentation
}

extension DatasetDescriptor {
  /// Reads the files of a published data set.
  func content(
    directory: String?, progress: () -> Void
  ) throws(DatasetError) -> DatasetContent {
    let searched = search(directory: directory)
    guard let complete = searched.first(where: \.isComplete) else { throw .missing(name, searched: searched) }
    try complete.check(name)
    let training = try format.read(.training, from: complete, as: self)
    progress()
    let test = try format.read(.test, from: complete, as: self)
    progress()
    return DatasetContent(
      training: training, test: test, validationCount: validationCount, hasValidationPart: false,
      normalization: normalization, augmentation: augmentation)
  }
}
