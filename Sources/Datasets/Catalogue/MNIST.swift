extension DatasetDescriptor {
  /// LeCun, Cortes and Burges: handwritten digits.
  static let mnist = DatasetDescriptor(
    name: .mnist, summary: "handwritten digits", height: 28, width: 28, channels: 1,
    classNames: (0...9).map(String.init), trainingCount: 60_000, testCount: 10_000, validationCount: 10_000,
    normalization: Normalization(mean: [0.1307], standardDeviation: [0.3081]), augmentation: .none,
    directories: ["data/mnist"], homepage: "http://yann.lecun.com/exdb/mnist/", licence: nil, debianPackage: nil,
    format: IDXFormat(trainingPrefix: "train", testPrefix: "t10k"))
}
