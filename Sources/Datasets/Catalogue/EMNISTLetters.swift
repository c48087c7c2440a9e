extension DatasetDescriptor {
  /// Cohen, Afshar, Tapson and van Schaik (arXiv 1702.05373): handwritten letters, upper and lower case in one class.
  /// The files count classes from 1 and store every image mirrored at its diagonal.
  static let emnistLetters = DatasetDescriptor(
    name: .emnistLetters, summary: "handwritten letters", height: 28, width: 28, channels: 1,
    classNames: "ABCDEFGHIJKLMNOPQRSTUVWXYZ".map(String.init), trainingCount: 124_800, testCount: 20_800,
    validationCount: 10_000, normalization: Normalization(mean: [0.1307], standardDeviation: [0.3081]),
    augmentation: .none, directories: ["data/emnist-letters"],
    homepage: "https://www.nist.gov/itl/products-and-services/emnist-dataset", licence: nil, debianPackage: nil,
    published: [
      PublishedFile(
        "gzip.zip", in: "https://biometrics.nist.gov/cs_links/EMNIST", size: 561_753_746,
        checksum: "fb9bb67e33772a9cc0b895e4ecf36d2cf35be8b709693c3564cea2a019fcda8e", archive: .zip)
    ],
    format: IDXFormat(
      trainingPrefix: "emnist-letters-train", testPrefix: "emnist-letters-test", archiveFolder: "gzip",
      layout: IDXLayout(isTransposed: true, firstLabel: 1)))
}
