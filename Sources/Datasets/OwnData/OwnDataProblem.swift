// What can be wrong with images that the user has arranged, as opposed to published files.

import Images

/// Why the user's own images cannot be used as they are arranged.
public enum OwnDataProblem: Equatable, Sendable, CustomStringConvertible {
  /// The key that says where they are is not set.
  case noPlace(key: String)
  /// A folder of pictures that is not there, is none, or may not be listed.
  case noFolder(String)
  /// Fewer or more classes than can be told apart.
  case classes(place: String, found: Int)
  /// A folder to be scored that has no folders in it, or more than classes can be.
  case noClasses(directory: String, found: Int)
  /// Pictures to be classified that are not there.
  case noPictures(directory: String)
  /// A file to be scored that does not say which classes its images are of.
  case noLabels(file: String, cure: String)
  /// Pictures for a network whose images are neither grey nor coloured.
  case channels(place: String, network: Int)
  /// An option that has no meaning for what is to be scored.
  case uselessOption(String, place: String, reason: String)
  /// A class without images.
  case emptyClass(folder: String)
  /// A folder of test or validation images for a class that has none to learn from.
  case unknownClass(folder: String, training: String)
  /// A folder that leads back to one that it lies in, or lies in too many others.
  case endlessFolder(String)
  /// More files than are ever listed.
  case tooManyFiles(directory: String, limit: Int)
  /// More pixels than are ever taken into memory.
  case tooManyBytes(place: String, images: Int, bytes: Int, limit: Int)
  /// Several pictures that cannot be decoded: why the first of them cannot, and how many of how many there are.
  case badPictures(directory: String, errors: [ImageError], found: Int, all: Int)
  /// Arrays that are none of images and labels.
  case array(place: String, expected: String, found: String)

  /// The number of classes that may be told apart.
  public static let allowedClasses = 2...256

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .noPlace(let key): "dataset.\(key): expected where the images are, found nothing: set it"
    case .noFolder(let path): "\(path): expected a folder of pictures, found none that may be listed: check the path"
    case .classes(let place, let found):
      "\(place): expected \(Self.allowedClasses.lowerBound) to \(Self.allowedClasses.upperBound) classes, found "
        + "\(found): give every class of images a folder, or a label, of its own"
    case .noClasses(let directory, let found):
      "\(directory): expected a folder for each class, 1 to \(Self.allowedClasses.upperBound), found \(found): put every "
        + "picture into a folder named as its class"
    case .noPictures(let directory):
      "\(directory): expected .png, .jpg or .jpeg files in it or in its folders, found none: check the path"
    case .noLabels(let file, let cure):
      "\(file): expected images whose classes are known, found no labels: \(cure)"
    case .channels(let place, let channels):
      "\(place): expected a network for images of 1 or 3 channels, found one for \(channels): give it arrays of such images"
    case .uselessOption(let option, let place, let reason):
      "\(place): \(option) has no meaning here, since \(reason); leave it out"
    case .emptyClass(let folder):
      "\(folder): expected .png, .jpg or .jpeg files of this class, found none: add some, or remove the folder"
    case .unknownClass(let folder, let training):
      "\(folder): expected a class that \(training) has a folder for, found another: rename it, or add images to learn "
        + "it from"
    case .endlessFolder(let folder):
      "\(folder): expected folders that end, found one that leads back to where it lies, or more than "
        + "\(FolderListing.depthLimit) within each other: remove the link"
    case .tooManyFiles(let directory, let limit):
      "\(directory): expected at most \(limit) files, found more: check dataset.directory, and use a part of them"
    case .tooManyBytes(let place, let images, let bytes, let limit):
      "\(place): expected at most \(limit) bytes of pixels, found \(images) images of \(bytes) bytes each: set a smaller "
        + "dataset.size, or use a part of them"
    case .badPictures(let directory, let errors, let found, let all):
      "\(directory): expected \(all) pictures that can be decoded, found \(found) that cannot: replace or remove them"
        + (errors.count < found ? "; the first \(errors.count) are" : "")
        + errors.map { "\n\($0)" }.joined()
    case .array(let place, let expected, let found):
      "\(place): expected \(expected), found \(found): write the archive anew with numpy.savez"
    }
  }
}
