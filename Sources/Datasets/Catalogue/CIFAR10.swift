extension DatasetDescriptor {
  /// Krizhevsky, "Learning multiple layers of features from tiny images" (2009): photographs of ten kinds of things.
  static let cifar10 = DatasetDescriptor(
    name: .cifar10, summary: "small photographs of animals and vehicles", height: 32, width: 32, channels: 3,
    classNames: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
    trainingCount: 50_000, testCount: 10_000, validationCount: 5_000, normalization: .unitInterval(channels: 3),
    augmentation: .cropAndFlip, directories: ["data/cifar10"],
    homepage: "https://www.cs.toronto.edu/~kriz/cifar.html (binary version)", licence: nil, debianPackage: nil,
    published: [
      PublishedFile(
        "cifar-10-binary.tar.gz", in: "https://www.cs.toronto.edu/~kriz", size: 170_052_171,
        checksum: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd", archive: .tar)
    ],
    format: CIFARFormat(
      trainingFiles: (1...5).map { "data_batch_\($0).bin" }, testFiles: ["test_batch.bin"],
      archiveFolder: "cifar-10-batches-bin", labelBytes: 1))
}
