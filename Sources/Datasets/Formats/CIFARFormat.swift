// The binary files of CIFAR-10 and CIFAR-100: records of one or two label bytes and a 32×32 image, colour by colour.
// https://www.cs.toronto.edu/~kriz/cifar.html describes them.

/// Records of labels and a planar image; the last label byte is the one that counts.
struct CIFARFormat: DatasetFormat {
  var trainingFiles: [String]
  var testFiles: [String]
  var archiveFolder: String?
  /// 1, or 2 where a coarse label comes before the fine one.
  var labelBytes: Int

  var files: [String] { trainingFiles + testFiles }
  var mayBeGzipped: Bool { false }

  func read(
    _ part: DatasetPart, from files: some DatasetFiles, as descriptor: DatasetDescriptor
  ) throws(DatasetError) -> ImageDataset {
    var pixels: [UInt8] = []
    var labels: [UInt8] = []
    var origins: [(name: String, first: Int)] = []
    for file in part == .training ? trainingFiles : testFiles {
      let stream = try files.open(file)
      origins.append((stream.position.file, labels.count))
      try append(stream, descriptor, &pixels, &labels)
    }
    return descriptor.dataset(pixels: pixels, labels: labels, files: origins)
  }

  private func append(
    _ stream: FileStream, _ descriptor: DatasetDescriptor, _ pixels: inout [UInt8], _ labels: inout [UInt8]
  ) throws(DatasetError) {
    try stream.expect(stream.mostBytesLeft)
    var record = [UInt8](repeating: 0, count: labelBytes + descriptor.imageSize)
    let count = (stream.mostBytesLeft + record.count - 1) / record.count
    guard count > 0 else { throw .truncated(stream.position, expected: record.count, found: 0) }
    var target = pixels.count
    pixels.append(contentsOf: repeatElement(0, count: count * descriptor.imageSize))
    for _ in 0..<count {
      let start = stream.position
      try stream.fill(&record, 0..<record.count)
      let label = record[labelBytes - 1]
      try descriptor.check(Int(label), at: start.moved(by: labelBytes - 1))
      labels.append(label)
      PixelOrder.planar.copy(record[labelBytes...], to: &pixels, at: target, as: descriptor)
      target += descriptor.imageSize
    }
  }
}
