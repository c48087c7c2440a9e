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
    debianPackage: "dataset-fashion-mnist", format: IDXFormat(trainingPrefix: "train", testPrefix: "t10k"))
}
