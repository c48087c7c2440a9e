// Our networks against PyTorch's: the same weights and batch give the same logits, loss, gradients and statistics.

import Foundation
import ModelExchange
import NeuralNetwork
import Testing

@Suite("Parity with PyTorch")
struct ParityTests {
  static let committed = ParityCase(family: .resnet18, depth: 2, input: ImageShape(height: 28, width: 28, channels: 1))
  static let cases = [
    committed,
    // Of larger images, some activation lies closer to the kink of its ReLU than 32-bit floats can tell.
    ParityCase(family: .resnet34, depth: 5, input: ImageShape(height: 12, width: 10, channels: 3)),
    ParityCase(family: .resnet50, depth: 4, input: ImageShape(height: 12, width: 10, channels: 3)),
    ParityCase(
      family: .resnet18, depth: 5, input: ImageShape(height: 32, width: 30, channels: 3), width: 0.5, stemStride: 2),
  ]

  @Test("recorded results of PyTorch are reproduced")
  func recorded() throws {
    let file = try SafetensorsFile(path: "\(Bundle.module.bundlePath)/Fixtures/\(Self.committed).safetensors")
    try Self.committed.compare(with: file)
  }

  /// With ODN_RECORD_PARITY set, the results of the committed case are written over its fixture.
  @Test(
    "PyTorch loads our model files and computes the same",
    .enabled(if: Python.isAvailable, "no python3 with torch and safetensors; set ODN_PYTHON to one that has them"),
    arguments: cases)
  func live(parityCase: ParityCase) throws {
    let directory = try TemporaryDirectory()
    let (model, batches) = (directory.file("model.safetensors"), directory.file("batches.safetensors"))
    let result = directory.file("result.safetensors")
    try ModelFile(weights: parityCase.weights()).write(to: model)
    try parityCase.batches().write(to: batches)
    try Python.run(["\(Bundle.module.bundlePath)/Fixtures/parity.py", model, batches, result])
    let file = try SafetensorsFile(path: result)
    try parityCase.compare(with: file)
    if parityCase == Self.committed, ProcessInfo.processInfo.environment["ODN_RECORD_PARITY"] != nil {
      let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
      try file.write(to: "\(folder)/Fixtures/\(parityCase).safetensors")
    }
  }
}
