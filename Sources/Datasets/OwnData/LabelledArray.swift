// Arrays of images in a .npz archive, with the labels that belong to them or without.

/// An array of images and the one of their labels, whose numbers are read already.
struct LabelledArray {
  /// The name of the array of images.
  let name: String
  let member: ZipArchive.Member
  let array: NumpyArray
  /// Height, width and channels.
  let form: [Int]
  let labels: [UInt8]

  /// The first of `names` that the archive at `path` has an array of images for; nil if it has none of them.
  /// - Throws: `DatasetError` if it has no labels for it, or the arrays are none of images and labels.
  init?(_ names: [NumpyImages.ArrayNames], _ archive: ZipArchive, _ path: String) throws(DatasetError) {
    guard let name = names.first(where: { archive.array($0.images) != nil }), let images = archive.array(name.images)
    else { return nil }
    guard let classes = archive.array(name.labels) else {
      throw .ownData(.array(place: path, expected: "an array \(name.labels) beside \(name.images)", found: "none"))
    }
    array = try NumpyArray(archive.open(images))
    form = try Self.form(of: array, "\(path): \(name.images)")
    let stored = try NumpyArray(archive.open(classes))
    try Self.checkLabels(stored, "\(path): \(name.labels)")
    guard stored.shape[0] == array.shape[0] else {
      throw .countMismatch(
        imagesFile: "\(path): \(name.images)", images: array.shape[0], labelsFile: "\(path): \(name.labels)",
        labels: stored.shape[0])
    }
    labels = try Self.labels(stored, "\(path): \(name.labels)")
    (self.name, member) = (name.images, images)
  }

  /// Height, width and channels.
  static func form(of array: NumpyArray, _ place: String) throws(DatasetError) -> [Int] {
    let form = array.shape.count == 3 ? array.shape[1...] + [1] : array.shape.dropFirst()
    guard array.element == .u1, form.count == 3, form.prefix(2).allSatisfy(ImageSize.allowed.contains),
      (1...64).contains(form[form.endIndex - 1]), (1...NumpyImages.countLimit).contains(array.shape[0])
    else {
      throw .ownData(
        .array(
          place: place,
          expected: "at most \(NumpyImages.countLimit) images of unsigned bytes, u1 (N, H, W) or (N, H, W, C)",
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
}

extension ImageArray {
  /// The images of a `.npz` archive: those of its part for tests where it has one, or else the first that it has.
  /// - Throws: `DatasetError` if it is no archive, or has no images.
  init(npz path: String) throws(DatasetError) {
    let archive = try ZipArchive(FileStream(path: path))
    let parts = [NumpyImages.names.test, NumpyImages.names.training, NumpyImages.names.validation]
    let names = parts.joined().map(\.images)
    guard let name = names.first(where: { archive.array($0) != nil }), let member = archive.array(name) else {
      throw .ownData(
        .array(
          place: path, expected: "images in an array \(names.joined(separator: ", "))", found: archive.found))
    }
    try self.init(NumpyArray(archive.open(member)), "\(path): \(name)")
  }

  /// All images of an array, which `place` names.
  init(_ array: NumpyArray, _ place: String) throws(DatasetError) {
    let form = try LabelledArray.form(of: array, place)
    try array.expectNumbers()
    guard array.count <= NumpyImages.byteLimit else {
      let size = array.count / array.shape[0]
      throw .ownData(
        .tooManyBytes(place: place, images: array.shape[0], bytes: size, limit: NumpyImages.byteLimit))
    }
    var pixels = [UInt8](repeating: 0, count: array.count)
    try array.fill(&pixels)
    try array.finish()
    self.init(count: array.shape[0], height: form[0], width: form[1], channels: form[2], pixels: pixels)
  }
}

extension ZipArchive {
  /// The member that numpy makes for an array.
  func array(_ name: String) -> Member? { members.first { $0.name == "\(name).npy" } }

  /// Names of the first arrays, for a message.
  var found: String {
    let names = members.prefix(10).map { String(reflecting: String($0.name.prefix(40))) }
    return names.isEmpty ? "no arrays" : names.joined(separator: ", ")
  }
}
