// Our networks against PyTorch's: the same weights and batch give the same logits, loss, gradients and statistics.

import Foundation
import ModelExchange
import NeuralNetwork
import PythonTesting
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

  @Test("recorded results of PyTorch are reproduced", arguments: recordedCases)
  func recorded(parityCase: ParityCase) throws {
    try parityCase.compare(with: SafetensorsFile(path: Self.fixture(parityCase)))
  }

  /// The committed case, and those whose results have been recorded beside it.
  private static let recordedCases = cases.filter {
    $0 == committed || FileManager.default.fileExists(atPath: fixture($0))
  }

  private static func fixture(_ parityCase: ParityCase) -> String {
    "\(Bundle.module.bundlePath)/Fixtures/\(name(parityCase))"
  }

  /// The name of a case's fixture: all numbers of the committed one, sketches of the others.
  private static func name(_ parityCase: ParityCase) -> String {
    "\(parityCase)\(parityCase == committed ? "" : ".sketch").safetensors"
  }

  private static let modules = "torch, safetensors.torch"

  /// With ODN_RECORD_PARITY set, the results are written over the fixtures.
  @Test(
    "PyTorch loads our model files and computes the same",
    .enabled(if: Python.has(modules), "\(Python.needs(modules)); recorded results stand in for it"), arguments: cases)
  func live(parityCase: ParityCase) throws {
    let directory = try TemporaryDirectory()
    let (model, batches) = (directory.file("model.safetensors"), directory.file("batches.safetensors"))
    let result = directory.file("result.safetensors")
    try ModelFile(weights: parityCase.weights()).write(to: model)
    try parityCase.batches().write(to: batches)
    try Python.run(["\(Bundle.module.bundlePath)/Fixtures/parity.py", model, batches, result])
    let file = try SafetensorsFile(path: result)
    try parityCase.compare(with: file)
    if ProcessInfo.processInfo.environment["ODN_RECORD_PARITY"] != nil {
      let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
      try (parityCase == Self.committed ? file : Sketch.file(of: file))
        .write(to: "\(folder)/Fixtures/\(Self.name(parityCase))")
    }
  }
}
