// What publishers offer for download.

/// A file that a publisher offers: one of a data set's own, or an archive of them.
public struct PublishedFile: Equatable, Sendable {
  /// How files are packed into one.
  public enum Archive: Sendable {
    /// A tar archive, packed by gzip.
    case tar
    /// A zip archive.
    case zip
  }

  /// Its name, which is also the last part of its address.
  public let name: String
  /// The address of the folder that it is in, without a slash at its end.
  public let folder: String
  /// Its length in bytes.
  public let size: Int
  /// Its SHA-256, 64 hexadecimal digits.
  public let checksum: String
  /// What has to be unpacked; nil for a file that is used as it is.
  public let archive: Archive?
  /// The SHA-256 of the first 64 images or labels in an IDX file, by which it is recognized however it is packed.
  public let firstItems: String?

  /// A file in `folder`, with its length in bytes and its SHA-256 in lower-case hexadecimal digits.
  public init(
    _ name: String, in folder: String, size: Int, checksum: String, archive: Archive? = nil, firstItems: String? = nil
  ) {
    self.name = name
    self.folder = folder
    self.size = size
    self.checksum = checksum
    self.archive = archive
    self.firstItems = firstItems
  }

  /// Its address, at the publisher's or in the folder `mirror`.
  public func address(mirror: String? = nil) -> String {
    var folder = mirror ?? folder
    while folder.hasSuffix("/") { folder.removeLast() }
    return "\(folder)/\(name)"
  }
}
