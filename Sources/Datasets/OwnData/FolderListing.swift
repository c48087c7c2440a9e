// What lies in folders, in an order that does not depend on the file system, and bounded whatever links say.

import Files
import Foundation

/// A file as a folder has it.
struct ListedFile {
  /// Its path from the directory that was listed.
  var path: String
  /// Its length in bytes.
  var size: Int
  /// When it was changed last, in nanoseconds since 1970.
  var modified: Int
}

/// Lists folders below one directory, and counts what it leaves out.
struct FolderListing {
  /// Folders within each other that are looked into.
  static let depthLimit = 32
  /// Files that are listed, all folders together.
  static let fileLimit = 10_000_000

  /// The directory below which everything lies, without slashes at its end.
  let directory: String
  private(set) var hidden = 0
  private(set) var others = 0
  private(set) var firstOther: String?
  private var files = 0

  init(_ directory: String) {
    var directory = directory[...]
    while directory.count > 1 && directory.hasSuffix("/") { directory.removeLast() }
    self.directory = String(directory)
  }

  /// Names of the folders in a folder, sorted by their bytes. Files beside them are counted as left out.
  mutating func folders(in folder: String) throws(DatasetError) -> [String] {
    var names: [String] = []
    for name in try self.names(in: folder) {
      let path = Self.join(folder, name)
      if try status(path).isFolder { names.append(name) } else { skip(path) }
    }
    return names
  }

  /// Whether there is a folder of this name.
  func hasFolder(_ name: String) -> Bool { (try? status(name).isFolder) ?? false }

  /// All files below a folder, "" for the directory itself, whose names end in one of `endings`, sorted by the bytes of their paths.
  mutating func files(below folder: String, endings: [String]) throws(DatasetError) -> [ListedFile] {
    var found: [ListedFile] = []
    try collect(folder, folder.isEmpty ? [] : [status("").identity], endings, &found)
    return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  private mutating func collect(
    _ folder: String, _ outer: [Identity], _ endings: [String], _ found: inout [ListedFile]
  ) throws(DatasetError) {
    let identity = try status(folder).identity
    guard !outer.contains(identity), outer.count < Self.depthLimit else {
      throw .ownData(.endlessFolder(Self.join(directory, folder)))
    }
    for name in try names(in: folder) {
      LongWork.progressed()
      let path = Self.join(folder, name)
      let status = try status(path)
      if status.isFolder {
        try collect(path, outer + [identity], endings, &found)
      } else if status.isFile && endings.contains(where: name.lowercased().hasSuffix) {
        found.append(ListedFile(path: path, size: status.size, modified: status.modified))
      } else {
        skip(path)
      }
    }
  }

  /// What was left out that does not end in one of `endings`, in one line; nil if nothing was.
  func leftOut(beside endings: [String]) -> String? {
    func counted(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }
    let beside = firstOther.map { "\(counted(others)) beside \(endings.joined(separator: ", ")) (the first: \($0))" }
    let dotted = hidden == 0 ? nil : "\(counted(hidden)) whose name begins with a dot"
    let all = [beside, dotted].compactMap(\.self)
    return all.isEmpty ? nil : "\(directory): left out \(all.joined(separator: " and "))"
  }

  /// What is in a folder but for hidden files, sorted by bytes.
  private mutating func names(in folder: String) throws(DatasetError) -> [String] {
    let path = Self.join(directory, folder)
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw folder.isEmpty ? .ownData(.noFolder(path)) : .unreadable(file: path, reason: "it may not be listed")
    }
    files += names.count
    guard files <= Self.fileLimit else { throw .ownData(.tooManyFiles(directory: directory, limit: Self.fileLimit)) }
    let visible = names.filter { !$0.hasPrefix(".") }
    hidden += names.count - visible.count
    return visible.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  private mutating func skip(_ path: String) {
    others += 1
    firstOther = firstOther ?? path
  }

  private struct Identity: Equatable {
    let device: UInt64
    let number: UInt64
  }

  private struct Status {
    let identity: Identity
    let isFolder: Bool
    let isFile: Bool
    let size: Int
    let modified: Int
  }

  /// What a path leads to, links followed.
  private func status(_ path: String) throws(DatasetError) -> Status {
    let path = Self.join(directory, path)
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .unreadable(file: path, reason: String(cString: strerror(errno)))
    }
    let kind = status.st_mode & S_IFMT
    return Status(
      identity: Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino)), isFolder: kind == S_IFDIR,
      isFile: kind == S_IFREG, size: Int(status.st_size),
      modified: Int(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int(status.st_mtim.tv_nsec))
  }

  private static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : name.isEmpty ? folder : "\(folder)/\(name)"
  }
}
