// Fetches all files of a data set.

import Files
import Foundation

extension DatasetDescriptor {
  /// Fetches and unpacks what `directory` lacks of this data set's files.
  ///
  /// - Parameters:
  ///   - directory: where they go; nil for the first of `directories`.
  ///   - mirror: the address of a folder to get them from instead of their publisher's.
  ///   - tell: told what happens, in one line each.
  /// - Returns: the directory that has all files.
  /// - Throws: `DownloadError`.
  public func fetch(
    to directory: String? = nil, mirror: String? = nil, tell: @escaping (String) -> Void
  ) throws(DownloadError) -> String {
    let directory = directory ?? directories[0]
    let download = try Download(to: directory, mirror: mirror, tell: tell)
    if let complete = search(directory: directory).first(where: \.isComplete) {
      do throws(DatasetError) { try complete.check(name) } catch { throw .file("\(error)") }
      return complete.path
    }
    for file in published {
      let path = try download.fetch(file)
      guard let archive = file.archive else { continue }
      let missing = try unpack(path, archive, to: directory, tell)
      guard missing.isEmpty else { throw .incomplete(file, missing: missing) }
      unlink(path)
    }
    return directory
  }

  /// Unpacks the files of this data set, whatever folder of the archive they are in, and nothing else.
  /// - Returns: those that the archive lacks.
  private func unpack(
    _ path: String, _ archive: PublishedFile.Archive, to directory: String, _ tell: (String) -> Void
  ) throws(DownloadError) -> [String] {
    var missing = format.files
    func isMissing(_ name: String) -> Bool {
      let found = missing.firstIndex { name == $0 || (format.mayBeGzipped && name == "\($0).gz") }
      if let found { missing.remove(at: found) }
      return found != nil
    }
    func write(_ name: String, _ content: any ByteStream, _ size: Int) throws {
      let target = "\(directory)/\(name)"
      try content.copy(size, to: target)
      tell("\(target): unpacked")
    }
    do {
      switch archive {
      case .tar:
        let tar = TarArchive(try FileStream(path: path).unpacked())
        while let member = try tar.next() {
          if isMissing(member.name) {
            try write(member.name, tar.content, member.size)
            try tar.finish(member)
          } else {
            try tar.skip(member)
          }
        }
      case .zip:
        let zip = try ZipArchive(FileStream(path: path))
        for member in zip.members {
          let name = member.name.split(separator: "/").last.map(String.init) ?? ""
          guard isMissing(name) else { continue }
          let content = try zip.open(member)
          try write(name, content, member.size)
          try content.finish()
        }
      }
    } catch {
      // Of a data set's or of a file's kind; both say what to do.
      throw .file("\(error)")
    }
    return missing
  }
}

extension ByteStream {
  /// Writes the next `count` bytes to a file.
  fileprivate func copy(_ count: Int, to path: String) throws {
    var piece = [UInt8](repeating: 0, count: min(count, 1 << 20))
    var file = try AtomicFile(path: path)
    var left = count
    while left > 0 {
      let next = min(piece.count, left)
      try fill(&piece, 0..<next)
      try file.write(Array(piece[..<next]))
      left -= next
    }
    try file.commit()
  }
}
