// Kernels and memory that the layers of one network share during a pass.

import NumericKernels

/// What layers need besides their own tensors: kernels, scratch memory, and the way to other replicas.
final class Workspace {
  let kernels: any Kernels
  let statisticsReduction: (any StatisticsReduction)?
  /// Told how far the present backward pass is.
  var gradientObserver: (any GradientObserver)?
  private let scratchBuffer: AlignedBuffer<Float>
  private let normBuffer: AlignedBuffer<Double>
  private let gradientBuffers: [AlignedBuffer<Float>]

  init(
    _ architecture: Architecture, batchCapacity: Int, kernels: any Kernels,
    statisticsReduction: (any StatisticsReduction)?
  ) {
    self.kernels = kernels
    self.statisticsReduction = statisticsReduction
    let shapes = architecture.convolutions
    scratchBuffer = AlignedBuffer(
      count: shapes.map {
        max(
          kernels.convolutionWorkspace($0, images: batchCapacity),
          kernels.finishWorkspace(channels: $0.outputChannels))
      }.max() ?? 0)
    normBuffer = AlignedBuffer(count: kernels.squaredNormWorkspace)
    let blocks = architecture.blocks
    let trunk = max(architecture.stem.outputCount, blocks.map(\.output.count).max() ?? 0)
    let hasProjections = blocks.contains { $0.projection != nil }
    // Every unit but a block's last passes on a gradient inside the block; those of a bottleneck take turns.
    let inner = blocks.flatMap { $0.convolutions.dropLast() }.map(\.outputCount).max() ?? 0
    let hasTurns = blocks.contains { $0.convolutions.count > 2 }
    gradientBuffers = [trunk, hasProjections ? trunk : 0, inner, hasTurns ? inner : 0]
      .map { AlignedBuffer(count: batchCapacity * $0) }
  }

  /// Its size in memory.
  var bytes: Int { gradientBuffers.reduce(scratchBuffer.bytes + normBuffer.bytes) { $0 + $1.bytes } }

  /// Scratch for one kernel.
  var scratch: FloatView { scratchBuffer.view }
  /// The Euclidean norm of `values`.
  func norm(_ values: FloatView) -> Double {
    kernels.squaredNorm(values, workspace: normBuffer.view).squareRoot()
  }

  /// Gradient of the current block's output.
  var outputGradient: FloatView { gradientBuffers[trunk].view }
  /// Gradient of the input of a block whose input is shaped otherwise than its output.
  var inputGradient: FloatView { gradientBuffers[1 - trunk].view }

  /// Gradient of an activation inside the block, behind its unit `index`.
  func innerGradient(_ index: Int) -> FloatView { gradientBuffers[2 + index % 2].view }

  private var trunk = 0
  /// Makes the input gradient of one block the output gradient of the block before it.
  func passGradientOn() { trunk = 1 - trunk }
}
