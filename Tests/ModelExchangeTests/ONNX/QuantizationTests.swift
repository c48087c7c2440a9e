// Models of 8-bit integers, decoded again: how far their numbers are from those that they stand for.

import Datasets
import Foundation
import ModelExchange
import NeuralNetwork
import ONNXMessages
import Testing

@Suite("8-bit ONNX models")
struct QuantizationTests {
  /// A constant with the scales of its channels, or an activation with its scale, by name.
  private static func dequantized(_ model: ONNXModelProto) throws -> [String: (values: Values, scales: [Float])] {
    let constants = try ONNXInterpreter(model).constants
    var result: [String: (values: Values, scales: [Float])] = [:]
    for node in model.graph.node where node.opType == "DequantizeLinear" {
      guard let values = constants[node.input[0]] else { continue }
      result[node.input[0]] = (values, try #require(constants[node.input[1]]).elements)
    }
    return result
  }

  @Test("weights are within half a step of the folded ones, and use all of 8 bits", arguments: ONNXModelTests.cases)
  func weights(_ example: ExportCase) throws {
    let folded = try ONNXInterpreter(example.exported(.float())).constants
    let model = try example.exported(.int8(example.calibration()))
    let integers = try Self.dequantized(model)
    let names = folded.keys.filter { $0.hasSuffix(".weight") }
    #expect(!names.isEmpty)
    for name in names {
      let (float, (values, scales)) = (try #require(folded[name]), try #require(integers[name]))
      #expect(values.shape == float.shape && scales.count == float.shape[0])
      let size = float.elements.count / scales.count
      for (channel, scale) in scales.enumerated() {
        let range = channel * size..<(channel + 1) * size
        let error = zip(values.elements[range], float.elements[range]).map { abs($0 * scale - $1) }.max() ?? 0
        // A part in 10⁵ for the rounding of the quotient.
        #expect(error <= 0.50001 * scale, "\(name), channel \(channel)")
        #expect(values.elements[range].map(abs).max() == 127)
      }
    }
  }

  @Test("they compute nearly what the floats compute", arguments: ONNXModelTests.cases, CalibrationMethod.allCases)
  func logits(_ example: ExportCase, method: CalibrationMethod) throws {
    let model = try example.exported(.int8(example.calibration(method)))
    let logits = try ONNXInterpreter(model).run(example.pixels())
    // A few percent: errors of 1/255 of the range of each activation. One layer left out, or a wrong scale, makes 100 %.
    #expect(try logits.distance(to: example.logits()) < 0.05)
  }

  @Test("convolutions read and make integers, so that runtimes can fuse them")
  func structure() throws {
    let model = try ONNXModelTests.cases[0].exported(.int8(ONNXModelTests.cases[0].calibration()))
    let makers = Dictionary(uniqueKeysWithValues: model.graph.node.map { ($0.output[0], $0) })
    let readers = Dictionary(grouping: model.graph.node.flatMap { node in node.input.map { ($0, node) } }, by: \.0)
    let fused = model.graph.node.filter { ["Conv", "Add"].contains($0.opType) }
    // The stem, two convolutions in each of three blocks, and a projection; a sum in each block.
    #expect(fused.filter { $0.opType == "Conv" }.count == 8 && fused.count == 8 + 3)
    for node in fused {
      #expect(node.input.allSatisfy { makers[$0]?.opType == "DequantizeLinear" })
      #expect(readers[node.output[0]]?.map(\.1.opType) == ["QuantizeLinear"])
    }
    let biases = model.graph.initializer.filter { $0.dataType == .int32 }
    #expect(biases.count == 8)
    #expect(model.metadataProps.allSatisfy { $0.key != "by" }, "what is known of the floats only")
  }

  @Test("a bias's scale is that of the input times that of the weights")
  func biasScales() throws {
    let model = try ONNXModelTests.cases[0].exported(.int8(ONNXModelTests.cases[0].calibration()))
    let constants = try ONNXInterpreter(model).constants
    let makers = Dictionary(uniqueKeysWithValues: model.graph.node.map { ($0.output[0], $0) })
    for node in model.graph.node where node.opType == "Conv" {
      let scales = try node.input.map { input in
        let maker = try #require(makers[input])
        return try #require(constants[maker.input[1]]).elements
      }
      #expect(scales[2] == scales[1].map { $0 * scales[0][0] })
    }
  }

  @Test("min-max reaches from the smallest to the largest value, with 0 on a step")
  func minmax() throws {
    let example = ONNXModelTests.cases[0]
    let model = try example.exported(.int8(example.calibration(.minmax)))
    let constants = try ONNXInterpreter(model).constants
    let node = try #require(model.graph.node.first { $0.input.first == "normalized" })
    let scale = try #require(constants[node.input[1]]).elements[0]
    let zero = try #require(constants[node.input[2]]).elements[0]
    let values = example.pixels(normalized: true).elements
    let (low, high) = (try #require(values.min()), try #require(values.max()))
    #expect(abs(scale - (high - low) / 255) < 1e-6)
    #expect(abs(zero - -low / scale) <= 0.5)
  }

  @Test("the least squared error cuts off a few large values, min-max does not")
  func outliers() throws {
    // One white pixel among 160,000 dark ones.
    let input = ImageShape(height: 400, width: 400, channels: 1)
    var pixels = (0..<input.count).map { UInt8($0 % 8) }
    pixels[input.count / 2] = 255
    let images = DatasetSplit(
      ImageDataset(height: 400, width: 400, channels: 1, classNames: ["a", "b"], pixels: Data(pixels), labels: [0]))
    let architecture = try Architecture(family: .resnet18, depth: 1, classes: 2, input: input)
    let file = ModelFile(weights: .initial(architecture, heads: .deepest, seed: 1))
    let scales = try [CalibrationMethod.minmax, .mse].map { method in
      let calibration = Calibration(
        images: images, normalization: .unitInterval(channels: 1), count: 1, method: method)
      let directory = try TemporaryDirectory()
      try ONNXModel(file, path: "model", precision: .int8(calibration)).write(to: directory.file("onnx"))
      let model = try ONNXModelProto(serializedBytes: directory.bytes("onnx"))
      let node = try #require(model.graph.node.first { $0.input.first == "images" })
      return try #require(ONNXInterpreter(model).constants[node.input[1]]).elements[0]
    }
    #expect(abs(scales[0] - 1 / 255) < 1e-6)
    #expect(scales[1] < 0.9 * scales[0])
  }

  @Test("images that are not normalized are quantized too")
  func unitInterval() throws {
    let example = ONNXModelTests.cases[0]
    var file = try example.file()
    file.metadata["normalization"] = nil
    let directory = try TemporaryDirectory()
    let calibration = Calibration(images: example.data, normalization: .unitInterval(channels: 2), count: 4)
    try ONNXModel(file, path: "model", precision: .int8(calibration)).write(to: directory.file("onnx"))
    let model = try ONNXModelProto(serializedBytes: directory.bytes("onnx"))
    #expect(model.graph.node.first { $0.input.first == "images" }?.opType == "QuantizeLinear")
  }

  @Test("a channel that batch norm has switched off keeps its bias")
  func deadChannel() throws {
    let example = ExportCase(family: .resnet18, depth: 1)
    var file = try example.file()
    let scale = try #require(file.weights.layout.slice("layer1.0.bn1.weight")).range.lowerBound
    let bias = try #require(file.weights.layout.slice("layer1.0.bn1.bias")).range.lowerBound
    for (channel, value) in [Float(0), 1e-30, 1e-12].enumerated() {
      file.weights.parameters[scale + channel] = value
      file.weights.parameters[bias + channel] = 2.5
    }
    let directory = try TemporaryDirectory()
    try ONNXModel(file, path: "model", precision: .int8(example.calibration())).write(to: directory.file("onnx"))
    let model = try ONNXModelProto(serializedBytes: directory.bytes("onnx"))
    let makers = Dictionary(uniqueKeysWithValues: model.graph.node.map { ($0.output[0], $0) })
    let node = try #require(model.graph.node.first { $0.output == ["layer1.0.conv1"] })
    let integers = try #require(makers[node.input[2]]).input[0]
    let (values, scales) = try #require(Self.dequantized(model)[integers])
    for channel in 0..<3 { #expect(abs(values.elements[channel] * scales[channel] - 2.5) < 0.01) }
  }

  @Test("they take about a quarter of the bytes of the saved network")
  func size() throws {
    // 12 bytes per channel come to the weights, and bottlenecks have more channels for as many weights.
    for (example, share) in [
      (ExportCase(family: .resnet18, depth: 2), 0.26), (ExportCase(family: .resnet34, depth: 6), 0.26),
      (ExportCase(family: .resnet50, depth: 4), 0.262),
    ] {
      let directory = try TemporaryDirectory()
      let file = try example.file()
      try file.write(to: directory.file("saved"))
      try ONNXModel(file, path: "model", precision: .int8(example.calibration())).write(to: directory.file("int8"))
      let (saved, int8) = (try directory.bytes("saved").count, try directory.bytes("int8").count)
      #expect(Double(int8) <= share * Double(saved), "\(example): \(int8) of \(saved)")
    }
  }

  @Test("images of another shape, or none, are refused")
  func images() throws {
    let example = ONNXModelTests.cases[0]
    let other = ExportCase(family: .resnet18, depth: 1, input: ImageShape(height: 8, width: 8, channels: 2))
    #expect(throws: ExportError.imageShape(expected: example.input, found: other.input)) {
      try example.exported(.int8(other.calibration()))
    }
    let none = Calibration(images: example.data, normalization: ExportCase.normalization, count: 0)
    #expect(throws: ExportError.noImages) { try example.exported(.int8(none)) }
  }
}
