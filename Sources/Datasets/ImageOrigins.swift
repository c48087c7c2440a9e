// Where each image of a data set is from, so that an answer can be traced to a file.

/// A file, and which image of it, if it holds more than one.
public struct ImageOrigin: Equatable, Sendable {
  /// The file's path; an array in an archive follows behind a colon.
  public let file: String
  /// The image's place in the file or array, from 0 on; nil for a picture of its own.
  public let index: Int?
}

/// The origins of all images of a data set.
public struct ImageOrigins: Sendable {
  private enum Source: Sendable {
    /// A file for each image.
    case pictures(directory: String, [ListedFile])
    /// Files or arrays of many images each, and the number of the first image of each.
    case arrays([(name: String, first: Int)])
  }

  private let source: Source
  /// The number of the image at each place; nil if they are in order.
  private let order: [Int]?

  private init(_ source: Source, _ order: [Int]?) { (self.source, self.order) = (source, order) }

  /// A file for each image, below `directory`.
  static func pictures(in directory: String, _ files: [ListedFile], order: [Int]? = nil) -> ImageOrigins {
    ImageOrigins(.pictures(directory: directory, files), order)
  }

  /// Files or arrays of many images, in the order of the numbers of their first images, which begin with 0.
  static func arrays(_ arrays: [(name: String, first: Int)], order: [Int]? = nil) -> ImageOrigins {
    precondition(arrays.first?.first == 0, "the first image is image 0")
    return ImageOrigins(.arrays(arrays), order)
  }

  /// The same files, whose images stand in another order: the number of the image at each place.
  func ordered(_ order: [Int]) -> ImageOrigins { ImageOrigins(source, order) }

  /// Where the image at `place` is from.
  public subscript(place: Int) -> ImageOrigin {
    let number = order?[place] ?? place
    switch source {
    case .pictures(let directory, let files):
      return ImageOrigin(file: "\(directory)/\(files[number].path)", index: nil)
    case .arrays(let arrays):
      let array = arrays.last { $0.first <= number } ?? arrays[0]
      return ImageOrigin(file: array.name, index: number - array.first)
    }
  }
}
