// Data set files that somebody else has read.

import Files

/// Contents of files, by the names that the publisher gave them.
private struct FilesInMemory: DatasetFiles {
  let contents: [String: [UInt8]]

  func open(_ file: String) throws(DatasetError) -> FileStream {
    guard let bytes = contents[file] else { throw .unreadable(file: file, reason: "it is not among those given") }
    return FileStream(InputFile(bytes, name: file))
  }
}

extension ImageDataset {
  /// Reads one part of a data set from what its files hold, and checks all of it.
  ///
  /// - Parameter files: contents by name. The names are those of `DatasetDescriptor.files` without `[.gz]`, also for
  ///   packed contents.
  /// - Throws: `DatasetError` if a file is missing or wrong.
  public init(_ name: DatasetName, _ part: DatasetPart, files: [String: [UInt8]]) throws(DatasetError) {
    let descriptor = name.descriptor
    self = try descriptor.format.read(part, from: FilesInMemory(contents: files), as: descriptor)
  }
}
