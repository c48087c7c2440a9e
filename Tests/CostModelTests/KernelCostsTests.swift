// Times of kernels between and beyond those that were measured, and their file.

import CostModel
import Foundation
import NeuralNetwork
import Testing

@Suite("Kernel costs")
struct KernelCostsTests {
  private static let shape = ConvolutionShape(
    height: 8, width: 8, inputChannels: 64, outputChannels: 64, kernel: 3, stride: 1, padding: 1)
  private static let convolution = Kernel.convolution(shape: shape, pass: .forward)

  private static func costs() throws -> KernelCosts {
    try KernelCosts(
      threads: 1,
      entries: [
        KernelCosts.Entry(
          convolution,
          [
            KernelCosts.Sample(size: 16, seconds: 10), KernelCosts.Sample(size: 1, seconds: 2),
            KernelCosts.Sample(size: 4, seconds: 5),
          ]),
        KernelCosts.Entry(.update, [KernelCosts.Sample(size: 100, seconds: 3)]),
      ])
  }

  @Test(
    "lie on lines between what was measured, and are proportional outside",
    arguments: [(1, 2.0), (2, 3.0), (4, 5.0), (10, 7.5), (16, 10.0), (64, 40.0)])
  func interpolation(size: Int, seconds: Double) throws {
    #expect(try Self.costs().seconds(KernelCall(Self.convolution, size: size)) == seconds)
  }

  @Test("add up")
  func sum() throws {
    let calls = [KernelCall(Self.convolution, size: 4), KernelCall(.update, size: 50)]
    #expect(try Self.costs().seconds(calls) == 6.5)
  }

  @Test("of a kernel that was not measured are an error that names it")
  func unmeasured() throws {
    let call = KernelCall(.convolution(shape: Self.shape, pass: .backward), size: 4)
    let error = #expect(throws: CostModelError.self) { try Self.costs().seconds(call) }
    #expect(error == .unmeasured("3x3 backward"))
  }

  @Test("survive a file")
  func file() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("costs-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let costs = try Self.costs()
    try costs.write(to: path)
    #expect(try KernelCosts(path: path) == costs)
  }

  @Test(
    "are not read from files with impossible or other numbers",
    arguments: [
      "", "[1]", #"{"threads": 1}"#,
      #"{"threads": 1, "entries": [{"kernel": {"update": {}}, "samples": []}]}"#,
      #"{"threads": 1, "entries": [{"kernel": {"update": {}}, "samples": [{"size": 0, "seconds": 1}]}]}"#,
      #"{"threads": 1, "entries": [{"kernel": {"update": {}}, "samples": [{"size": 1, "seconds": -1}]}]}"#,
      #"{"threads": 1, "entries": [{"kernel": {"update": {}}, "samples": [{"size": 2, "seconds": 1}, {"size": 1, "seconds": 1}]}]}"#,
      #"{"threads": 1, "entries": [{"kernel": {"update": {}}, "samples": [{"size": 1, "seconds": 1}]}, {"kernel": {"update": {}}, "samples": [{"size": 1, "seconds": 1}]}]}"#,
    ])
  func damaged(text: String) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("costs-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: CostModelError.self) { try KernelCosts(path: path) }
    #expect("\(try #require(error))".hasPrefix(path))
    #expect(throws: CostModelError.self) { try KernelCosts(path: path + "-missing") }
  }

  @Test("measured on a network predict every kernel of all its depths")
  func measurement() throws {
    let network = try Architecture(
      family: .resnet18, depth: 4, classes: 10, input: ImageShape(height: 8, width: 8, channels: 1))
    let costs = try KernelCosts.measure(network, images: 6, steps: 1)
    for depth in 1...4 {
      for heads in [HeadSelection.deepest, .all] {
        for images in [1, 5, 20] {
          let step = TrainingStep(try network.withDepth(depth), heads: heads, images: images)
          #expect(try costs.seconds(step.calls) > 0)
        }
      }
    }
    let convolution = try #require(
      costs.entries.first { $0.kernel == .convolution(shape: network.stem, pass: .forward) })
    #expect(convolution.samples.map(\.size) == [1, 4, 6])
  }
}
