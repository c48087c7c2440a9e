// The classes that a network tells apart, and which of them a data set means by a name or a number.

/// Classes in the order of their labels. Those of other data are found by their names, whatever order these have there.
public struct ClassList: Equatable, Sendable {
  /// Their names.
  public let names: [String]
  /// The labels by the numbers that are their classes' names; nil if not all are named by different numbers.
  private let labelOfNumber: [Int: Int]?

  /// Classes with these names.
  public init(_ names: [String]) {
    self.names = names
    let numbers = names.enumerated().compactMap { label, name in Int(name).map { ($0, label) } }
    let found = Dictionary(numbers) { first, _ in first }
    labelOfNumber = found.count == names.count ? found : nil
  }

  /// Checks that a byte can be the label of each class, for images that `place` names.
  /// - Throws: `DatasetError`.
  func checkCount(_ place: String) throws(DatasetError) {
    guard names.count <= OwnDataProblem.allowedClasses.upperBound else {
      throw .ownData(.classes(place: place, found: names.count))
    }
  }

  /// The label of the class called `name`: the same bytes or, if none has these, the same characters; nil without one.
  public func label(of name: String) -> Int? {
    names.firstIndex { $0.utf8.elementsEqual(name.utf8) } ?? names.firstIndex(of: name)
  }

  /// The label of the class that others count as `number`: the one with this name, where classes are named by numbers, or
  /// else the one at this place; nil without one.
  public func label(ofNumber number: Int) -> Int? {
    if let labelOfNumber { return labelOfNumber[number] }
    return names.indices.contains(number) ? number : nil
  }
}

extension ImageDataset {
  /// What the names of classes of images are.
  public enum ClassNaming: Sendable {
    /// Names that somebody gave them.
    case names
    /// Only numbers, as in arrays.
    case numbers
  }

  /// The same images with the labels and classes of `classes`, among which each is found by its name or number. Classes
  /// that have no images need not be among them.
  ///
  /// - Parameter place: where the images are from, for errors.
  /// - Throws: `DatasetError.unknownClass`.
  public func relabelled(
    as classes: ClassList, naming: ClassNaming = .names, place: String
  ) throws(DatasetError) -> ImageDataset {
    try classes.checkCount(place)
    var newLabels = [UInt8?](repeating: nil, count: self.classes)
    let present = Set(labels)
    for (label, name) in classNames.enumerated() where present.contains(UInt8(label)) {
      let found = naming == .numbers ? Int(name).flatMap(classes.label(ofNumber:)) : classes.label(of: name)
      guard let found else { throw .unknownClass(place: place, name: name, known: classes.names) }
      newLabels[label] = UInt8(found)
    }
    return ImageDataset(
      height: height, width: width, channels: channels, classNames: classes.names, pixels: pixels,
      labels: labels.map { newLabels[Int($0)] ?? 0 }, origins: origins)
  }
}

extension DatasetSplits {
  /// The same images as a network sees them that another training made: with its classes, found by their names, and
  /// its normalization, in place of this data set's own.
  ///
  /// - Throws: `DatasetError.unknownClass`.
  /// - Precondition: the normalization is one of as many channels as the images have.
  public func seen(
    by classes: ClassList, normalization: Normalization, naming: ImageDataset.ClassNaming, place: String
  ) throws(DatasetError) -> DatasetSplits {
    let training = try train.dataset.relabelled(as: classes, naming: naming, place: place)
    let testing = try test.dataset.relabelled(as: classes, naming: naming, place: place)
    return DatasetSplits(
      train: DatasetSplit(training, range: train.range), validation: DatasetSplit(training, range: validation.range),
      test: DatasetSplit(testing, range: test.range), normalization: normalization, augmentation: .none)
  }
}
