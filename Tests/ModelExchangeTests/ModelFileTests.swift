// Networks as files: what is in them, and what is not taken for one.

import Foundation
import ModelExchange
import NeuralNetwork
import Testing

@Suite("Model files")
struct ModelFileTests {
  static func architecture(
    _ family: Architecture.Family = .resnet18, depth: Int = 1, classes: Int = 3, width: Double = 1, stemStride: Int = 1
  ) throws -> Architecture {
    try Architecture(
      family: family, depth: depth, classes: classes, input: ImageShape(height: 9, width: 7, channels: 2), width: width,
      stemStride: stemStride)
  }

  /// Weights of which no two are alike.
  static func weights(_ architecture: Architecture) -> NetworkWeights {
    var weights = NetworkWeights(architecture, heads: .deepest)
    for i in weights.layout.parameters.flatMap(\.range) { weights.parameters[i] = Float(i) }
    for i in weights.layout.statistics.flatMap(\.range) { weights.statistics[i] = Float(i) + 0.5 }
    return weights
  }

  /// The error of reading a sound file after `change`; nil if there is none.
  static func error(_ change: (inout SafetensorsFile) -> Void) throws -> ModelFileError? {
    let directory = try TemporaryDirectory()
    let path = directory.file("model")
    try ModelFile(weights: weights(architecture()), metadata: ["classes": "a, b, c"]).write(to: path)
    var content = try SafetensorsFile(path: path)
    change(&content)
    try content.write(to: path)
    do {
      _ = try ModelFile(path: path)
      return nil
    } catch {
      return error
    }
  }

  static func mismatch(_ change: (inout SafetensorsFile) -> Void) throws -> ModelFilePlace? {
    if case .mismatch(_, let place, _, _)? = try error(change) { place } else { nil }
  }

  @Test(
    "a network and its metadata are read back",
    arguments: [
      (Architecture.Family.resnet18, 3, 1, 1), (.resnet34, 2, 1, 1), (.resnet50, 1, 1, 1), (.resnet50, 4, 1, 1),
      (.resnet18, 3, 0.5, 1), (.resnet18, 3, 1, 2), (.resnet50, 4, 1.25, 2),
    ])
  func roundTrip(family: Architecture.Family, depth: Int, width: Double, stemStride: Int) throws {
    let directory = try TemporaryDirectory()
    let weights = Self.weights(try Self.architecture(family, depth: depth, width: width, stemStride: stemStride))
    let metadata = ["classes": #"["plane","car"]"#, "accuracy": "99.3"]
    try ModelFile(weights: weights, metadata: metadata).write(to: directory.file("one"))
    let read = try ModelFile(path: directory.file("one"))
    #expect(read.weights.architecture == weights.architecture)
    #expect(read.weights.heads == .deepest)
    #expect(read.weights.parameters == weights.parameters)
    #expect(read.weights.statistics == weights.statistics)
    #expect(read.metadata == metadata)
    try read.write(to: directory.file("two"))
    #expect(try directory.bytes("one") == directory.bytes("two"))
  }

  @Test("tensors have torchvision's names and PyTorch's layouts, from the stem to the classifier")
  func layout() throws {
    let directory = try TemporaryDirectory()
    let weights = Self.weights(try Self.architecture(depth: 3))
    try ModelFile(weights: weights).write(to: directory.file("model"))
    let file = try SafetensorsFile(path: directory.file("model"))
    #expect(file.tensors.prefix(3).map(\.name) == ["conv1.weight", "bn1.bias", "bn1.weight"])
    let tensors = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0) })
    #expect(tensors["layer2.0.downsample.1.running_var"]?.shape == [128])
    #expect(tensors["fc.bias"]?.shape == [3])

    let convolution = try #require(tensors["layer2.0.conv1.weight"])
    #expect(convolution.shape == [128, 64, 3, 3])
    let place = try #require(weights.layout.slice("layer2.0.conv1.weight")).range.lowerBound
    for (out, input, y, x) in [(0, 0, 0, 0), (5, 0, 0, 0), (0, 7, 0, 0), (0, 0, 1, 0), (0, 0, 0, 2), (127, 63, 2, 1)] {
      let ours = weights.parameters[place + ((y * 3 + x) * 64 + input) * 128 + out]
      #expect(convolution.values[((out * 64 + input) * 3 + y) * 3 + x] == ours)
    }

    let linear = try #require(tensors["fc.weight"])
    #expect(linear.shape == [3, 128])
    let first = try #require(weights.layout.slice("heads.3.weight")).range.lowerBound
    for (out, input) in [(0, 0), (2, 0), (0, 100), (1, 127)] {
      #expect(linear.values[out * 128 + input] == weights.parameters[first + input * 3 + out])
    }
  }

  @Test("the metadata says which network it is")
  func metadata() throws {
    let directory = try TemporaryDirectory()
    try ModelFile(weights: Self.weights(Self.architecture()), metadata: ["by": "x"]).write(to: directory.file("model"))
    #expect(
      try SafetensorsFile(path: directory.file("model")).metadata == [
        "format": "pt", "odn.version": "1", "odn.family": "resnet18", "odn.depth": "1", "odn.classes": "3",
        "odn.input": "9x7x2", "by": "x",
      ])
  }

  @Test("a width and a stem stride are metadata of a version that older programs refuse; without them they are 1")
  func variants() throws {
    let directory = try TemporaryDirectory()
    for (width, stemStride, texts) in [(0.5, 1, ("0.5", "1")), (1, 2, ("1.0", "2"))] {
      let network = try Self.architecture(width: width, stemStride: stemStride)
      try ModelFile(weights: Self.weights(network)).write(to: directory.file("model"))
      var file = try SafetensorsFile(path: directory.file("model"))
      #expect(file.metadata["odn.version"] == "2")
      #expect(file.metadata["odn.width"] == texts.0 && file.metadata["odn.stem_stride"] == texts.1)
      file.metadata["odn.stem_stride"] = nil
      try file.write(to: directory.file("model"))
      #expect(try ModelFile(path: directory.file("model")).weights.architecture.stemStride == 1)
    }
    #expect(try Self.error { $0.metadata["odn.version"] = "2" } == nil)
  }

  @Test("a tensor that is missing, one too many, or of another shape is named")
  func tensors() throws {
    #expect(try Self.error { _ in } == nil)
    for name in ["conv1.weight", "fc.bias", "layer1.0.bn2.running_var"] {
      #expect(try Self.mismatch { $0.tensors.removeAll { $0.name == name } } == .tensor(name))
      #expect(
        try Self.mismatch { file in
          file.tensors = file.tensors.map {
            $0.name == name ? Tensor(name: name, shape: [1] + $0.shape, values: $0.values) : $0
          }
        } == .tensor(name))
    }
    // The same number of values in another shape.
    #expect(
      try Self.mismatch { file in
        file.tensors = file.tensors.map {
          $0.name == "fc.weight" ? Tensor(name: $0.name, shape: [64, 3], values: $0.values) : $0
        }
      } == .tensor("fc.weight"))
    #expect(
      try Self.mismatch { $0.tensors.append(Tensor(name: "layer1.1.bn1.bias", shape: [1], values: [0])) }
        == .tensor("layer1.1.bn1.bias"))
    #expect(try Self.mismatch { $0.tensors = [] } == .tensor("conv1.weight"))
  }

  @Test("numbers that are not finite, and negative variances, are refused where they are")
  func numbers() throws {
    for (name, value) in [("fc.bias", Float.nan), ("conv1.weight", .infinity), ("layer1.0.bn2.running_var", -1)] {
      #expect(
        try Self.mismatch { file in
          file.tensors = file.tensors.map { tensor in
            let values = tensor.name == name ? tensor.values.dropLast() + [value] : tensor.values
            return Tensor(name: tensor.name, shape: tensor.shape, values: values)
          }
        } == .tensor(name))
    }
  }

  @Test(
    "metadata that is missing or describes no network is named",
    arguments: [
      ("odn.version", nil), ("odn.family", nil), ("odn.depth", nil), ("odn.classes", nil), ("odn.input", nil),
      ("odn.family", "resnet19"), ("odn.family", ""), ("odn.depth", "0"), ("odn.depth", "9"), ("odn.depth", "-1"),
      ("odn.depth", "1.0"), ("odn.depth", "99999999999999999999"), ("odn.classes", "1"),
      ("odn.classes", "9223372036854775807"), ("odn.classes", "many"), ("odn.input", "9x7"), ("odn.input", "0x7x2"),
      ("odn.input", "5000x7x2"), ("odn.input", "9x7x2x1"), ("odn.input", "9x7x9223372036854775807"),
      ("odn.width", "0.3"), ("odn.width", "0"), ("odn.width", "4.25"), ("odn.width", "1e300"), ("odn.width", "nan"),
      ("odn.width", "wide"), ("odn.stem_stride", "0"), ("odn.stem_stride", "3"), ("odn.stem_stride", "2.0"),
    ])
  func metadata(key: String, value: String?) throws {
    #expect(try Self.mismatch { $0.metadata[key] = value } == .metadata(key))
  }

  @Test("metadata of another network than the tensors' is refused")
  func otherNetwork() throws {
    #expect(try Self.mismatch { $0.metadata["odn.depth"] = "2" } == .tensor("layer1.1.conv1.weight"))
    #expect(try Self.mismatch { $0.metadata["odn.classes"] = "4" } == .tensor("fc.bias"))
    #expect(try Self.mismatch { $0.metadata["odn.family"] = "resnet50" } != nil)
    #expect(try Self.mismatch { $0.metadata["odn.width"] = "0.5" } != nil)
    #expect(try Self.mismatch { $0.metadata = [:] } == .metadata("odn.version"))
  }

  @Test("another version is refused as such, before anything else is looked at")
  func version() throws {
    let error = try Self.error {
      $0.metadata["odn.version"] = "3"
      $0.metadata["odn.depth"] = nil
    }
    guard case .version(_, expected: "1 or 2", found: "3")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test("messages say what was expected, what was found, where and what to do")
  func messages() {
    #expect(
      ModelFileError.mismatch(file: "m", .tensor("fc.bias"), expected: "the shape [3]", found: "[4]").description
        == "m, tensor \"fc.bias\": expected the shape [3], found [4]: this is no model file of odn, or an altered one; "
        + "use a file that odn has written")
    #expect(
      ModelFileError.unwritable(file: "m", reason: "No space left on device").description
        == "m: cannot be written: No space left on device; check the directory, its permissions and the free space")
  }
}
