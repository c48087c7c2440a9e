// What README.md tells people to type into Python.

import Foundation
import ModelExchange
import NeuralNetwork
import PythonTesting
import Testing

@Suite("README.md")
struct ReadmeTests {
  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  private static let modules = "torch, torchvision, safetensors.torch"

  /// The only block of Python in it.
  private static func python() throws -> String {
    let text = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
    let parts = text.components(separatedBy: "```python\n")
    try #require(parts.count == 2)
    return parts[1].components(separatedBy: "\n```")[0]
  }

  @Test(
    "loads a network into torchvision's modules, which compute the same",
    .enabled(if: Python.has(modules), "\(Python.needs(modules))"))
  func torchvision() throws {
    let example = ParityTests.committed
    let directory = try TemporaryDirectory()
    let run = directory.file("runs/quickstart")
    try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
    try ModelFile(weights: example.weights()).write(to: "\(run)/odn.safetensors")
    try example.batches().write(to: directory.file("batches"))
    let script = """
      import os
      import torch
      from safetensors.torch import save_file
      os.chdir("\(directory.path)")
      \(try Self.python())
      with torch.inference_mode():
          save_file({"logits": network(load_file("batches")["input"][0])}, "logits")
      """
    try Python.run(["-c", script])
    let theirs = try #require(try SafetensorsFile(path: directory.file("logits")).tensors.first)
    let ours = try #require(example.results(batch: 0)["evaluation.logits"])
    let distance = Values(shape: theirs.shape, elements: theirs.values)
      .distance(to: Values(shape: ours.shape, elements: ours.values))
    // Sums of 32-bit floats in another order, and Winograd's convolutions.
    #expect(distance < ParityCase.tolerance)
  }
}
