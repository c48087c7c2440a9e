// The kernels for training, and which convolution is computed how.

/// BLAS matrix products, and SIMD loops over channels.
struct FastKernels: Kernels {
  func convolutionWorkspace(_ shape: ConvolutionShape) -> Int { algorithm(shape).workspace(shape) }

  func convolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    workspace: FloatView
  ) {
    algorithm(shape).init(shape, workspace: workspace)
      .forward(images: images, input: input, weights: weights, output: output)
  }

  func convolutionInputGradient(
    _ shape: ConvolutionShape, images: Int, outputGradient: FloatView, weights: FloatView, inputGradient: FloatView,
    accumulate: Bool, workspace: FloatView
  ) {
    algorithm(shape).init(shape, workspace: workspace)
      .inputGradient(
        images: images, outputGradient: outputGradient, weights: weights, inputGradient: inputGradient,
        accumulate: accumulate)
  }

  func convolutionWeightGradient(
    _ shape: ConvolutionShape, images: Int, input: FloatView, outputGradient: FloatView, weightGradient: FloatView,
    workspace: FloatView
  ) {
    algorithm(shape).init(shape, workspace: workspace)
      .weightGradient(
        images: images, input: input, outputGradient: outputGradient, weightGradient: weightGradient)
  }

  /// Winograd where it applies. The rule looks at the shape alone, so that every rank and run decides alike.
  private func algorithm(_ shape: ConvolutionShape) -> any ConvolutionAlgorithm.Type {
    let isWinograd =
      shape.kernel == 3 && shape.stride == 1 && shape.padding == 1 && shape.inputChannels % 16 == 0
      && shape.outputChannels % 16 == 0
    return isWinograd ? WinogradConvolution.self : MatrixConvolution.self
  }
}

/// A way to compute the convolutions of one shape, forward and both adjoints; the methods mean what those of `Kernels`
/// mean.
protocol ConvolutionAlgorithm {
  /// Floats of workspace that it needs.
  static func workspace(_ shape: ConvolutionShape) -> Int

  init(_ shape: ConvolutionShape, workspace: FloatView)

  func forward(images: Int, input: FloatView, weights: FloatView, output: FloatView)

  func inputGradient(
    images: Int, outputGradient: FloatView, weights: FloatView, inputGradient: FloatView, accumulate: Bool)

  func weightGradient(images: Int, input: FloatView, outputGradient: FloatView, weightGradient: FloatView)
}
