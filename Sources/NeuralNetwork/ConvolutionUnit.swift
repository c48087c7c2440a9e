// The brick that residual networks are made of: a convolution and its batch norm. What comes out is stored once, raw;
// whoever reads it normalizes on the fly.

import NumericKernels

/// `normalize(input ∗ weights)`.
final class ConvolutionUnit {
  let shape: ConvolutionShape
  private let weights: FloatView
  private let weightGradient: FloatView
  /// Where its gradients end in the arena, those of the batch norm included.
  let gradientEnd: Int
  private let normalization: BatchNormalization
  private let outputBuffer: AlignedBuffer<Float>

  init(_ shape: ConvolutionShape, names: UnitNames, arena: ParameterArena, batchCapacity: Int, updatesPerPass: Int) {
    self.shape = shape
    let range = arena.layout.range(names.convolution + ".weight")
    weights = arena.values[range]
    weightGradient = arena.gradients[range]
    gradientEnd = range.upperBound
    normalization = BatchNormalization(
      name: names.normalization, channels: shape.outputChannels, arena: arena, updatesPerPass: updatesPerPass)
    outputBuffer = AlignedBuffer(count: batchCapacity * shape.outputCount)
  }

  /// Its size in memory, parameters excepted.
  var bytes: Int { outputBuffer.bytes + normalization.bytes }

  /// The convolution's own output of the last forward pass, `[N, H', W', K]`.
  var output: FloatView { outputBuffer.view }
  /// What the batch norm makes of it.
  var affine: ChannelAffine { normalization.affine }
  /// The output after batch norm and ReLU.
  var activation: Activation { Activation(output, normalization: affine) }

  func forward(_ input: Activation, images: Int, workspace: Workspace) throws {
    workspace.kernels.convolution(
      shape, images: images, input: input, weights: weights, output: output, sums: normalization.sums,
      workspace: workspace.scratch)
    try normalization.takeStatistics(rows: rows(images), workspace.statisticsReduction)
  }

  /// What is done to the gradient behind this unit before its own backward pass. `activation` is what followed from the
  /// unit by a ReLU; nil where the gradient is zeroed already.
  func finish(_ activation: Activation?) -> GradientFinish {
    GradientFinish(activation: activation, input: output, sums: normalization.sums)
  }

  /// Does it in a pass of its own, where no other could.
  func finish(_ gradient: FloatView, _ activation: Activation?, images: Int, workspace: Workspace) {
    workspace.kernels.finish(
      gradient, rows: rows(images), channels: shape.outputChannels, finish(activation), workspace: workspace.scratch)
  }

  /// - Parameters:
  ///   - gradient: the finished gradient behind the unit.
  ///   - inputGradient: where the gradient in `input` goes; nil where nobody needs it.
  func backward(
    _ input: Activation, images: Int, gradient: FloatView, inputGradient: InputGradient?, workspace: Workspace
  ) throws {
    let outputGradient = try normalization.backward(gradient, output: output, workspace.statisticsReduction)
    workspace.kernels.convolutionGradient(
      shape, images: images, input: input, weights: weights, outputGradient: outputGradient,
      weightGradient: weightGradient, inputGradient: inputGradient, workspace: workspace.scratch)
  }

  /// `target = relu(normalize(input ∗ weights) + residual)`, the residual being stored activations or another unit's
  /// normalized output.
  func activate(
    into target: FloatView, images: Int, residual: FloatView? = nil, residualAffine: ChannelAffine? = nil,
    workspace: Workspace
  ) {
    workspace.kernels.activate(
      rows: rows(images), channels: shape.outputChannels, input: output, affine: affine, residual: residual,
      residualAffine: residualAffine, output: target)
  }

  private func rows(_ images: Int) -> Int { images * shape.outputHeight * shape.outputWidth }
}
