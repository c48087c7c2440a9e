// What is known about a data set before any file is opened: its images, classes, files, and where to get them.

/// Facts about one data set, and how an experiment prepares it.
public struct DatasetDescriptor: Sendable {
  /// The name it is asked for by.
  public let name: DatasetName
  /// What it shows, in a few words.
  public let summary: String
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Colour channels of an image.
  public let channels: Int
  /// The classes, in the order of their labels.
  public let classNames: [String]
  /// Images in the published training files, those held out for validation included.
  public let trainingCount: Int
  /// Images in the published test files.
  public let testCount: Int
  /// Images held out for validation, at the end of the training files, unless a configuration says otherwise.
  public let validationCount: Int
  /// How pixels become floats.
  public let normalization: Normalization
  /// How training images are varied, unless a configuration says otherwise.
  public let augmentation: Augmentation
  /// Directories searched, in this order, where a configuration names none; relative ones start at the working directory.
  public let directories: [String]
  /// Page of those who publish it.
  public let homepage: String
  /// Terms of use, where the publishers state them.
  public let licence: String?
  /// Debian package that installs it.
  public let debianPackage: String?
  /// What its publishers, or a mirror of theirs, offer for download.
  public var published: [PublishedFile]
  let format: any DatasetFormat

  /// Number of classes.
  public var classes: Int { classNames.count }

  /// Files needed; a name that ends in `[.gz]` may be there packed or unpacked.
  public var files: [String] {
    format.mayBeGzipped ? format.files.map { $0 + "[.gz]" } : format.files
  }

  /// What to do to have the files, in one line.
  public var instructions: String {
    let package = debianPackage.map { "install Debian's package \($0) (apt-get install \($0)), or " } ?? ""
    return
      "\(package)odn datasets fetch \(name.rawValue), or get the files from \(homepage) and put them into \(directories[0])"
  }

  /// The directories that are searched, and what each of them lacks.
  /// - Parameter directory: the only one to look in; nil for the default `directories`.
  public func search(directory: String? = nil) -> [SearchedDirectory] {
    (directory.map { [$0] } ?? directories).flatMap { base in
      [base] + (format.archiveFolder.map { ["\(base)/\($0)"] } ?? [])
    }.map { SearchedDirectory(path: $0, format: format) }
  }
}
