// The fast passes of batch normalization against the reference.

import NumericKernels
import Testing

/// Rows and channels of activations.
struct Rows: Sendable, CustomTestStringConvertible {
  let rows: Int
  let channels: Int

  init(_ rows: Int, _ channels: Int) {
    self.rows = rows
    self.channels = channels
  }

  var count: Int { rows * channels }
  var testDescription: String { "\(rows) rows of \(channels) channels" }
}

/// The passes of batch normalization, each in every way that networks call it.
enum NormalizationCalls {
  /// Batch norm, ReLU and residual sum.
  static func activate(_ size: Rows, _ kernels: any Kernels, _ memory: Memory) -> [Result] {
    let residualAffine = memory.randomAffine(size.channels, 5)
    func run(
      _ name: String, residual: FloatView? = nil, residualAffine: ChannelAffine? = nil,
      output: (_ input: FloatView) -> FloatView
    ) -> Result {
      let input = memory.random(size.count, 1)
      let target = output(input)
      kernels.activate(
        rows: size.rows, channels: size.channels, input: input, affine: memory.randomAffine(size.channels, 2),
        residual: residual, residualAffine: residualAffine, output: target)
      return Result("activate, \(name)", target)
    }
    func residual() -> FloatView { memory.random(size.count, 4) }
    let replaced = residual()
    return [
      run("no residual") { _ in memory.allocate(size.count) },
      run("in place") { $0 },
      run("residual", residual: residual()) { _ in memory.allocate(size.count) },
      run("residual, in place", residual: residual()) { $0 },
      run("normalized residual", residual: residual(), residualAffine: residualAffine) { _ in
        memory.allocate(size.count)
      },
      run("in place of the normalized residual", residual: replaced, residualAffine: residualAffine) { _ in replaced },
    ]
  }

  /// The gradient's way through a ReLU to the sums.
  static func finish(_ size: Rows, _ kernels: any Kernels, _ memory: Memory) -> [Result] {
    let mask = memory.random(size.count, 2)
    let masks = [
      ("no mask", nil), ("stored mask", Activation(mask)),
      ("normalized mask", Activation(mask, normalization: memory.randomAffine(size.channels, 3))),
    ]
    return masks.flatMap { name, activation in
      let gradient = memory.random(size.count, 1)
      let sums: BufferView<Double> = memory.allocate(2 * size.channels)
      kernels.finish(
        gradient, rows: size.rows, channels: size.channels,
        GradientFinish(activation: activation, input: memory.random(size.count, 5), sums: sums),
        workspace: memory.allocate(kernels.finishWorkspace(channels: size.channels)))
      return [
        Result("finish, \(name): gradient", gradient), Result("finish, \(name): Σg", sums.prefix(size.channels)),
        Result("finish, \(name): Σg·x", sums[size.channels..<2 * size.channels]),
      ]
    }
  }
}

@Suite("Fast batch normalization agrees with the reference")
struct NormalizationTests {
  static let sizes = [
    Rows(1, 16), Rows(7, 64), Rows(1000, 64), Rows(515, 128), Rows(33, 512), Rows(17_001, 48), Rows(3_000, 16),
    Rows(1_001, 32), Rows(517, 96),
  ]

  @Test("normalization, ReLU and residual sum", arguments: sizes)
  func activation(size: Rows) { expectAgreement { NormalizationCalls.activate(size, $0, $1) } }

  @Test("masked gradients and their sums", arguments: sizes)
  func finish(size: Rows) { expectAgreement { NormalizationCalls.finish(size, $0, $1) } }

  @Test("no rows have zero sums", arguments: KernelFamily.allCases, [1, 3])
  func noRows(family: KernelFamily, threads: Int) {
    let memory = Memory()
    defer { memory.expectIntact() }
    for result in NormalizationCalls.finish(Rows(0, 32), family.kernels(threads: threads), memory) {
      #expect(result.values.allSatisfy { $0 == 0 }, "\(result.name)")
    }
  }
}
