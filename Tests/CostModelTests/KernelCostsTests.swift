// Times of kernels between and beyond those that were measured.

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

  @Test("of other channels lie on a power of the multiply-adds between narrower and wider convolutions")
  func widths() throws {
    func convolution(_ channels: Int, outputs: Int? = nil) -> Kernel {
      .convolution(
        shape: ConvolutionShape(
          height: 8, width: 8, inputChannels: channels, outputChannels: outputs ?? channels, kernel: 3, stride: 1,
          padding: 1), pass: .forward)
    }
    func entry(_ kernel: Kernel, _ seconds: Double) -> KernelCosts.Entry {
      KernelCosts.Entry(kernel, [KernelCosts.Sample(size: 2, seconds: seconds)])
    }
    // Four times the multiply-adds take three times as long; a wider one, and one that widens, say nothing of it.
    let costs = try KernelCosts(
      threads: 1,
      entries: [
        entry(convolution(64), 3), entry(convolution(32), 1), entry(convolution(128), 90),
        entry(convolution(32, outputs: 64), 70),
      ])
    let between = try costs.seconds(KernelCall(convolution(48), size: 2))
    // 2.25 times the multiply-adds, to the power of log₄ 3; some roundings of a double.
    #expect(abs(between - pow(2.25, log(3) / log(4))) < 1e-12)
    #expect(abs(try costs.seconds(KernelCall(convolution(48), size: 4)) - 2 * between) < 1e-12)
    #expect(abs(try costs.seconds(KernelCall(convolution(16), size: 2)) - 1 / 3.0) < 1e-12)
    let widening = KernelCall(convolution(48, outputs: 96), size: 2)
    #expect(throws: CostModelError.unmeasured("3x3 forward")) { try costs.seconds(widening) }
  }

  @Test("of several networks are those of the first where they have kernels in common")
  func merging() throws {
    let other = try KernelCosts(
      threads: 1,
      entries: [
        KernelCosts.Entry(.update, [KernelCosts.Sample(size: 100, seconds: 9)]),
        KernelCosts.Entry(.pooling, [KernelCosts.Sample(size: 1, seconds: 4)]),
      ])
    let merged = try KernelCosts(merging: [Self.costs(), other])
    #expect(merged.entries == (try Self.costs().entries) + [other.entries[1]])
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
