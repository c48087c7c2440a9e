// What a network knows of its images goes wherever the network goes.

import Datasets
import ModelExchange
import NeuralNetwork
import Testing

@Suite("What a network knows of its images")
struct ImageDescriptionTests {
  private static let full = ImageDescription(
    dataset: "emnist-letters", classNames: ["a", "b", "c"],
    normalization: Normalization(mean: [0.5, 0.25], standardDeviation: [0.5, 1]),
    idxLayout: IDXLayout(isTransposed: true, firstLabel: 1), fit: .centerCrop)

  private static func file(_ metadata: [String: String]) throws -> ModelFile {
    ModelFile(weights: ModelFileTests.weights(try ModelFileTests.architecture()), metadata: metadata)
  }

  @Test("is read back from a file, and from one that is taken for PyTorch's")
  func roundTrip() throws {
    let directory = try TemporaryDirectory()
    let metadata = try Self.full.metadata()
    #expect(
      metadata["idx_layout"] == #"{"firstLabel":1,"transposed":true}"# && metadata["picture_fit"] == "center-crop")
    try Self.file(metadata).write(to: directory.file("model"))
    let file = try ModelFile(path: directory.file("model"))
    #expect(try ImageDescription(file, path: "model") == Self.full)
    let state = try StateDictionary(path: directory.file("model"))
    #expect(try state.images(of: file.weights.architecture) == Self.full)
    // A file without what only odn writes may use the same keys for something else.
    var content = try SafetensorsFile(path: directory.file("model"))
    content.metadata["odn.version"] = nil
    content.metadata["class_names"] = "three"
    try content.write(to: directory.file("other"))
    #expect(
      try StateDictionary(path: directory.file("other")).images(of: file.weights.architecture) == ImageDescription())
  }

  @Test("follows from the data set in files that are older")
  func older() throws {
    func layout(_ dataset: String) throws -> IDXLayout? {
      try ImageDescription(Self.file(["dataset": dataset]), path: "model").idxLayout
    }
    #expect(try layout("emnist-letters") == IDXLayout(isTransposed: true, firstLabel: 1))
    #expect(try layout("mnist") == .upright)
    #expect(try layout("cifar10") == nil && layout("images") == nil && layout("noise") == nil)
  }

  @Test(
    "is refused where it makes no sense",
    arguments: [
      ("idx_layout", "transposed"), ("idx_layout", #"{"transposed":true}"#),
      ("idx_layout", #"{"transposed":true,"firstLabel":-1}"#),
      ("idx_layout", #"{"transposed":true,"firstLabel":256}"#), ("picture_fit", "stretch"), ("picture_fit", ""),
    ])
  func damaged(key: String, value: String) throws {
    let error = #expect(throws: ModelFileError.self) {
      try ImageDescription(Self.file([key: value]), path: "model")
    }
    guard case .mismatch(file: "model", .metadata(key), _, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
