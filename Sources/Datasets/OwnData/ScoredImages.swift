// Images that a saved network is scored on: a folder of pictures for each class, arrays of numpy, or a pair of IDX files.
// They are brought to the network's size and channels, and their classes are found among its own.

import Foundation
import Images

/// What a network has to be told about to be scored: the form of its images and its classes.
public struct ScoringOptions: Sendable {
  /// A part of an archive.
  public enum Part: String, CaseIterable, Sendable {
    case test
    case validation
  }

  /// Rows of the network's images.
  public var height: Int
  /// Columns of its images.
  public var width: Int
  /// Channels of its images.
  public var channels: Int
  /// The classes that it tells apart.
  public var classes: ClassList
  /// How IDX files hold images that are none of the published ones.
  public var idxLayout: IDXLayout
  /// Whether that also holds for published files.
  public var isLayoutCertain: Bool
  /// The IDX file of the labels; nil for the one that belongs to the images by its name.
  public var labels: String?
  /// Which images of a `.npz` archive; nil for those to test, or all of an archive without such.
  public var part: Part?

  /// Options for a network.
  public init(
    height: Int, width: Int, channels: Int, classes: ClassList, idxLayout: IDXLayout, isLayoutCertain: Bool = false,
    labels: String? = nil, part: Part? = nil
  ) {
    (self.height, self.width, self.channels, self.classes) = (height, width, channels, classes)
    (self.idxLayout, self.isLayoutCertain, self.labels, self.part) = (idxLayout, isLayoutCertain, labels, part)
  }
}

extension ImageDataset {
  /// Reads all images of a folder of folders, of an archive of numpy, or of a pair of IDX files, as a network sees them.
  ///
  /// - Parameters:
  ///   - progress: called now and then while files are read.
  ///   - warn: told what is left out.
  /// - Throws: `DatasetError` if they cannot be read, have no labels, or are of a class that the network does not know.
  public init(
    scoring path: String, _ options: ScoringOptions, progress: () -> Void = {}, warn: (String) -> Void = { _ in }
  ) throws(DatasetError) {
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      try Self.refuse(options.part != nil, "--part", for: path, "a folder is scored whole")
      try Self.refuse(options.labels != nil, "--labels", for: path, "its folders are the classes")
      self = try Self.folder(path, options, progress, warn)
      return
    }
    switch try ImageFile.Kind(path: path) {
    case .npz:
      try Self.refuse(options.labels != nil, "--labels", for: path, "the archive has them")
      self = try Self.archive(path, options)
    case .idx:
      try Self.refuse(options.part != nil, "--part", for: path, "an IDX file is scored whole")
      self = try Self.idx(path, options)
    case .picture:
      throw .ownData(
        .noLabels(
          file: path, cure: "name a folder with a folder for each class, or ask odn predict for the answer alone"))
    }
  }

  private static func refuse(
    _ isGiven: Bool, _ option: String, for path: String, _ reason: String
  ) throws(DatasetError) {
    if isGiven { throw .ownData(.uselessOption(option, place: path, reason: reason)) }
  }

  private static func folder(
    _ path: String, _ options: ScoringOptions, _ progress: () -> Void, _ warn: (String) -> Void
  ) throws(DatasetError) -> ImageDataset {
    guard [1, 3].contains(options.channels) else {
      throw .ownData(.channels(place: path, network: options.channels))
    }
    let folder = try ImageFolder(
      testing: path, size: ImageSize(height: options.height, width: options.width), channels: options.channels
    ) { names throws(DatasetError) in
      for name in names where options.classes.label(of: name) == nil {
        throw .unknownClass(place: path, name: name, known: options.classes.names)
      }
    }
    let inventory = folder.inventory
    guard inventory.labels.count <= ImageFolder.byteLimit / inventory.imageSize else {
      throw .ownData(
        .tooManyBytes(
          place: path, images: inventory.labels.count, bytes: inventory.imageSize, limit: ImageFolder.byteLimit))
    }
    var pixels = ArrangedPixels(Array(inventory.labels.indices), imageSize: inventory.imageSize)
    try folder.decode(into: &pixels, progress: progress, warn: warn)
    return try ImageDataset(
      height: inventory.height, width: inventory.width, channels: inventory.channels, classNames: inventory.classNames,
      pixels: pixels.bytes, labels: inventory.labels, origins: folder.origins
    ).relabelled(as: options.classes, place: path)
  }

  private static func archive(_ path: String, _ options: ScoringOptions) throws(DatasetError) -> ImageDataset {
    let archive = try ZipArchive(FileStream(path: path))
    let parts =
      switch options.part {
      case .test: [NumpyImages.names.test]
      case .validation: [NumpyImages.names.validation]
      case nil: [NumpyImages.names.test, NumpyImages.names.training]
      }
    for names in parts {
      guard let part = try LabelledArray(names, archive, path) else { continue }
      let images = try ImageArray(part.array, "\(path): \(part.name)")
      return try images.dataset(part.labels.map(Int.init), options, origin: "\(path):\(part.name)")
    }
    let expected = parts.joined().map(\.images).joined(separator: ", ")
    throw .ownData(.array(place: path, expected: "images in an array \(expected)", found: archive.found))
  }

  private static func idx(_ path: String, _ options: ScoringOptions) throws(DatasetError) -> ImageDataset {
    let labelsFile = if let given = options.labels { given } else { try labelsFile(of: path) }
    // Images and labels are told apart by themselves: somebody may have labelled published images anew.
    let layout =
      options.isLayoutCertain ? options.idxLayout : IDXLayout.ofFile(path, otherwise: options.idxLayout)
    let known = RecognizedFile(idx: labelsFile)?.dataset.descriptor
    let stream = try FileStream(path: labelsFile).unpacked()
    let stored = try stream.bytes(stream.idxSizes(dimensions: 1)[0])
    try stream.expectEnd()
    let images = try ImageArray(idx: path, isTransposed: layout.isTransposed)
    guard images.count == stored.count else {
      throw .countMismatch(imagesFile: path, images: images.count, labelsFile: labelsFile, labels: stored.count)
    }
    let firstLabel = (known?.idxLayout ?? options.idxLayout).firstLabel
    return try images.dataset(
      stored.map { Int($0) - firstLabel }, options, firstLabel: firstLabel, names: known?.classNames, origin: path)
  }

  /// The file of labels that belongs to one of images as MNIST's names have it.
  private static func labelsFile(of images: String) throws(DatasetError) -> String {
    let folder = images.lastIndex(of: "/").map { String(images[...$0]) } ?? ""
    let name = String(images.dropFirst(folder.count))
    let labels = name.replacing("images", with: "labels").replacing("idx3", with: "idx1")
    let plain = labels.hasSuffix(".gz") ? String(labels.dropLast(3)) : labels
    let candidates = [labels, plain, plain + ".gz"].filter { $0 != name }.map { folder + $0 }
    guard let found = candidates.first(where: FileManager.default.fileExists(atPath:)) else {
      throw .ownData(.noLabels(file: images, cure: "name their file with --labels"))
    }
    return found
  }
}

extension DatasetSplits {
  /// Images that a network is scored on, all of them in the part `test`; the other parts are empty.
  /// - Precondition: the normalization is one of as many channels as the images have.
  public init(scoring images: ImageDataset, normalization: Normalization) {
    let none = ImageDataset(
      height: images.height, width: images.width, channels: images.channels, classNames: images.classNames,
      pixels: Data(), labels: [])
    self.init(
      train: DatasetSplit(none), validation: DatasetSplit(none), test: DatasetSplit(images),
      normalization: normalization)
  }
}

extension ImageArray {
  /// The images as a network sees them, with labels that are numbers of classes.
  /// - Parameters:
  ///   - firstLabel: what the file counts as class 0.
  ///   - names: the classes that these numbers are places of; nil if they are only numbers.
  ///   - origin: the file that they are from.
  fileprivate func dataset(
    _ numbers: [Int], _ options: ScoringOptions, firstLabel: Int = 0, names: [String]? = nil, origin: String
  ) throws(DatasetError) -> ImageDataset {
    try options.classes.checkCount(origin)
    var labels: [UInt8] = []
    labels.reserveCapacity(numbers.count)
    for number in numbers {
      let name = names.flatMap { $0.indices.contains(number) ? $0[number] : nil }
      let label =
        if let name { options.classes.label(of: name) } else { options.classes.label(ofNumber: number) }
      guard let label else {
        throw .unknownClass(place: origin, name: name ?? "\(number + firstLabel)", known: options.classes.names)
      }
      labels.append(UInt8(label))
    }
    var (height, width, channels) = (self.height, self.width, self.channels)
    var fitted = Data(pixels)
    if (height, width, channels) != (options.height, options.width, options.channels) && [1, 3].contains(channels)
      && [1, 3].contains(options.channels)
    {
      (height, width, channels) = (options.height, options.width, options.channels)
      fitted = Data(capacity: count * height * width * channels)
      for index in 0..<count {
        fitted += image(at: index).fitted(height: height, width: width, channels: channels).pixels
      }
    }
    return ImageDataset(
      height: height, width: width, channels: channels, classNames: options.classes.names, pixels: fitted,
      labels: labels, origins: .arrays([(origin, 0)]))
  }
}
