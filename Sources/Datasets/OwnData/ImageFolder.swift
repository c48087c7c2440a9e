// A folder of PNG and JPEG files for each class, the convention of torchvision's ImageFolder.

import Files
import Foundation
import Images
import Synchronization

/// `DIRECTORY/CLASS/…/PICTURE`, or `DIRECTORY/train/CLASS/…/PICTURE` with `test` and `val` beside `train` where there are
/// such parts. Classes are numbered in the order of the bytes of their folders' names.
struct ImageFolder: OwnImages {
  let inventory: OwnInventory
  private let directory: String
  private let files: [ListedFile]
  private let skipped: String?
  /// How the names of pictures end.
  static let endings = [".png", ".jpg", ".jpeg"]
  /// Pictures that are decoded at the same time, before progress is told again.
  private static let batch = 64
  /// Counts the ways in which the same file has become other pixels: 2 since EXIF turns them.
  private static let decoding = 2

  var place: String { directory }
  var origins: ImageOrigins { .pictures(in: directory, files) }

  /// Lists a directory; no picture is opened.
  init(_ directory: String, size: ImageSize, channels: Int) throws(DatasetError) {
    var listing = FolderListing(directory)
    let hasParts = listing.hasFolder("train")
    let training = hasParts ? "train" : ""
    let classNames = try listing.folders(in: training)
    guard OwnDataProblem.allowedClasses.contains(classNames.count) else {
      throw .ownData(.classes(place: hasParts ? "\(directory)/train" : directory, found: classNames.count))
    }
    var files: [ListedFile] = []
    var labels: [UInt8] = []
    func add(_ part: String, _ classes: [String]) throws(DatasetError) -> Range<Int> {
      let start = labels.count
      for name in classes {
        let folder = part.isEmpty ? name : "\(part)/\(name)"
        guard let label = classNames.firstIndex(where: { $0.utf8.elementsEqual(name.utf8) }) else {
          throw .ownData(.unknownClass(folder: "\(directory)/\(folder)", training: "\(directory)/\(training)"))
        }
        let found = try listing.files(below: folder, endings: Self.endings)
        guard !found.isEmpty else { throw .ownData(.emptyClass(folder: "\(directory)/\(folder)")) }
        files += found
        labels += repeatElement(UInt8(label), count: found.count)
      }
      return start..<labels.count
    }
    func addPart(_ part: String) throws(DatasetError) -> Range<Int> {
      guard hasParts, listing.hasFolder(part) else { return labels.count..<labels.count }
      return try add(part, listing.folders(in: part))
    }
    let parts = (try add(training, classNames), try addPart("val"), try addPart("test"))
    inventory = OwnInventory(
      height: size.height, width: size.width, channels: channels, classNames: classNames, labels: labels,
      training: parts.0, validation: parts.1, test: parts.2)
    self.directory = directory
    self.files = files
    skipped = listing.leftOut(beside: Self.endings)
  }

  /// Lists a directory whose folders are classes and nothing else, however many: all pictures are of the part to test.
  /// - Parameter check: called with the names of the classes before their pictures are listed.
  init(
    testing directory: String, size: ImageSize, channels: Int, check: ([String]) throws(DatasetError) -> Void
  ) throws(DatasetError) {
    var listing = FolderListing(directory)
    let classNames = try listing.folders(in: "")
    guard (1...OwnDataProblem.allowedClasses.upperBound).contains(classNames.count) else {
      throw .ownData(.noClasses(directory: directory, found: classNames.count))
    }
    try check(classNames)
    var files: [ListedFile] = []
    var labels: [UInt8] = []
    for (label, name) in classNames.enumerated() {
      let found = try listing.files(below: name, endings: Self.endings)
      guard !found.isEmpty else { throw .ownData(.emptyClass(folder: "\(directory)/\(name)")) }
      files += found
      labels += repeatElement(UInt8(label), count: found.count)
    }
    inventory = OwnInventory(
      height: size.height, width: size.width, channels: channels, classNames: classNames, labels: labels,
      training: 0..<0, validation: 0..<0, test: 0..<labels.count)
    self.directory = listing.directory
    self.files = files
    skipped = listing.leftOut(beside: Self.endings)
  }

  func read(
    into pixels: inout ArrangedPixels, _ options: DatasetOptions, progress: () -> Void, warn: (String) -> Void
  ) throws(DatasetError) {
    let cache = PixelCache(directory: options.cache ?? PixelCache.usualDirectory, fingerprint: fingerprint, inventory)
    if cache.read(into: &pixels, progress: progress, warn: warn) {
      if let skipped { warn(skipped) }
      return
    }
    try decode(into: &pixels, progress: progress, warn: warn)
    if options.keepsDecoded { cache.write(pixels, warn: warn) }
  }

  /// Decodes all pictures, and keeps nothing of them on disk.
  /// - Throws: `DatasetError`, which names all pictures that cannot be decoded.
  func decode(
    into pixels: inout ArrangedPixels, progress: () -> Void, warn: (String) -> Void
  ) throws(DatasetError) {
    if let skipped { warn(skipped) }
    var bad = BadPictures(directory: directory, all: files.count)
    for start in stride(from: 0, to: files.count, by: Self.batch) {
      let range = start..<min(start + Self.batch, files.count)
      for (offset, result) in decode(range).enumerated() {
        do throws(ImageError) {
          let image = try result.get()
          pixels.set(start + offset, to: image.pixels)
        } catch {
          bad.add(error)
        }
      }
      progress()
    }
    if let problem = bad.problem { throw problem }
  }

  /// Decodes some pictures on all cores.
  private func decode(_ range: Range<Int>) -> [Result<Image, ImageError>] {
    let results = Mutex([Result<Image, ImageError>?](repeating: nil, count: range.count))
    let (height, width, channels) = (inventory.height, inventory.width, inventory.channels)
    DispatchQueue.concurrentPerform(iterations: range.count) { offset in
      let path = "\(directory)/\(files[range.lowerBound + offset].path)"
      let result = Result { () throws(ImageError) in
        try Image(path: path).fitted(height: height, width: width, channels: channels)
      }
      results.withLock { $0[offset] = result }
    }
    return results.withLock { $0.compactMap(\.self) }
  }

  /// Changes with every file that is added, removed, renamed or written, with the form that pictures are brought to, and
  /// with how they are decoded.
  private var fingerprint: [UInt8] {
    var hash = ContentHash()
    hash.add(Array("decoding \(Self.decoding)\n".utf8))
    hash.add(Array("\(inventory.height)x\(inventory.width)x\(inventory.channels)\n".utf8))
    for file in files { hash.add(Array("\(file.path)\0\(file.size) \(file.modified)\n".utf8)) }
    return hash.finish()
  }
}
