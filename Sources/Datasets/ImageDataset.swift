// Labelled images in memory, and views of them.

import Foundation

/// Labelled images, whole in memory: pixels `[N, H, W, C]` in bytes, one label per image.
public struct ImageDataset: Sendable {
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Colour channels of an image.
  public let channels: Int
  /// The classes, in the order of their labels.
  public let classNames: [String]
  /// All images one after the other, `[N, H, W, C]`: bytes of their own, or ones that several processes share.
  public let pixels: Data
  /// The class of each image, 0..<`classes`.
  public let labels: [UInt8]
  /// Which file each image is from, where that is known.
  public let origins: ImageOrigins?

  /// Images already in memory. There must be `height·width·channels` pixels per label, and every label needs a name.
  public init(
    height: Int, width: Int, channels: Int, classNames: [String], pixels: Data, labels: [UInt8],
    origins: ImageOrigins? = nil
  ) {
    precondition(min(height, width, channels) >= 1, "an image has at least one pixel")
    precondition(pixels.count == labels.count * height * width * channels, "every image has one label")
    precondition(labels.allSatisfy { $0 < classNames.count }, "every label has a class")
    self.height = height
    self.width = width
    self.channels = channels
    self.classNames = classNames
    self.pixels = pixels
    self.labels = labels
    self.origins = origins
  }

  /// Images of the data set `name` that are in memory already, for which the same holds.
  public init(_ name: DatasetName, pixels: Data, labels: [UInt8], origins: ImageOrigins? = nil) {
    let descriptor = name.descriptor
    self.init(
      height: descriptor.height, width: descriptor.width, channels: descriptor.channels,
      classNames: descriptor.classNames, pixels: pixels, labels: labels, origins: origins)
  }

  /// Number of images.
  public var count: Int { labels.count }
  /// Number of classes.
  public var classes: Int { classNames.count }
  /// Bytes of one image, `height·width·channels`.
  public var imageSize: Int { height * width * channels }
}

/// Consecutive images of a data set: a view, which copies nothing.
public struct DatasetSplit: Sendable {
  /// The images it is a part of.
  public let dataset: ImageDataset
  /// The images that belong to it.
  public let range: Range<Int>

  /// The images `range` of `dataset`, all by default; they must exist.
  public init(_ dataset: ImageDataset, range: Range<Int>? = nil) {
    let range = range ?? 0..<dataset.count
    precondition(range.lowerBound >= 0 && range.upperBound <= dataset.count, "a split lies inside its data set")
    self.dataset = dataset
    self.range = range
  }

  /// Number of images.
  public var count: Int { range.count }

  /// The class of image `index`, 0..<`count`.
  public func label(at index: Int) -> UInt8 { dataset.labels[position(of: index)] }

  /// The number of images of each class.
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: dataset.classes)
    for label in dataset.labels[range] { counts[Int(label)] += 1 }
    return counts
  }

  /// The pixels `[H, W, C]` of image `index`, 0..<`count`.
  public func image(at index: Int) -> Data {
    let start = dataset.pixels.startIndex + position(of: index) * dataset.imageSize
    return dataset.pixels[start..<start + dataset.imageSize]
  }

  /// Which file image `index`, 0..<`count`, is from; nil if that is not known.
  public func origin(at index: Int) -> ImageOrigin? { dataset.origins?[position(of: index)] }

  /// The place of image `index` of the split in the whole data set.
  func position(of index: Int) -> Int {
    precondition(index >= 0 && index < count, "a split of \(count) images has no image \(index)")
    return range.lowerBound + index
  }
}
