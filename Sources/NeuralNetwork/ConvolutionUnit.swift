// The brick that residual networks are made of: convolution, batch norm, and where asked for a residual sum and a ReLU.

import NumericKernels

/// `output = relu(normalize(input ∗ weights) + residual)`, the last two where the block's plan has them.
final class ConvolutionUnit {
  let shape: ConvolutionShape
  private let relu: Bool
  private let weights: FloatView
  private let weightGradient: FloatView
  private let normalization: BatchNormalization
  /// The convolution's own output, kept for the backward pass.
  private let convolved: AlignedBuffer<Float>
  private let outputBuffer: AlignedBuffer<Float>

  init(
    _ shape: ConvolutionShape, names: UnitNames, relu: Bool, arena: ParameterArena, batchCapacity: Int,
    updatesPerPass: Int
  ) {
    self.shape = shape
    self.relu = relu
    let range = arena.slice(names.convolution + ".weight").range
    weights = arena.values[range]
    weightGradient = arena.gradients[range]
    normalization = BatchNormalization(
      name: names.normalization, channels: shape.outputChannels, arena: arena, updatesPerPass: updatesPerPass)
    convolved = AlignedBuffer(count: batchCapacity * shape.outputCount)
    outputBuffer = AlignedBuffer(count: batchCapacity * shape.outputCount)
  }

  /// The last forward pass's result, `[N, H', W', K]`.
  var output: FloatView { outputBuffer.view }

  func forward(
    _ input: FloatView, images: Int, residual: FloatView? = nil, mode: ForwardMode, workspace: Workspace
  ) throws {
    workspace.kernels.convolution(
      shape, images: images, input: input, weights: weights, output: convolved.view, workspace: workspace.convolution)
    try normalization.forward(
      rows: rows(images), input: convolved.view, residual: residual, relu: relu, output: output, mode: mode,
      workspace: workspace)
  }

  /// - Parameters:
  ///   - outputGradient: the gradient in `output`.
  ///   - residualGradient: receives the gradient in the residual; may be `outputGradient`.
  ///   - inputGradient: receives, or with `accumulate` is added, the gradient in `input`; nil where nobody needs it. It
  ///     may be `outputGradient`, which is read before.
  func backward(
    _ input: FloatView, images: Int, outputGradient: FloatView, residualGradient: FloatView? = nil,
    inputGradient: FloatView?, accumulate: Bool = false, workspace: Workspace
  ) throws {
    let convolvedGradient = workspace.normalizationGradient
    try normalization.backward(
      rows: rows(images), outputGradient: outputGradient, output: relu ? output : nil, input: convolved.view,
      inputGradient: convolvedGradient, maskedGradient: residualGradient, workspace: workspace)
    workspace.kernels.convolutionWeightGradient(
      shape, images: images, input: input, outputGradient: convolvedGradient, weightGradient: weightGradient,
      workspace: workspace.convolution)
    if let inputGradient {
      workspace.kernels.convolutionInputGradient(
        shape, images: images, outputGradient: convolvedGradient, weights: weights, inputGradient: inputGradient,
        accumulate: accumulate, workspace: workspace.convolution)
    }
  }

  private func rows(_ images: Int) -> Int { images * shape.outputHeight * shape.outputWidth }
}
