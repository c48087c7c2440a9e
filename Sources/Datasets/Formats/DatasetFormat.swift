// What every file format offers, and what they share: the order of pixels and the meaning of labels.

import Foundation

/// The two sets of files that every data set comes in.
public enum DatasetPart: Sendable {
  /// Images to learn from, those held out for validation included.
  case training
  /// Images that decide about nothing.
  case test
}

/// Where the files of a data set are.
protocol DatasetFiles {
  /// The bytes of one of the format's files, packed or not.
  func open(_ file: String) throws(DatasetError) -> FileStream
}

/// A way in which labelled images are stored in files.
protocol DatasetFormat: Sendable {
  /// Names of all files.
  var files: [String] { get }
  /// Whether each file may also be there as `NAME.gz`.
  var mayBeGzipped: Bool { get }
  /// Folder that the official archive unpacks to.
  var archiveFolder: String? { get }

  /// Reads and checks one part.
  func read(
    _ part: DatasetPart, from files: some DatasetFiles, as descriptor: DatasetDescriptor
  ) throws(DatasetError) -> ImageDataset
}

/// The order in which a file stores the pixels of an image.
enum PixelOrder: Sendable {
  /// `[H, W, C]`, as in memory.
  case interleaved
  /// `[C, H, W]`.
  case planar
  /// `[C, W, H]`, column after column.
  case columnMajor

  /// Copies one stored image from the front of `stored` to `pixels` at `start`, as `[H, W, C]`.
  func copy(_ stored: ArraySlice<UInt8>, to pixels: inout [UInt8], at start: Int, as image: DatasetDescriptor) {
    let (height, width, channels) = (image.height, image.width, image.channels)
    let (rowStep, columnStep, channelStep) =
      switch self {
      case .interleaved: (width * channels, channels, 1)
      case .planar: (width, 1, height * width)
      case .columnMajor: (1, height, height * width)
      }
    var target = start
    for row in 0..<height {
      for column in 0..<width {
        var source = stored.startIndex + row * rowStep + column * columnStep
        for _ in 0..<channels {
          pixels[target] = stored[source]
          target += 1
          source += channelStep
        }
      }
    }
  }
}

extension DatasetDescriptor {
  /// Bytes of one image.
  var imageSize: Int { height * width * channels }

  /// Checks a stored label, counted from `first` on.
  func check(_ label: Int, first: Int = 0, at position: @autoclosure () -> FilePosition) throws(DatasetError) {
    let allowed = first...first + classes - 1
    guard allowed.contains(label) else {
      throw .labelOutOfRange(position(), label: label, allowed: allowed, classes: classes)
    }
  }

  /// The data set made of checked pixels and labels, and the files that images are from, with the number of the first
  /// image of each.
  func dataset(pixels: [UInt8], labels: [UInt8], files: [(name: String, first: Int)]) -> ImageDataset {
    ImageDataset(name, pixels: Data(pixels), labels: labels, origins: .arrays(files))
  }
}
