// How the IDX files of a data set hold its images: EMNIST's differ from MNIST's.

/// How IDX files hold the images and labels of a data set.
///
/// It belongs to the files of that set, not to its images: a network that learned from such files has seen them upright,
/// and is shown pictures of other formats as they are.
public struct IDXLayout: Codable, Equatable, Sendable {
  /// Whether every image is stored mirrored at its diagonal, column after column.
  public var isTransposed: Bool
  /// The label of the first class.
  public var firstLabel: Int

  /// The keys in JSON.
  enum CodingKeys: String, CodingKey {
    case isTransposed = "transposed"
    case firstLabel
  }

  /// A layout; `firstLabel` is in 0…255.
  public init(isTransposed: Bool = false, firstLabel: Int = 0) {
    self.isTransposed = isTransposed
    self.firstLabel = firstLabel
  }

  /// Upright images and labels from 0 on, as MNIST has them.
  public static let upright = IDXLayout()
}

extension DatasetDescriptor {
  /// How its IDX files hold images; nil if its files are of another format.
  public var idxLayout: IDXLayout? { (format as? IDXFormat)?.layout }
}
