// What a configuration may say about its data set.

/// A data set that can be asked for by name.
public enum DatasetName: String, Codable, CaseIterable, Sendable {
  case mnist
  case fashionMNIST = "fashion-mnist"
  case emnistLetters = "emnist-letters"
  case cifar10
  case cifar100
  case svhn

  /// Everything known about it.
  public var descriptor: DatasetDescriptor {
    switch self {
    case .mnist, .fashionMNIST: DatasetDescriptor(28, 1, 10, 60_000, 10_000, .none)
    case .emnistLetters: DatasetDescriptor(28, 1, 26, 124_800, 10_000, .none)
    case .cifar10: DatasetDescriptor(32, 3, 10, 50_000, 5_000, .cropAndFlip)
    case .cifar100: DatasetDescriptor(32, 3, 100, 50_000, 5_000, .cropAndFlip)
    case .svhn: DatasetDescriptor(32, 3, 10, 73_257, 5_000, .none)
    }
  }
}

/// Facts about one data set.
public struct DatasetDescriptor: Sendable {
  /// Sizes of an image, and numbers of classes and images.
  public let height, width, channels, classes, trainingCount, validationCount: Int
  /// How training images are varied, unless a configuration says otherwise.
  public let augmentation: Augmentation

  init(
    _ side: Int, _ channels: Int, _ classes: Int, _ trainingCount: Int, _ validationCount: Int,
    _ augmentation: Augmentation
  ) {
    height = side
    width = side
    self.channels = channels
    self.classes = classes
    self.trainingCount = trainingCount
    self.validationCount = validationCount
    self.augmentation = augmentation
  }
}

/// Random changes to training images that keep their class.
public enum Augmentation: String, Codable, CaseIterable, Sendable {
  case none
  case crop
  case cropAndFlip = "crop-and-flip"
}

/// A data set, and how much of it to use.
public struct DatasetOptions: Codable, Equatable, Sendable {
  /// Which one.
  public var name: DatasetName
  /// The only directory to look in; nil for the data set's own.
  public var directory: String?
  /// Images held out for validation; nil for the experiment's own number.
  public var validation: Int?
  /// Uses only the first so many training images; nil for all.
  public var trainLimit: Int?
  /// Uses only the first so many test images; nil for all.
  public var testLimit: Int?
  /// How training images are varied; nil for the data set's own way.
  public var augment: Augmentation?

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
