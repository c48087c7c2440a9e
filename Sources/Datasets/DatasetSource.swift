// Where the images of an experiment come from: a published data set, or files of the user's own.

/// What a configuration may name as its data set.
public enum DatasetSource: RawRepresentable, Codable, Hashable, CaseIterable, Sendable {
  /// A data set of the catalogue.
  case published(DatasetName)
  /// A folder of PNG and JPEG files for each class.
  case images
  /// Arrays of numpy in a `.npz` archive.
  case npz

  /// The data sets of the catalogue, then the user's own.
  public static var allCases: [DatasetSource] { DatasetName.allCases.map(published) + [.images, .npz] }

  /// The source that a configuration spells so.
  public init?(rawValue: String) {
    guard let source = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = source
  }

  /// The name, as a configuration spells it.
  public var rawValue: String {
    switch self {
    case .published(let name): name.rawValue
    case .images: "images"
    case .npz: "npz"
    }
  }

  /// Everything known about a published data set; nil for the user's own.
  public var descriptor: DatasetDescriptor? {
    if case .published(let name) = self { name.descriptor } else { nil }
  }
}
