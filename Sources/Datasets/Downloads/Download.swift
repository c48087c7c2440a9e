// One file from a publisher or a mirror to its place, by the program curl: a library for the network would be loaded by
// every rank of every run.

import Files
import Foundation

/// Fetches files into a directory. What has come of a file stands beside its place, as `NAME.part`, until all of it is
/// there and is what was published.
public struct Download {
  /// Where files go.
  public let directory: String
  private let mirror: String?
  private let tell: (String) -> Void
  /// How often a transfer that breaks off is taken up again.
  private static let attempts = 4

  /// Files go to `directory`, which is made if need be.
  /// - Parameters:
  ///   - mirror: the address of a folder to get them from instead of their publisher's, `https:`, `http:` or `file:`.
  ///   - tell: told what happens, in one line each.
  /// - Throws: `DownloadError.address`.
  public init(to directory: String, mirror: String?, tell: @escaping (String) -> Void) throws(DownloadError) {
    let schemes = ["https://", "http://", "file:///"]
    if let mirror {
      let isPlain = mirror.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
      guard isPlain, schemes.contains(where: mirror.hasPrefix) else { throw .address(mirror) }
    }
    self.directory = directory
    self.mirror = mirror
    self.tell = tell
  }

  /// Gets a file, unless it is there already.
  /// - Returns: its path.
  /// - Throws: `DownloadError`.
  public func fetch(_ file: PublishedFile) throws(DownloadError) -> String {
    let path = "\(directory)/\(file.name)"
    if access(path, F_OK) == 0 {
      guard try checksum(of: path) == file.checksum else { throw .occupied(file, path: path) }
      tell("\(path): is there already")
      return path
    }
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw .file("\(directory): cannot be made: check the path and its permissions")
    }
    let part = "\(path).part"
    if size(of: part) > file.size { unlink(part) }
    try transfer(file, to: part)
    let address = file.address(mirror: mirror)
    let (bytes, found) = (size(of: part), try checksum(of: part))
    guard bytes == file.size, found == file.checksum else {
      unlink(part)
      throw .otherFile(file, address: address, directory: directory, found: "\(bytes) bytes with \(found)")
    }
    guard rename(part, path) == 0 else {
      throw .file("\(path): cannot be written: \(String(cString: strerror(errno))); check the directory")
    }
    tell("\(path): \(file.size) bytes, as published")
    return path
  }

  /// Gets what is missing of a file, and takes it up again where it breaks off, as long as more of it comes.
  private func transfer(_ file: PublishedFile, to part: String) throws(DownloadError) {
    let address = file.address(mirror: mirror)
    for attempt in 1... {
      let before = size(of: part)
      if before == file.size { return }
      tell(
        before == 0 ? "\(address): \(file.size) bytes" : "\(address): going on after \(before) of \(file.size) bytes")
      let curl = try Curl(address, to: part, limit: file.size, for: file, directory)
      if curl.code == 0 { return }
      let now = size(of: part)
      // Without ranges, all of it has to come at once.
      let canStartAgain = curl.code == Curl.noRanges && before > 0
      if canStartAgain { unlink(part) }
      guard attempt < Self.attempts, canStartAgain || now > before else {
        throw .transfer(file, address: address, directory: directory, reason: curl.reason, bytes: now)
      }
    }
  }

  private func size(of path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The SHA-256 of a file, in hexadecimal digits.
  private func checksum(of path: String) throws(DownloadError) -> String {
    do throws(DatasetError) {
      let stream = try FileStream(path: path)
      var hash = ContentHash()
      var piece = [UInt8](repeating: 0, count: 1 << 20)
      while true {
        let count = try stream.read(into: &piece, 0..<piece.count)
        if count == 0 { return hash.finish().hexadecimal }
        hash.add(Array(piece[..<count]))
      }
    } catch {
      throw .file(error.description)
    }
  }
}

/// A run of curl, to its end.
private struct Curl {
  /// Its exit code; the documented one of a server that does not go on in the middle of a file.
  let code: Int32
  static let noRanges: Int32 = 33
  /// What it said last.
  let reason: String

  /// Gets what `part` lacks of the file at `address`, without a shell in between.
  init(
    _ address: String, to part: String, limit: Int, for file: PublishedFile, _ directory: String
  ) throws(DownloadError) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "curl", "--disable", "--fail", "--silent", "--show-error", "--globoff", "--location", "--proto",
      "=http,https,file",
      "--proto-redir", "=http,https", "--connect-timeout", "20", "--speed-limit", "1", "--speed-time", "60",
      "--max-filesize", "\(limit)", "--continue-at", "-", "--output", part, "--url", address,
    ]
    let errors = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = errors
    do { try process.run() } catch {
      throw .noProgram(file, directory: directory, reason: "\(error)")
    }
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    code = process.terminationStatus
    // How env says that there is no such program.
    if code == 127 { throw .noProgram(file, directory: directory, reason: "it is not on the PATH") }
    let last = text.split(separator: "\n").last.map { String($0.prefix(300)) } ?? "curl ended with code \(code)"
    reason = String(last.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) })
  }
}
