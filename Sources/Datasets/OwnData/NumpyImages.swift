// Images and labels in a .npz archive, under the names that Keras and others give them.

import Files

/// An archive with arrays of images, unsigned bytes `[N, H, W]` or `[N, H, W, C]`, and of their labels, `[N]` or `[N, 1]`.
struct NumpyImages: OwnImages {
  let inventory: OwnInventory
  private let archive: ZipArchive
  /// The arrays of images of the parts that are there, their names, and the number of their first image.
  private let arrays: [(member: ZipArchive.Member, name: String, first: Int)]
  private let path: String
  typealias ArrayNames = (images: String, labels: String)
  /// Names of the arrays of each part, as `mnist.npz` of Keras has them, MedMNIST, and who has but one part.
  static let names: (training: [ArrayNames], validation: [ArrayNames], test: [ArrayNames]) = (
    training: [("x_train", "y_train"), ("train_images", "train_labels"), ("images", "labels"), ("x", "y")],
    validation: [("x_val", "y_val"), ("val_images", "val_labels")],
    test: [("x_test", "y_test"), ("test_images", "test_labels")]
  )

  var place: String { path }
  var origins: ImageOrigins { .arrays(arrays.map { ("\(path):\($0.name)", $0.first) }) }

  /// Reads an archive's labels, and what form its images have.
  init(_ stream: FileStream) throws(DatasetError) {
    let path = stream.position.file
    let archive = try ZipArchive(stream)
    var arrays: [(member: ZipArchive.Member, name: String, first: Int)] = []
    var form: [Int]?
    var labels: [UInt8] = []
    func add(_ names: [ArrayNames]) throws(DatasetError) -> Range<Int> {
      let start = labels.count
      guard let part = try LabelledArray(names, archive, path) else { return start..<start }
      guard form == nil || form == part.form else {
        throw .ownData(
          .array(
            place: "\(path): \(part.name)", expected: "images like those before", found: part.array.description))
      }
      form = part.form
      labels += part.labels
      arrays.append((part.member, part.name, start))
      return start..<labels.count
    }
    let parts = (try add(Self.names.training), try add(Self.names.validation), try add(Self.names.test))
    guard let form, !parts.0.isEmpty else {
      throw .ownData(
        .array(
          place: path, expected: "images in an array x_train, train_images, images or x",
          found: archive.found))
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

  func read(
    into pixels: inout ArrangedPixels, _ options: DatasetOptions, progress: () -> Void, warn: (String) -> Void
  ) throws(DatasetError) {
    var image = [UInt8](repeating: 0, count: inventory.imageSize)
    for (member, _, first) in arrays {
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
