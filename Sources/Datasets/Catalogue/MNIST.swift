extension DatasetDescriptor {
  /// LeCun, Cortes and Burges: handwritten digits.
  static let mnist = DatasetDescriptor(
    name: .mnist, summary: "handwritten digits", height: 28, width: 28, channels: 1,
    classNames: (0...9).map(String.init), trainingCount: 60_000, testCount: 10_000, validationCount: 10_000,
    normalization: Normalization(mean: [0.1307], standardDeviation: [0.3081]), augmentation: .none,
    directories: ["data/mnist"], homepage: "http://yann.lecun.com/exdb/mnist/", licence: nil, debianPackage: nil,
    published: [
      PublishedFile(
        "train-images-idx3-ubyte.gz", in: "https://storage.googleapis.com/cvdf-datasets/mnist", size: 9_912_422,
        checksum: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
      PublishedFile(
        "train-labels-idx1-ubyte.gz", in: "https://storage.googleapis.com/cvdf-datasets/mnist", size: 28_881,
        checksum: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
      PublishedFile(
        "t10k-images-idx3-ubyte.gz", in: "https://storage.googleapis.com/cvdf-datasets/mnist", size: 1_648_877,
        checksum: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      PublishedFile(
        "t10k-labels-idx1-ubyte.gz", in: "https://storage.googleapis.com/cvdf-datasets/mnist", size: 4542,
        checksum: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ],
    format: IDXFormat(trainingPrefix: "train", testPrefix: "t10k"))
}
