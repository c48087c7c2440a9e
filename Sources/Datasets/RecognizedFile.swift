// Tells by its content which published file one is, so that the files of one data set are not taken for another's.

import Files

/// A file of the catalogue, as its content shows.
public struct RecognizedFile: Equatable, Sendable, CustomStringConvertible {
  /// The data set that it is of.
  public let dataset: DatasetName
  /// What its publishers call it.
  public let name: String

  /// For example `t10k-images-idx3-ubyte.gz of fashion-mnist`.
  public var description: String { "\(name) of \(dataset)" }

  private init(dataset: DatasetName, name: String) { (self.dataset, self.name) = (dataset, name) }

  /// The published IDX file that `path` is, packed, packed anew or not packed; nil if it is none, or cannot be read.
  ///
  /// Only the first 64 images or labels are read, some 50 KB: a start does not get slower by the size of the files. So
  /// the beginning of a published file is recognized as well.
  public init?(idx path: String) {
    guard let found = try? Self.checksum(idx: path) else { return nil }
    for dataset in DatasetName.allCases {
      for file in dataset.descriptor.published where file.firstItems == found {
        self.init(dataset: dataset, name: file.name)
        return
      }
    }
    return nil
  }

  private static let itemCount = 64

  /// The SHA-256 of the first items of an IDX file of bytes; nil if there are fewer.
  private static func checksum(idx path: String) throws(DatasetError) -> String? {
    let stream = try FileStream(path: path).unpacked()
    let header = try stream.bytes(8)
    guard header.starts(with: [0, 0, 8]), [1, 3].contains(header[3]) else { return nil }
    var itemSize = 1
    for _ in 1..<header[3] {
      let size = Int(try stream.bytes(4).integer(UInt32.self, at: 0, bigEndian: true))
      guard ImageSize.allowed.contains(size) else { return nil }
      itemSize *= size
    }
    guard header.integer(UInt32.self, at: 4, bigEndian: true) >= itemCount else { return nil }
    var hash = ContentHash()
    hash.add(try stream.bytes(itemCount * itemSize))
    return hash.finish().hexadecimal
  }
}

extension IDXLayout {
  /// How the IDX file at `path` holds images: as the published one that it is, or else as `usual`.
  public static func ofFile(_ path: String, otherwise usual: IDXLayout) -> IDXLayout {
    RecognizedFile(idx: path)?.dataset.descriptor.idxLayout ?? usual
  }
}

extension SearchedDirectory {
  /// Checks that no file in it is known as one of another data set than `name`.
  /// - Throws: `DatasetError.otherDataset`.
  func check(_ name: DatasetName) throws(DatasetError) {
    for path in paths {
      if let found = RecognizedFile(idx: path), found.dataset != name {
        throw .otherDataset(file: path, expected: name, found: found)
      }
    }
  }
}
