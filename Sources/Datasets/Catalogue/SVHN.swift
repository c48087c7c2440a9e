extension DatasetDescriptor {
  /// Netzer and others, "Reading digits in natural images with unsupervised feature learning" (2011): digits of house
  /// numbers, cropped to one digit each ("format 2").
  static let svhn = DatasetDescriptor(
    name: .svhn, summary: "photographed digits of house numbers", height: 32, width: 32, channels: 3,
    classNames: (0...9).map(String.init), trainingCount: 73_257, testCount: 26_032, validationCount: 5_000,
    normalization: .unitInterval(channels: 3), augmentation: .none, directories: ["data/svhn"],
    homepage: "http://ufldl.stanford.edu/housenumbers/ (train_32x32.mat, test_32x32.mat)",
    licence: "non-commercial use only", debianPackage: nil,
    published: [
      PublishedFile(
        "train_32x32.mat", in: "http://ufldl.stanford.edu/housenumbers", size: 182_040_794,
        checksum: "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8"),
      PublishedFile(
        "test_32x32.mat", in: "http://ufldl.stanford.edu/housenumbers", size: 64_275_384,
        checksum: "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b"),
    ],
    format: SVHNFormat())
}
