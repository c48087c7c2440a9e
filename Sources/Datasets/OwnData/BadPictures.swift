// The pictures of a folder that cannot be decoded, told of all at once.

import Images

/// Counts a folder's pictures that cannot be decoded, and keeps why the first of them cannot.
struct BadPictures {
  /// Pictures that are named, however many are bad.
  static let listed = 20

  private let directory: String
  private let all: Int
  private var count = 0
  private var first: [ImageError] = []

  /// None yet, of `all` pictures of a directory.
  init(directory: String, all: Int) {
    self.directory = directory
    self.all = all
  }

  /// Adds one.
  mutating func add(_ error: ImageError) {
    count += 1
    if first.count < Self.listed { first.append(error) }
  }

  /// What is wrong with the folder; nil if nothing is.
  var problem: DatasetError? {
    switch count {
    case 0: nil
    case 1: .image(first[0])
    default: .ownData(.badPictures(directory: directory, errors: first, found: count, all: all))
    }
  }
}
