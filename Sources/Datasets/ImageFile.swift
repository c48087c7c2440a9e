// A file of pictures, whatever its format.

import Files
import Images

/// One picture in a PNG or JPEG file, or all those of an IDX file or an archive of numpy.
public enum ImageFile: Sendable {
  /// A PNG or JPEG file.
  case single(Image)
  /// An IDX file, or the images of a `.npz` archive.
  case many(ImageArray)

  /// What a file begins like.
  enum Kind {
    case idx
    case npz
    /// A picture, or something unknown.
    case picture

    /// Looks at the first bytes of a file.
    /// - Throws: `DatasetError.unreadable`.
    init(path: String) throws(DatasetError) {
      var first = [UInt8](repeating: 0, count: 8)
      let count = try FileStream(path: path).read(into: &first, 0..<first.count)
      first = Array(first.prefix(count))
      if first.starts(with: [0, 0, 8]) || first.starts(with: [0x1f, 0x8b]) {
        self = .idx
      } else {
        self = first.starts(with: Array("PK".utf8)) ? .npz : .picture
      }
    }
  }

  /// Reads a file; its content decides what it is.
  /// - Parameter isTransposed: whether images are mirrored at their diagonals if it is an IDX file. Pictures of other
  ///   formats are upright.
  /// - Throws: `DatasetError` if it cannot be read, or is none of these.
  public init(path: String, isTransposed: @autoclosure () -> Bool = false) throws(DatasetError) {
    switch try Kind(path: path) {
    case .idx: self = .many(try ImageArray(idx: path, isTransposed: isTransposed()))
    case .npz:
      let images = try ImageArray(npz: path)
      guard images.channels == 1 || images.channels == 3 else {
        throw .ownData(
          .array(place: path, expected: "images of 1 or 3 channels", found: "images of \(images.channels)"))
      }
      self = .many(images)
    case .picture:
      do throws(ImageError) { self = .single(try Image(path: path)) } catch { throw .image(error) }
    }
  }

  /// All PNG and JPEG files in a folder and in the folders in it, sorted by the bytes of their paths, and one line about
  /// what was left out; nil if nothing was.
  /// - Throws: `DatasetError` if it cannot be listed, or has no pictures.
  public static func pictures(in folder: String) throws(DatasetError) -> (paths: [String], leftOut: String?) {
    var listing = FolderListing(folder)
    let files = try listing.files(below: "", endings: ImageFolder.endings)
    guard !files.isEmpty else { throw .ownData(.noPictures(directory: folder)) }
    return (files.map { "\(listing.directory)/\($0.path)" }, listing.leftOut(beside: ImageFolder.endings))
  }

  /// Number of pictures.
  public var count: Int {
    switch self {
    case .single: 1
    case .many(let images): images.count
    }
  }

  /// Picture `index`, 0..<`count`.
  public func image(at index: Int) -> Image {
    switch self {
    case .single(let image): image
    case .many(let images): images.image(at: index)
    }
  }
}
