// Everything that can be wrong with a data set, its files, or what is asked of it.

import Images

/// A place in a file.
public struct FilePosition: Equatable, Sendable, CustomStringConvertible {
  /// Path of the file.
  public var file: String
  /// Bytes before this place: in the file, or in what was unpacked from it.
  public var offset: Int
  /// Where the packed data begins in the file, if `offset` counts unpacked bytes.
  public var unpackedFrom: Int?

  /// A place `offset` bytes into a file, or into the data unpacked from its byte `unpackedFrom` on.
  public init(file: String, offset: Int, unpackedFrom: Int? = nil) {
    self.file = file
    self.offset = offset
    self.unpackedFrom = unpackedFrom
  }

  func moved(by bytes: Int) -> FilePosition {
    FilePosition(file: file, offset: offset + bytes, unpackedFrom: unpackedFrom)
  }

  /// For example `train.gz, byte 16 of its unpacked data`.
  public var description: String {
    switch unpackedFrom {
    case nil: "\(file), byte \(offset)"
    case 0: "\(file), byte \(offset) of its unpacked data"
    case let start?: "\(file), byte \(offset) of the data unpacked from byte \(start)"
    }
  }
}

/// Why a data set cannot be used.
public enum DatasetError: Error, Equatable, CustomStringConvertible {
  /// No directory has all the files.
  case missing(DatasetName, searched: [SearchedDirectory])
  /// The system refuses a file.
  case unreadable(file: String, reason: String)
  /// A file that is known as one of another published data set.
  case otherDataset(file: String, expected: DatasetName, found: RecognizedFile)
  /// Images of a class that the network does not tell apart: where, the class, and those that it does.
  case unknownClass(place: String, name: String, known: [String])
  /// A file ends too early, or declares more than it can hold: bytes that must follow, and the most that can.
  case truncated(FilePosition, expected: Int, found: Int)
  /// A file does not say what its format demands.
  case malformed(FilePosition, expected: String, found: String)
  /// A file declares more than is ever read into memory.
  case tooLarge(FilePosition, bytes: Int, limit: Int)
  /// A label that stands for no class.
  case labelOutOfRange(FilePosition, label: Int, allowed: ClosedRange<Int>, classes: Int)
  /// A picture that cannot be decoded.
  case image(ImageError)
  /// The user's own images, which are not arranged as they have to be.
  case ownData(OwnDataProblem)
  /// Images and labels that do not belong together.
  case countMismatch(imagesFile: String, images: Int, labelsFile: String, labels: Int)
  /// A number of images that the data set does not have.
  case option(key: String, value: Int, allowed: ClosedRange<Int>, reason: String)

  /// Whether the user asked for something impossible, as opposed to something that failed.
  public var isUsage: Bool {
    switch self {
    case .option, .unknownClass, .ownData(.uselessOption), .ownData(.noFolder): true
    default: false
    }
  }

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .missing(let name, let searched):
      "the files of \(name) were not found; looked in \(searched.map(\.description).joined(separator: ", ")). "
        + "To get them: \(name.descriptor.instructions); or set dataset.directory to where they are"
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason); check the file and its permissions"
    case .otherDataset(let file, let expected, let found):
      "\(file): expected a file of \(expected), found \(found): set dataset.name to \(found.dataset), or dataset.directory "
        + "to where the files of \(expected) are"
    case .unknownClass(let place, let name, let known):
      "\(place): expected classes that the network tells apart (\(known.listed)), found \(name.debugDescription): rename "
        + "or remove that class, or take the network that was trained with it"
    case .truncated(let position, let expected, let found):
      "\(position): expected \(expected) more bytes, found at most \(found): the file is incomplete; remove it, and fetch it again"
    case .malformed(let position, let expected, let found):
      "\(position): expected \(expected), found \(found): the file is damaged or another one; remove it, and fetch it again"
    case .tooLarge(let position, let bytes, let limit):
      "\(position): expected at most \(limit) bytes of images or labels, found \(bytes) declared: "
        + "the file is damaged or not meant for this; remove it, and fetch it again"
    case .labelOutOfRange(let position, let label, let allowed, let classes):
      "\(position): expected a label of \(allowed.lowerBound) to \(allowed.upperBound) (\(classes) classes), "
        + "found \(label): the file is damaged or of another data set; check dataset.name, or remove the file and fetch it again"
    case .image(let error): error.description
    case .ownData(let problem): problem.description
    case .countMismatch(let imagesFile, let images, let labelsFile, let labels):
      "expected as many labels as images, found \(images) images in \(imagesFile) and \(labels) labels in "
        + "\(labelsFile): they do not belong together; remove both, and fetch them again"
    case .option(let key, let value, let allowed, let reason):
      "dataset.\(key): expected \(allowed.lowerBound) to \(allowed.upperBound), found \(value): \(reason)"
    }
  }
}

extension [String] {
  /// The first of them, quoted and with commas between them.
  fileprivate var listed: String {
    prefix(20).map(\.debugDescription).joined(separator: ", ") + (count > 20 ? " and \(count - 20) more" : "")
  }
}
