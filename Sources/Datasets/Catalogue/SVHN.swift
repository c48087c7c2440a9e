extension DatasetDescriptor {
  /// Netzer and others, "Reading digits in natural images with unsupervised feature learning" (2011): digits of house
  /// numbers, cropped to one digit each ("format 2").
  static let svhn = DatasetDescriptor(
    name: .svhn, summary: "photographed digits of house numbers", height: 32, width: 32, channels: 3,
    classNames: (0...9).map(String.init), trainingCount: 73_257, testCount: 26_032, validationCount: 5_000,
    normalization: .unitInterval(channels: 3), augmentation: .none, directories: ["data/svhn"],
    homepage: "http://ufldl.stanford.edu/housenumbers/ (train_32x32.mat, test_32x32.mat)",
    licence: "non-commercial use only", debianPackage: nil, format: SVHNFormat())
}
