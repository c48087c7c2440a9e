// Images of the user's own, wherever they come from: what is known of them, and how they become a data set.

import Foundation

/// What is known of the user's own images before their pixels are read. They are numbered from 0 on, part after part.
struct OwnInventory {
  var height: Int
  var width: Int
  var channels: Int
  var classNames: [String]
  /// The class of each image.
  var labels: [UInt8]
  /// The images of each part; empty for one that is not there.
  var training: Range<Int>
  var validation: Range<Int>
  var test: Range<Int>

  /// Bytes of an image.
  var imageSize: Int { height * width * channels }
}

/// Images of the user's own.
protocol OwnImages {
  /// What is known of them.
  var inventory: OwnInventory { get }
  /// Where they are, for messages.
  var place: String { get }
  /// Which file each image is from, in the order of their numbers.
  var origins: ImageOrigins { get }

  /// Reads all images, in any order.
  func read(
    into pixels: inout ArrangedPixels, _ options: DatasetOptions, progress: () -> Void, warn: (String) -> Void
  ) throws(DatasetError)
}

extension DatasetOptions {
  /// The user's own images that these options name.
  func ownImages() throws(DatasetError) -> any OwnImages {
    switch name {
    case .published: preconditionFailure("a published data set is not the user's own")
    case .images:
      guard let directory else { throw .ownData(.noPlace(key: "directory")) }
      return try ImageFolder(
        directory, size: size ?? Self.defaultSize, channels: channels ?? Self.defaultChannels)
    case .npz:
      guard let file else { throw .ownData(.noPlace(key: "file")) }
      return try NumpyImages(FileStream(path: file))
    }
  }
}

extension OwnImages {
  /// The most images that are listed.
  static var countLimit: Int { 10_000_000 }
  /// The most bytes of pixels that are taken into memory.
  static var byteLimit: Int { 1 << 35 }

  /// Their form and number.
  func facts(_ options: DatasetOptions) -> DatasetFacts {
    let division = OwnDivision(inventory, options)
    return DatasetFacts(
      height: inventory.height, width: inventory.width, channels: inventory.channels, classNames: inventory.classNames,
      trainingCount: division.training.count, testCount: division.test.count, validationCount: division.validationCount)
  }

  /// All images, in the order of `OwnDivision`.
  func content(
    _ options: DatasetOptions, progress: () -> Void, warn: (String) -> Void
  ) throws(DatasetError) -> DatasetContent {
    let (count, size) = (inventory.labels.count, inventory.imageSize)
    guard count <= Self.byteLimit / size else {
      throw .ownData(.tooManyBytes(place: place, images: count, bytes: size, limit: Self.byteLimit))
    }
    let division = OwnDivision(inventory, options)
    var pixels = ArrangedPixels(division.training + division.test, imageSize: size)
    try read(into: &pixels, options, progress: progress, warn: warn)
    let end = division.training.count * size
    return DatasetContent(
      training: dataset(division.training, pixels.bytes[..<end]), test: dataset(division.test, pixels.bytes[end...]),
      validationCount: division.validationCount, hasValidationPart: !inventory.validation.isEmpty,
      normalization: nil, augmentation: .none)
  }

  private func dataset(_ images: [Int], _ pixels: Data) -> ImageDataset {
    ImageDataset(
      height: inventory.height, width: inventory.width, channels: inventory.channels, classNames: inventory.classNames,
      pixels: pixels, labels: images.map { inventory.labels[$0] }, origins: origins.ordered(images))
  }
}

/// The pixels of all images, each at its place in the data set whatever the order in which they are read.
struct ArrangedPixels {
  /// The images one after the other.
  private(set) var bytes: Data
  private let places: [Int]
  private let imageSize: Int

  /// Room for the images with these numbers, in this order; the numbers are 0..<`order.count`.
  init(_ order: [Int], imageSize: Int) {
    var places = [Int](repeating: 0, count: order.count)
    for (place, image) in order.enumerated() { places[image] = place }
    self.places = places
    self.imageSize = imageSize
    bytes = Data(count: order.count * imageSize)
  }

  /// Number of images.
  var count: Int { places.count }

  /// The pixels of the image with a number.
  subscript(image: Int) -> some Collection<UInt8> & ContiguousBytes {
    bytes[places[image] * imageSize..<(places[image] + 1) * imageSize]
  }

  /// Puts the pixels of the image with a number to their place.
  mutating func set(_ image: Int, to pixels: some Collection<UInt8>) {
    precondition(pixels.count == imageSize, "all images have one size")
    bytes.replaceSubrange(places[image] * imageSize..<(places[image] + 1) * imageSize, with: pixels)
  }
}
