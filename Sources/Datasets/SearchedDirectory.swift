// Where files are looked for.

import Foundation

/// A directory in which the files of a data set were looked for.
public struct SearchedDirectory: Equatable, Sendable, CustomStringConvertible {
  /// The directory, as it was named.
  public let path: String
  /// Whether there is such a directory.
  public let exists: Bool
  /// Files of the data set that are not in it.
  public let missingFiles: [String]
  private let foundFiles: [String: String]

  init(path: String, format: any DatasetFormat) {
    self.path = path
    var isDirectory: ObjCBool = false
    exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    var missing: [String] = []
    var found: [String: String] = [:]
    for file in format.files {
      let names = format.mayBeGzipped ? [file, file + ".gz"] : [file]
      let candidates = names.map { "\(path)/\($0)" }
      if let first = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) {
        found[file] = first
      } else {
        missing.append(format.mayBeGzipped ? file + "[.gz]" : file)
      }
    }
    missingFiles = missing
    foundFiles = found
  }

  /// The files of the data set that are in it, in the order of their names.
  var paths: [String] { foundFiles.sorted { $0.key < $1.key }.map(\.value) }

  /// Whether every file is in it.
  public var isComplete: Bool { missingFiles.isEmpty }

  /// For example `data/mnist (no such directory)`.
  public var description: String {
    if !exists { return "\(path) (no such directory)" }
    return isComplete ? "\(path) (complete)" : "\(path) (lacks \(missingFiles.joined(separator: ", ")))"
  }
}

extension SearchedDirectory: DatasetFiles {
  func open(_ file: String) throws(DatasetError) -> FileStream {
    try FileStream(path: foundFiles[file] ?? "\(path)/\(file)")
  }
}
