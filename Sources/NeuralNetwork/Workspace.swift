// Kernels and memory that the layers of one network share during a pass.

import NumericKernels

/// What layers need besides their own tensors: kernels, scratch memory, and the way to other replicas.
final class Workspace {
  let kernels: any Kernels
  var statisticsReduction: (any StatisticsReduction)?
  private let convolutionBuffer: AlignedBuffer<Float>
  private let gradientBuffers: [AlignedBuffer<Float>]

  init(_ architecture: Architecture, batchCapacity: Int, kernels: any Kernels) {
    self.kernels = kernels
    let blocks = architecture.blocks
    let shapes = [architecture.stem] + blocks.flatMap(\.convolutions) + blocks.compactMap(\.projection)
    convolutionBuffer = AlignedBuffer(count: shapes.map(kernels.convolutionWorkspace).max() ?? 0)
    let largest = shapes.map(\.outputCount).max() ?? 0
    gradientBuffers = (0..<4).map { _ in AlignedBuffer(count: batchCapacity * largest) }
  }

  /// Scratch for one convolution call.
  var convolution: FloatView { convolutionBuffer.view }
  /// Gradient of the current block's output.
  var outputGradient: FloatView { gradientBuffers[trunk].view }
  /// Gradient of the current block's input.
  var inputGradient: FloatView { gradientBuffers[1 - trunk].view }
  /// Gradient of a batch norm's input.
  var normalizationGradient: FloatView { gradientBuffers[2].view }
  /// Gradient of an activation inside the block.
  var innerGradient: FloatView { gradientBuffers[3].view }

  private var trunk = 0
  /// Makes the input gradient of one block the output gradient of the block before it.
  func passGradientOn() { trunk = 1 - trunk }
}
