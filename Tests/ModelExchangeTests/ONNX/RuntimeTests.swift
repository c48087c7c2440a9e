// Exported models in onnxruntime, after onnx's checker: the same logits as ours.

import Datasets
import Foundation
import ModelExchange
import NeuralNetwork
import NumericKernels
import PythonTesting
import Testing

@Suite("onnxruntime")
struct RuntimeTests {
  private static let modules = "onnx, onnxruntime, safetensors.numpy"
  /// Images of a test.
  private static let count = 64
  /// Shades of a bright spot that is somewhere else in each, with some noise.
  private static let images: DatasetSplit = {
    var random = RandomStream(seed: 6, purpose: .test)
    let pixels = (0..<count).flatMap { image in
      (0..<28 * 28).map { place in
        let (row, column) = (place / 28 - image % 28, place % 28 - image * 5 % 28)
        return UInt8(max(0, 230 - 3 * (row * row + column * column)) + random.integer(below: 25))
      }
    }
    return DatasetSplit(
      ImageDataset(
        height: 28, width: 28, channels: 1, classNames: (0..<10).map { "\($0)" }, pixels: Data(pixels),
        labels: [UInt8](repeating: 0, count: count)))
  }()

  static let networks = [
    example(.resnet18, 2), example(.resnet34, 6), example(.resnet50, 4),
    example(.resnet18, 3, width: 0.5, stemStride: 2),
  ]

  private static func example(
    _ family: Architecture.Family, _ depth: Int, width: Double = 1, stemStride: Int = 1
  ) -> ParityCase {
    ParityCase(
      family: family, depth: depth, input: ImageShape(height: 28, width: 28, channels: 1), width: width,
      stemStride: stemStride)
  }

  @Test(
    "gives our logits, with and without batch norm, and for any number of images",
    .enabled(if: Python.has(modules), "\(Python.needs(modules))"), arguments: networks)
  func logits(example: ParityCase) throws {
    let normalization = Normalization(of: Self.images)
    let directory = try TemporaryDirectory()
    let description = ImageDescription(normalization: normalization)
    let file = ModelFile(weights: try example.weights(), metadata: try description.metadata())
    let pixels = (0..<Self.count).flatMap { Self.images.image(at: $0).map { Float($0) / 255 } }
    try SafetensorsFile(tensors: [Tensor(name: "images", shape: [Self.count, 1, 28, 28], values: pixels)])
      .write(to: directory.file("images"))
    let ours = try logits(file.weights, normalization)
    for keepsBatchNorm in [false, true] {
      try ONNXModel(file, path: "model", precision: .float(keepingBatchNorm: keepsBatchNorm))
        .write(to: directory.file("model.onnx"))
      try Python.run([
        "\(Bundle.module.bundlePath)/Fixtures/run_onnx.py", directory.file("model.onnx"), directory.file("images"),
        directory.file("logits"),
      ])
      let theirs = try #require(try SafetensorsFile(path: directory.file("logits")).tensors.first).values
      #expect(theirs.count == ours.count)
      let largest = ours.map(abs).max() ?? 0
      let difference = zip(ours, theirs).map { abs($0 - $1) }.max() ?? .infinity
      // Sums of 32-bit floats through a dozen layers, in other orders.
      #expect(difference <= 1e-4 * max(1, largest), "\(difference) of \(largest)")
    }
  }

  private func logits(_ weights: NetworkWeights, _ normalization: Normalization) throws -> [Float] {
    let network = InferenceNetwork(
      weights.architecture, batchCapacity: Self.count, kernels: KernelFamily.fast.kernels())
    network.load(weights)
    let images = AlignedBuffer<Float>(count: Self.count * weights.architecture.input.count)
    let labels = AlignedBuffer<Int32>(count: Self.count)
    return try withExtendedLifetime((images, labels, network)) {
      BatchAssembler(Self.images, normalization: normalization)
        .assemble(Array(0..<Self.count)[...], images: images.view, labels: labels.view)
      network.forward(images.view, images: Self.count)
      return try #require(network.logits(level: weights.architecture.depth)).array
    }
  }
}
