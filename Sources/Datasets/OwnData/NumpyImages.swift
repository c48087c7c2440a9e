// Images and labels in a .npz archive, under the names that Keras and others give them.

import Files

/// An archive with arrays of images, unsigned bytes `[N, H, W]` or `[N, H, W, C]`, and of their labels, `[N]` or `[N, 1]`.
struct NumpyImages: OwnImages {
  let inventory: OwnInventory
  private let archive: ZipArchive
  /// The arrays of images of the parts that are there, and the number of their first image.
  private let arrays: [(member: ZipArchive.Member, first: Int)]
  private let path: String
  /// Names of the arrays of each part, as `mnist.npz` of Keras has them, MedMNIST, and who has but one part.
  private static let names = (
    training: [("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"), ("x", "y")],
    validation: [("x_val", "y_val"), ("val_images", "val_labels")],
    test: [("x_test", "y_test"), ("test_images", "test_labels")]
  )

  var place: String { path }

  /// Reads an archive's labels, and what form its images have.
  init(_ stream: FileStream) throws(DatasetError) {
    let path = stream.position.file
    let archive = try ZipArchive(stream)
    var arrays: [(member: ZipArchive.Member, first: Int)] = []
    var form: [Int]?
    var labels: [UInt8] = []
    func add(_ names: [(images: String, labels: String)]) throws(DatasetError) -> Range<Int> {
      let start = labels.count
      guard let name = names.first(where: { archive.array($0.images) != nil }),
        let images = archive.array(name.images)
      else { return start..<start }
      guard let classes = archive.array(name.labels) else {
        throw .ownData(.array(place: path, expected: "an array \(name.labels) beside \(name.images)", found: "none"))
      }
      let array = try NumpyArray(archive.open(images))
      let found = try Self.form(of: array, "\(path): \(name.images)")
      guard form == nil || form == found else {
        throw .ownData(
          .array(place: "\(path): \(name.images)", expected: "images like those before", found: array.description))
      }
      form = found
      let stored = try NumpyArray(archive.open(classes))
      try Self.checkLabels(stored, "\(path): \(name.labels)")
      guard stored.shape[0] == array.shape[0] else {
        throw .countMismatch(
          imagesFile: "\(path): \(name.images)", images: array.shape[0], labelsFile: "\(path): \(name.labels)",
          labels: stored.shape[0])
      }
      labels += try Self.labels(stored, "\(path): \(name.labels)")
      arrays.append((images, start))
      return start..<labels.count
    }
    let parts = (try add(Self.names.training), try add(Self.names.validation), try add(Self.names.test))
    guard let form, !parts.0.isEmpty else {
      throw .ownData(
        .array(
          place: path, expected: "images in an array x_train, train_images, images or x",
          found: archive.arrayNames.isEmpty ? "no arrays" : archive.arrayNames))
    }
    guard parts.0.count > 1 || !parts.2.isEmpty else {
      throw .ownData(
        .array(place: path, expected: "images to learn from, and one at least to test", found: "1 image in all"))
    }
    let classes = Int(labels.max() ?? 0) + 1
    guard OwnDataProblem.allowedClasses.contains(classes) else {
      throw .ownData(.classes(place: path, found: classes))
    }
    inventory = OwnInventory(
      height: form[0], width: form[1], channels: form[2], classNames: (0..<classes).map(String.init), labels: labels,
      training: parts.0, validation: parts.1, test: parts.2)
    (self.archive, self.arrays, self.path) = (archive, arrays, path)
  }

  /// Height, width and channels.
  private static func form(of array: NumpyArray, _ place: String) throws(DatasetError) -> [Int] {
    let form = array.shape.count == 3 ? array.shape[1...] + [1] : array.shape.dropFirst()
    guard array.element == .u1, form.count == 3, form.prefix(2).allSatisfy(ImageSize.allowed.contains),
      (1...64).contains(form[form.endIndex - 1]), (1...countLimit).contains(array.shape[0])
    else {
      throw .ownData(
        .array(
          place: place,
          expected: "at most \(countLimit) images of unsigned bytes, u1 (N, H, W) or (N, H, W, C)",
          found: array.description))
    }
    return Array(form)
  }

  private static func checkLabels(_ array: NumpyArray, _ place: String) throws(DatasetError) {
    guard array.shape.count == 1 || (array.shape.count == 2 && array.shape[1] == 1) else {
      throw .ownData(.array(place: place, expected: "labels of shape (N) or (N, 1)", found: array.description))
    }
  }

  private static func labels(_ array: NumpyArray, _ place: String) throws(DatasetError) -> [UInt8] {
    let highest = OwnDataProblem.allowedClasses.upperBound - 1
    var labels: [UInt8] = []
    for (index, number) in try array.integers().enumerated() {
      guard let number, (0...highest).contains(number) else {
        throw .ownData(
          .array(
            place: place, expected: "labels from 0 to \(highest)",
            found: "\(number.map(String.init) ?? "a far larger number") at \(index)"))
      }
      labels.append(UInt8(number))
    }
    return labels
  }

  func read(
    into pixels: inout ArrangedPixels, _ options: DatasetOptions, progress: () -> Void, warn: (String) -> Void
  ) throws(DatasetError) {
    var image = [UInt8](repeating: 0, count: inventory.imageSize)
    for (member, first) in arrays {
      let array = try NumpyArray(archive.open(member))
      try array.expectNumbers()
      for index in 0..<array.shape[0] {
        try array.fill(&image)
        pixels.set(first + index, to: image)
        if index % 4_096 == 0 { progress() }
      }
      try array.finish()
    }
  }
}

extension ZipArchive {
  /// The member that numpy makes for an array.
  fileprivate func array(_ name: String) -> Member? { members.first { $0.name == "\(name).npy" } }

  /// Names of the first arrays, for a message.
  fileprivate var arrayNames: String {
    members.prefix(10).map { String(reflecting: String($0.name.prefix(40))) }.joined(separator: ", ")
  }
}

extension DatasetSplits {
  /// Reads and divides the images of a `.npz` archive that somebody else has read.
  ///
  /// - Parameter name: what errors call it.
  /// - Throws: `DatasetError` if it is no archive, or does not hold images and labels.
  public init(npz bytes: [UInt8], name: String, _ options: DatasetOptions) throws(DatasetError) {
    let images = try NumpyImages(FileStream(InputFile(bytes, name: name)))
    try self.init(options, images.content(options, progress: {}, warn: { _ in }))
  }
}
