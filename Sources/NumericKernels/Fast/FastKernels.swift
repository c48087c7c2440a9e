// The kernels for training, and which convolution is computed how.

/// Winograd's convolutions and products of matrices, SIMD loops over channels, several threads.
struct FastKernels: Kernels {
  let allowsWinograd: Bool
  let engine: MatrixEngine
  let pool: ThreadPool

  func convolutionWorkspace(_ shape: ConvolutionShape, images: Int) -> Int {
    func floats<Algorithm: ConvolutionAlgorithm>(_: Algorithm.Type) -> Int {
      ConvolutionPlan<Algorithm>(shape, images: images, threads: pool.threads).layout.floats
    }
    return switch algorithm(shape) {
    case .winograd: floats(WinogradConvolution.self)
    case .stridedWinograd: floats(StridedWinogradConvolution.self)
    case .patches: floats(PatchConvolution.self)
    }
  }

  func convolution(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, output: FloatView,
    sums: BufferView<Double>, workspace: FloatView
  ) {
    check(shape, images, input: input.values, weights: weights, output: output)
    func run<Algorithm: ConvolutionAlgorithm>(_: Algorithm.Type) {
      TiledConvolution<Algorithm>(shape, images: images, workspace: workspace, engine: engine, pool: pool)
        .forward(input: input, weights: weights, output: output, sums: sums)
    }
    switch algorithm(shape) {
    case .winograd: run(WinogradConvolution.self)
    case .stridedWinograd: run(StridedWinogradConvolution.self)
    case .patches: run(PatchConvolution.self)
    }
  }

  func inferenceConvolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    finish: InferenceFinish, workspace: FloatView
  ) {
    check(shape, images, input: input, weights: weights, output: output)
    func run<Algorithm: ConvolutionAlgorithm>(_: Algorithm.Type) {
      TiledConvolution<Algorithm>(shape, images: images, workspace: workspace, engine: engine, pool: pool)
        .inference(input: input, weights: weights, output: output, finish: finish)
    }
    switch algorithm(shape) {
    case .winograd: run(WinogradConvolution.self)
    case .stridedWinograd: run(StridedWinogradConvolution.self)
    case .patches: run(PatchConvolution.self)
    }
  }

  func convolutionGradient(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, outputGradient: NormalizedGradient,
    weightGradient: FloatView, inputGradient: InputGradient?, workspace: FloatView
  ) {
    check(shape, images, input: input.values, weights: weights, output: outputGradient.gradient)
    func run<Algorithm: ConvolutionAlgorithm>(_: Algorithm.Type) {
      TiledConvolution<Algorithm>(shape, images: images, workspace: workspace, engine: engine, pool: pool)
        .backward(
          input: input, weights: weights, gradient: outputGradient, weightGradient: weightGradient,
          inputGradient: inputGradient)
    }
    switch algorithm(shape) {
    case .winograd: run(WinogradConvolution.self)
    case .stridedWinograd: run(StridedWinogradConvolution.self)
    case .patches: run(PatchConvolution.self)
    }
  }

  /// Multiply-adds of the products that a forward pass over one image computes.
  func productMultiplyAdds(_ shape: ConvolutionShape) -> Int {
    func count<Algorithm: ConvolutionAlgorithm>(_: Algorithm.Type) -> Int {
      let algorithm = Algorithm(shape)
      let inputs = (0..<Algorithm.positions).reduce(0) { $0 + algorithm.inputs(at: $1).count }
      return algorithm.tilesPerImage * inputs * shape.outputChannels
    }
    return switch algorithm(shape) {
    case .winograd: count(WinogradConvolution.self)
    case .stridedWinograd: count(StridedWinogradConvolution.self)
    case .patches: count(PatchConvolution.self)
    }
  }

  private enum AlgorithmName {
    case winograd
    case stridedWinograd
    case patches
  }

  /// Winograd where it applies. The rule looks at the shape alone, so that every rank and run decides alike.
  private func algorithm(_ shape: ConvolutionShape) -> AlgorithmName {
    guard allowsWinograd else { return .patches }
    if WinogradConvolution.applies(to: shape) { return .winograd }
    return StridedWinogradConvolution.applies(to: shape) ? .stridedWinograd : .patches
  }

  private func check(
    _ shape: ConvolutionShape, _ images: Int, input: FloatView, weights: FloatView, output: FloatView
  ) {
    require(shape.outputChannels % 16 == 0, "fast convolutions put out channels in multiples of 16")
    require(
      input.count >= images * shape.inputCount && output.count >= images * shape.outputCount
        && weights.count >= shape.weightCount, "a view is smaller than its shape says")
  }
}
