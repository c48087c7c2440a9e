// IDX, the format of MNIST and its relatives: a magic number, big-endian sizes, bytes. MNIST's home page describes it.

/// Images in `PREFIX-images-idx3-ubyte`, labels in `PREFIX-labels-idx1-ubyte`.
struct IDXFormat: DatasetFormat {
  var trainingPrefix: String
  var testPrefix: String
  var archiveFolder: String?
  var layout = IDXLayout.upright

  var files: [String] {
    [DatasetPart.training, .test].flatMap { [imagesFile($0), labelsFile($0)] }
  }
  var mayBeGzipped: Bool { true }

  private func imagesFile(_ part: DatasetPart) -> String { prefix(part) + "-images-idx3-ubyte" }
  private func labelsFile(_ part: DatasetPart) -> String { prefix(part) + "-labels-idx1-ubyte" }
  private func prefix(_ part: DatasetPart) -> String { part == .training ? trainingPrefix : testPrefix }

  func read(
    _ part: DatasetPart, from files: some DatasetFiles, as descriptor: DatasetDescriptor
  ) throws(DatasetError) -> ImageDataset {
    let labelsStream = try files.open(labelsFile(part)).unpacked()
    let labels = try readLabels(labelsStream, descriptor)
    let imagesStream = try files.open(imagesFile(part)).unpacked()
    let pixels = try readImages(imagesStream, descriptor)
    let images = pixels.count / descriptor.imageSize
    guard images == labels.count else {
      throw .countMismatch(
        imagesFile: imagesStream.position.file, images: images, labelsFile: labelsStream.position.file,
        labels: labels.count)
    }
    return descriptor.dataset(pixels: pixels, labels: labels, files: [(imagesStream.position.file, 0)])
  }

  private func readImages(_ stream: any ByteStream, _ descriptor: DatasetDescriptor) throws(DatasetError) -> [UInt8] {
    let count = try readHeader(stream, itemShape: [descriptor.height, descriptor.width])
    let stored = try stream.bytes(count * descriptor.imageSize)
    try stream.expectEnd()
    if !layout.isTransposed { return stored }
    var pixels = stored
    for start in stride(from: 0, to: stored.count, by: descriptor.imageSize) {
      PixelOrder.columnMajor.copy(stored[start...], to: &pixels, at: start, as: descriptor)
    }
    return pixels
  }

  private func readLabels(_ stream: any ByteStream, _ descriptor: DatasetDescriptor) throws(DatasetError) -> [UInt8] {
    let count = try readHeader(stream, itemShape: [])
    let start = stream.position
    var labels = try stream.bytes(count)
    try stream.expectEnd()
    for index in labels.indices {
      try descriptor.check(Int(labels[index]), first: layout.firstLabel, at: start.moved(by: index))
      labels[index] -= UInt8(layout.firstLabel)
    }
    return labels
  }

  /// Checks the header of a file of unsigned bytes, and returns its number of items.
  private func readHeader(_ stream: any ByteStream, itemShape: [Int]) throws(DatasetError) -> Int {
    let start = stream.position
    let sizes = try stream.idxSizes(dimensions: 1 + itemShape.count)
    for (index, size) in itemShape.enumerated() where sizes[1 + index] != size {
      throw .malformed(
        start.moved(by: 8 + 4 * index), expected: "images of \(itemShape[0])x\(itemShape[1])",
        found: "\(sizes[1])x\(sizes[2])")
    }
    guard sizes[0] > 0 else { throw .malformed(start.moved(by: 4), expected: "at least one item", found: "none") }
    return sizes[0]
  }
}
