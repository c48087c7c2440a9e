// Exported models, decoded again and computed the plain way.

import ModelExchange
import NeuralNetwork
import ONNXMessages
import Testing

@Suite("ONNX models")
struct ONNXModelTests {
  static let cases = [
    ExportCase(family: .resnet18, depth: 3), ExportCase(family: .resnet34, depth: 1),
    ExportCase(family: .resnet50, depth: 4), ExportCase(family: .resnet18, depth: 3, width: 0.5, stemStride: 2),
  ]

  @Test("with and without batch norm they compute what our network computes", arguments: cases, [true, false])
  func floats(_ example: ExportCase, keepingBatchNorm: Bool) throws {
    let model = try example.exported(.float(keepingBatchNorm: keepingBatchNorm))
    #expect(model.graph.node.contains { $0.opType == "BatchNormalization" } == keepingBatchNorm)
    let logits = try ONNXInterpreter(model).run(example.pixels())
    // Sums of 32-bit floats over a dozen layers, in another order.
    #expect(try logits.distance(to: example.logits()) < 1e-5)
  }

  @Test("without a normalization of their own they read normalized images")
  func normalizedInput() throws {
    let example = Self.cases[0]
    let model = try example.exported(.float(), normalizes: false)
    #expect(!model.graph.node.contains { $0.opType == "Sub" })
    let logits = try ONNXInterpreter(model).run(example.pixels(normalized: true))
    #expect(try logits.distance(to: example.logits()) < 1e-5)
    #expect(Self.metadata(model)["odn.images"] == "normalized pixels")
  }

  @Test("their inputs, outputs and metadata say what they are")
  func description() throws {
    let model = try Self.cases[0].exported(.float())
    #expect(model.irVersion == 8 && model.opsetImport.map(\.version) == [17] && model.producerName == "odn")
    let (input, output) = (try #require(model.graph.input.first), try #require(model.graph.output.first))
    #expect(model.graph.input.count == 1 && model.graph.output.count == 1)
    #expect(input.name == "images" && Self.sizes(input) == ["N", "2", "9", "7"])
    #expect(output.name == "logits" && Self.sizes(output) == ["N", "3"])
    #expect(
      Self.metadata(model) == [
        "class_names": #"["class 0","class 1","class 2"]"#, "dataset": "noise", "by": "x",
        "normalization": #"{"mean":[0.3,0.6],"standardDeviation":[0.5,0.2]}"#, "odn.family": "resnet18",
        "odn.depth": "3", "odn.classes": "3", "odn.input": "9x7x2", "odn.images": "pixels from 0 to 1",
      ])
  }

  @Test("a width and a strided stem are told in the metadata, and in the first convolution")
  func variant() throws {
    let model = try Self.cases[3].exported(.float())
    let metadata = Self.metadata(model)
    #expect(metadata["odn.width"] == "0.5" && metadata["odn.stem_stride"] == "2" && metadata["odn.version"] == nil)
    let stem = try #require(model.graph.node.first { $0.opType == "Conv" })
    #expect(stem.attribute.first { $0.name == "strides" }?.ints == [2, 2])
    #expect(model.graph.initializer.first { $0.name == "conv1.weight" }?.dims == [32, 2, 3, 3])
  }

  private static func sizes(_ value: ONNXValueInfoProto) -> [String] {
    value.type.tensorType.shape.dim.map { $0.dimParam.isEmpty ? "\($0.dimValue)" : $0.dimParam }
  }

  private static func metadata(_ model: ONNXModelProto) -> [String: String] {
    Dictionary(uniqueKeysWithValues: model.metadataProps.map { ($0.key, $0.value) })
  }

  @Test("equal networks give equal bytes")
  func repeatable() throws {
    let directory = try TemporaryDirectory()
    let example = Self.cases[0]
    for name in ["one", "two"] {
      try ONNXModel(example.file(), path: "model", precision: .int8(example.calibration(.mse)))
        .write(to: directory.file(name))
    }
    #expect(try directory.bytes("one") == directory.bytes("two"))
  }

  @Test("a network that is not finite, or has impossible metadata, is refused")
  func refused() throws {
    let example = Self.cases[1]
    var file = try example.file()
    let place = try #require(file.weights.layout.slice("layer1.0.bn2.running_var")).range.lowerBound
    file.weights.statistics[place] = -1
    #expect(throws: ExportError.notFinite(tensor: "layer1.0.conv2.weight")) {
      try ONNXModel(file, path: "model", precision: .float())
    }
    for (key, value) in [
      ("class_names", #"["a"]"#), ("class_names", "a"), ("normalization", "{}"),
      ("normalization", #"{"mean":[0],"standardDeviation":[1]}"#),
      ("normalization", #"{"mean":[0,0],"standardDeviation":[1,0]}"#),
    ] {
      var file = try example.file()
      file.metadata[key] = value
      let error = #expect(throws: ModelFileError.self) { try ONNXModel(file, path: "m", precision: .float()) }
      guard case .mismatch(file: "m", .metadata(key), _, _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("a place that cannot be written is named")
  func unwritable() throws {
    let model = try ONNXModel(Self.cases[1].file(), path: "model", precision: .float())
    #expect(throws: ExportError.unwritable(file: "/nowhere/x.onnx", reason: "No such file or directory")) {
      try model.write(to: "/nowhere/x.onnx")
    }
  }
}
