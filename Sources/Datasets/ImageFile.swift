// A file of pictures, whatever its format.

import Files
import Images

/// One picture in a PNG or JPEG file, or all those of an IDX file.
public enum ImageFile: Sendable {
  /// A PNG or JPEG file.
  case single(Image)
  /// An IDX file.
  case many(IDXImages)

  /// Reads a file; its content decides what it is.
  /// - Throws: `DatasetError` if it cannot be read, or is none of these.
  public init(path: String) throws(DatasetError) {
    var first = [UInt8](repeating: 0, count: 8)
    let count = try FileStream(path: path).read(into: &first, 0..<first.count)
    first = Array(first.prefix(count))
    let isIDX = first.starts(with: [0, 0, 8]) || first.starts(with: [0x1f, 0x8b])
    if isIDX {
      self = .many(try IDXImages(path: path))
    } else {
      do throws(ImageError) { self = .single(try Image(path: path)) } catch { throw .image(error) }
    }
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
