extension DatasetDescriptor {
  /// Xiao, Rasul and Vollgraf (arXiv 1708.07747): pieces of clothing, in the files of MNIST.
  static let fashionMNIST = DatasetDescriptor(
    name: .fashionMNIST, summary: "pieces of clothing", height: 28, width: 28, channels: 1,
    classNames: [
      "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ], trainingCount: 60_000, testCount: 10_000, validationCount: 10_000,
    normalization: Normalization(mean: [0.2860], standardDeviation: [0.3530]), augmentation: .none,
    directories: ["data/fashion-mnist", "/usr/share/datasets/fashion-mnist"],
    homepage: "https://github.com/zalandoresearch/fashion-mnist", licence: "MIT",
    debianPackage: "dataset-fashion-mnist",
    published: [
      PublishedFile(
        "train-images-idx3-ubyte.gz", in: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        size: 26_421_880,
        checksum: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        firstItems: "8b57ec7a27905f32e2729a58adc776822dfd76d3411b8e80f1b7db288fb6be28"),
      PublishedFile(
        "train-labels-idx1-ubyte.gz", in: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", size: 29_515,
        checksum: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        firstItems: "7ee6f7e733e7da0f81425151b3b7da35c63b1f63a12c95b780755eb4721e73df"),
      PublishedFile(
        "t10k-images-idx3-ubyte.gz", in: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", size: 4_422_102,
        checksum: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        firstItems: "98eadbe7918b0c6e37a4ac395b98e4ebeb0094650032fec831a84a65cf60a689"),
      PublishedFile(
        "t10k-labels-idx1-ubyte.gz", in: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", size: 5148,
        checksum: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        firstItems: "b191f45ac11924ba8ecf69a2d88fe56384dff25121cfa1aabb9f423a8c136902"),
    ],
    format: IDXFormat(trainingPrefix: "train", testPrefix: "t10k"))
}
