// What a configuration may say about its data set.

/// Rows and columns of an image.
public struct ImageSize: RawRepresentable, Codable, Hashable, Sendable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// What both may be.
  public static let allowed = 1...4_096

  /// A size; both must be in `allowed`.
  public init(height: Int, width: Int) {
    precondition(Self.allowed.contains(height) && Self.allowed.contains(width), "the size is in its range")
    self.height = height
    self.width = width
  }

  /// Reads `32x48`, rows before columns.
  public init?(rawValue: String) {
    let sizes = rawValue.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard sizes.count == 2, sizes.allSatisfy(Self.allowed.contains) else { return nil }
    self.init(height: sizes[0], width: sizes[1])
  }

  /// For example `32x48`.
  public var rawValue: String { "\(height)x\(width)" }
}

/// A data set, and how much of it to use.
public struct DatasetOptions: Codable, Equatable, Sendable {
  /// Which one.
  public var name: DatasetSource
  /// The only directory to look in; nil for the data set's own (`DatasetDescriptor.directories`). The user's own `images`
  /// have no other.
  public var directory: String?
  /// The archive of `npz`.
  public var file: String?
  /// What `images` are made to fit in, by their middle; nil for `defaultSize`.
  public var size: ImageSize?
  /// 1 to make `images` grey, 3 to make them coloured; nil for 3.
  public var channels: Int?
  /// Images held out for validation, taken from the end of the training files; nil for the experiment's own number, and
  /// for a tenth of the user's own images.
  public var validation: Int?
  /// The share of the user's own images that tests, where they do not come with a part for it, 0 to 1; nil for
  /// `defaultTestShare`.
  public var testShare: Double?
  /// What the user's own images are shuffled by before they are divided; nil for 0.
  public var splitSeed: UInt64?
  /// Where `images` are kept once they are decoded; nil for the user's cache directory.
  public var cache: String?
  /// Uses only the first so many of the images that are left for training after the split; nil for all.
  public var trainLimit: Int?
  /// Uses only the first so many test images; nil for all.
  public var testLimit: Int?
  /// How training images are varied; nil for the data set's own way, which for the user's own images is not at all.
  public var augment: Augmentation?
  /// Whether `images` that were decoded are kept in `cache`. Not part of a configuration.
  public var keepsDecoded = true

  /// The size of `images` where none is given.
  public static let defaultSize = ImageSize(height: 32, width: 32)
  /// The channels of `images` where none are given.
  public static let defaultChannels = 3
  /// The share of the user's own images that tests where none is given.
  public static let defaultTestShare = 0.2

  /// The keys in a configuration.
  public enum CodingKeys: String, CodingKey, CaseIterable {
    case name, directory, file, size, channels, validation, testShare, splitSeed, cache, trainLimit, testLimit, augment
  }

  /// Options; whatever is left out is decided by the data set.
  public init(
    name: DatasetSource, directory: String? = nil, file: String? = nil, size: ImageSize? = nil, channels: Int? = nil,
    validation: Int? = nil, testShare: Double? = nil, splitSeed: UInt64? = nil, cache: String? = nil,
    trainLimit: Int? = nil, testLimit: Int? = nil, augment: Augmentation? = nil
  ) {
    self.name = name
    self.directory = directory
    self.file = file
    self.size = size
    self.channels = channels
    self.validation = validation
    self.testShare = testShare
    self.splitSeed = splitSeed
    self.cache = cache
    self.trainLimit = trainLimit
    self.testLimit = testLimit
    self.augment = augment
  }

  /// Options for a published data set; whatever is left out is decided by it.
  public init(
    name: DatasetName, directory: String? = nil, validation: Int? = nil, trainLimit: Int? = nil,
    testLimit: Int? = nil, augment: Augmentation? = nil
  ) {
    self.init(
      name: .published(name), directory: directory, validation: validation, trainLimit: trainLimit,
      testLimit: testLimit, augment: augment)
  }
}
