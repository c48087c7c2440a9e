// SVHN's cropped digits: MATLAB files with the images X (32×32×3×N bytes) and the labels y (N×1, 10 for the digit 0).

/// `train_32x32.mat` and `test_32x32.mat`.
struct SVHNFormat: DatasetFormat {
  var files: [String] { [file(.training), file(.test)] }
  var mayBeGzipped: Bool { false }
  var archiveFolder: String? { nil }

  private func file(_ part: DatasetPart) -> String { part == .training ? "train_32x32.mat" : "test_32x32.mat" }

  func read(
    _ part: DatasetPart, from files: some DatasetFiles, as descriptor: DatasetDescriptor
  ) throws(DatasetError) -> ImageDataset {
    let file = try MATLABFile(files.open(file(part)))
    var pixels: [UInt8]?
    var labels: [UInt8]?
    while let variable = try file.nextVariable() {
      switch variable.name {
      case "X": pixels = try readImages(variable, descriptor)
      case "y": labels = try readLabels(variable, descriptor)
      default: continue
      }
      try variable.finish()
    }
    guard let pixels, let labels else {
      throw .malformed(file.position, expected: "a variable \(pixels == nil ? "X" : "y")", found: "the end of the file")
    }
    let images = pixels.count / descriptor.imageSize
    guard images == labels.count else {
      let path = file.position.file
      throw .countMismatch(imagesFile: "\(path) (X)", images: images, labelsFile: "\(path) (y)", labels: labels.count)
    }
    return descriptor.dataset(pixels: pixels, labels: labels, files: [(file.position.file, 0)])
  }

  private func readImages(
    _ variable: MATLABVariable, _ descriptor: DatasetDescriptor
  ) throws(DatasetError) -> [UInt8] {
    let shape = [descriptor.height, descriptor.width, descriptor.channels]
    // MATLAB drops a last dimension of 1.
    let dimensions = variable.dimensions.count == 3 ? variable.dimensions + [1] : variable.dimensions
    guard dimensions.count == 4, Array(dimensions[..<3]) == shape, dimensions[3] > 0, variable.type == .uint8 else {
      throw .malformed(
        variable.start, expected: "X of \(shape.map(String.init).joined(separator: "x"))xN bytes",
        found: variable.description)
    }
    try variable.expectCount(dimensions[3] * descriptor.imageSize)
    var stored = [UInt8](repeating: 0, count: descriptor.imageSize)
    var pixels = [UInt8](repeating: 0, count: variable.byteCount)
    for start in stride(from: 0, to: pixels.count, by: stored.count) {
      try variable.fill(&stored)
      PixelOrder.columnMajor.copy(stored[...], to: &pixels, at: start, as: descriptor)
    }
    return pixels
  }

  private func readLabels(
    _ variable: MATLABVariable, _ descriptor: DatasetDescriptor
  ) throws(DatasetError) -> [UInt8] {
    let count = variable.dimensions.max() ?? 0
    guard variable.dimensions.count == 2, variable.dimensions.min() == 1 else {
      throw .malformed(variable.start, expected: "y of Nx1 labels", found: variable.description)
    }
    try variable.expectCount(count)
    var stored = [UInt8](repeating: 0, count: variable.byteCount)
    try variable.fill(&stored)
    var labels: [UInt8] = []
    labels.reserveCapacity(count)
    for index in 0..<count {
      let position = variable.start.moved(by: index * variable.type.size)
      let value = variable.type.value(in: stored, at: index, bigEndian: variable.bigEndian)
      guard let label = Int(exactly: value) else {
        throw .malformed(position, expected: "a whole number as label", found: "\(value)")
      }
      try descriptor.check(label, first: 1, at: position)
      labels.append(UInt8(label % 10))
    }
    return labels
  }
}
