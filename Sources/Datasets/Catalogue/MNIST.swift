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
        checksum: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        firstItems: "8d39e44e6338012421c8a1764cc4a2b80bd566daa4108bd7208810118debdb12"),
      PublishedFile(
        "train-labels-idx1-ubyte.gz", in: "https://storage.googleapis.com/cvdf-datasets/mnist", size: 28_881,
        checksum: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        firstItems: "6b97cd99a2401aa9634c6d3f0a6977944e56bd800bf933144fa625bc6e528953"),
      PublishedFile(
        "t10k-images-idx3-ubyte.gz", in: "https://storage.googleapis.com/cvdf-datasets/mnist", size: 1_648_877,
        checksum: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        firstItems: "a54ab024ca9bf945983ce27bac51023b2ff96f55fe797a69c236a99ae8bdd152"),
      PublishedFile(
        "t10k-labels-idx1-ubyte.gz", in: "https://storage.googleapis.com/cvdf-datasets/mnist", size: 4542,
        checksum: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        firstItems: "9e0e6fbe6a571a65a24c749d0289c7005a8b4dbc77827e756eae5d532b205913"),
    ],
    format: IDXFormat(trainingPrefix: "train", testPrefix: "t10k"))
}
