// Everything that can go wrong when a data set is fetched.

/// Why a file could not be fetched.
public enum DownloadError: Error, Equatable, CustomStringConvertible {
  /// A mirror that is no address of a folder.
  case address(String)
  /// The program curl is not there, or cannot be started.
  case noProgram(PublishedFile, directory: String, reason: String)
  /// The transfer failed; what is there of the file.
  case transfer(PublishedFile, address: String, directory: String, reason: String, bytes: Int)
  /// The file is not the one that was published.
  case otherFile(PublishedFile, address: String, directory: String, found: String)
  /// There is another file already where it is to go.
  case occupied(PublishedFile, path: String)
  /// An archive lacks files that it is fetched for.
  case incomplete(PublishedFile, missing: [String])
  /// A file cannot be read or written.
  case file(String)

  /// Whether the user asked for something impossible, as opposed to something that failed.
  public var isUsage: Bool { if case .address = self { true } else { false } }

  /// What was expected, what was found, and what to do, also where there is no network.
  public var description: String {
    switch self {
    case .address(let text):
      "--mirror: expected the address of a folder that begins with https://, http:// or file:///, found "
        + String(reflecting: String(text.prefix(200)))
    case .noProgram(let file, let directory, let reason):
      "\(file.name): the program curl, which fetches files, cannot be started (\(reason)): install it "
        + "(apt-get install curl), or \(Self.byHand(file, directory))"
    case .transfer(let file, let address, let directory, let reason, let bytes):
      "\(address): expected \(file.size) bytes, \(bytes) are here (\(reason)): try again, which goes on from there, or "
        + "give another place with --mirror, or \(Self.byHand(file, directory))"
    case .otherFile(let file, let address, let directory, let found):
      "\(address): expected the published file with \(file.size) bytes and the SHA-256 \(file.checksum), found \(found), "
        + "which was removed: try again, or give another place with --mirror, or \(Self.byHand(file, directory))"
    case .occupied(let file, let path):
      "\(path): expected no file, or the published one with the SHA-256 \(file.checksum), found another: remove it, or "
        + "give another --directory"
    case .incomplete(let file, let missing):
      "\(file.name): expected \(missing.joined(separator: ", ")) in it, found none of that name: get it by hand"
    case .file(let reason): reason
    }
  }

  private static func byHand(_ file: PublishedFile, _ directory: String) -> String {
    let use = file.archive == nil ? "put it into" : "unpack it in"
    return "on a node without a network, get \(file.address()) elsewhere and \(use) \(directory)"
  }
}
