// A network, images for it, and what it makes of them: everything follows from fixed seeds.

import Datasets
import Foundation
import ModelExchange
import NeuralNetwork
import NumericKernels
import ONNXMessages
import SwiftProtobuf
import Testing

struct ExportCase: Sendable, CustomStringConvertible {
  let family: Architecture.Family
  let depth: Int
  var input = ImageShape(height: 9, width: 7, channels: 2)
  var width = 1.0
  var stemStride = 1

  static let classes = 3
  static let images = 4
  static let normalization = Normalization(mean: [0.3, 0.6], standardDeviation: [0.5, 0.2])

  var description: String { "\(family)-depth\(depth)-width\(width)-stride\(stemStride)" }

  /// Small images of noise, as a data set.
  var data: DatasetSplit {
    var random = RandomStream(seed: 5, purpose: .test)
    let pixels = (0..<Self.images * input.count).map { _ in UInt8(255 * random.uniform()) }
    return DatasetSplit(
      ImageDataset(
        height: input.height, width: input.width, channels: input.channels,
        classNames: (0..<Self.classes).map { "class \($0)" }, pixels: Data(pixels),
        labels: [UInt8](repeating: 0, count: Self.images)))
  }

  /// A model file whose batch norms do something.
  func file() throws -> ModelFile {
    let architecture = try Architecture(
      family: family, depth: depth, classes: Self.classes, input: input, width: width, stemStride: stemStride)
    var weights = NetworkWeights.initial(architecture, heads: .deepest, seed: 1)
    var random = RandomStream(seed: 2, purpose: .test)
    for slice in weights.layout.parameters where [.normalizationWeight, .normalizationBias].contains(slice.role) {
      for i in slice.range { weights.parameters[i] += random.uniform() - 0.5 }
    }
    for i in weights.layout.statistics.flatMap(\.range) { weights.statistics[i] += random.uniform() - 0.5 }
    let description = ImageDescription(
      dataset: "noise", classNames: data.dataset.classNames, normalization: Self.normalization)
    return ModelFile(weights: weights, metadata: try description.metadata().merging(["by": "x"]) { $1 })
  }

  func calibration(_ method: CalibrationMethod = .minmax) -> Calibration {
    Calibration(images: data, normalization: Self.normalization, count: Self.images, method: method)
  }

  /// The exported model, read back from its file.
  func exported(_ precision: ONNXModel.Precision, normalizes: Bool = true) throws -> ONNXModelProto {
    let directory = try TemporaryDirectory()
    try ONNXModel(file(), path: "model", precision: precision, normalizes: normalizes).write(to: directory.file("onnx"))
    #expect(try directory.names() == ["onnx"])
    return try ONNXModelProto(serializedBytes: directory.bytes("onnx"))
  }

  /// The images as a model reads them, `[N, C, H, W]`.
  func pixels(normalized: Bool = false) -> Values {
    let shape = [Self.images, input.channels, input.height, input.width]
    let size = input.height * input.width
    let elements = (0..<shape.reduce(1, *)).map { place in
      let (image, channel, pixel) = (place / input.count, place / size % input.channels, place % size)
      let byte = data.image(at: image)[data.image(at: image).startIndex + pixel * input.channels + channel]
      return normalized ? Self.normalization.value(byte, channel: channel) : Float(byte) / 255
    }
    return Values(shape: shape, elements: elements)
  }

  /// What our own network answers.
  func logits() throws -> Values {
    let file = try file()
    let network = InferenceNetwork(
      file.weights.architecture, batchCapacity: Self.images, kernels: KernelFamily.reference.kernels())
    network.load(file.weights)
    let images = AlignedBuffer<Float>(count: Self.images * input.count)
    let labels = AlignedBuffer<Int32>(count: Self.images)
    return try withExtendedLifetime((images, labels, network)) {
      BatchAssembler(data, normalization: Self.normalization)
        .assemble(Array(0..<Self.images)[...], images: images.view, labels: labels.view)
      network.forward(images.view, images: Self.images)
      let logits = try #require(network.logits(level: depth))
      return Values(shape: [Self.images, Self.classes], elements: logits.array)
    }
  }
}

extension Values {
  /// ‖self − other‖ / ‖other‖.
  func distance(to other: Values) -> Double {
    var (difference, norm) = (0.0, 0.0)
    for (a, b) in zip(elements, other.elements) {
      difference += pow(Double(a) - Double(b), 2)
      norm += pow(Double(b), 2)
    }
    return shape == other.shape ? (difference / norm).squareRoot() : .infinity
  }
}
