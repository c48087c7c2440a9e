// The kernels for training, and which convolution is computed how.

/// Winograd's convolutions and products of matrices, SIMD loops over channels, several threads.
struct FastKernels: Kernels {
  let allowsWinograd: Bool
  let engine: MatrixEngine
  let pool: ThreadPool

  func convolutionWorkspace(_ shape: ConvolutionShape, images: Int) -> Int {
    // Fewer images may need more: where one block held all tiles, the gradient needs room for one part only.
    (1...max(images, 1)).reduce(0) { max($0, cost(shape, images: $1).workspace) }
  }

  func convolution(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, output: FloatView,
    sums: BufferView<Double>, workspace: FloatView
  ) {
    check(shape, images, input: input.values, weights: weights, output: output)
    run(
      .forward(input: input, weights: weights, output: output, sums: sums), shape, images: images, workspace: workspace)
  }

  func inferenceConvolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    finish: InferenceFinish, workspace: FloatView
  ) {
    check(shape, images, input: input, weights: weights, output: output)
    run(
      .inference(input: input, weights: weights, output: output, finish: finish), shape, images: images,
      workspace: workspace)
  }

  func convolutionGradient(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, outputGradient: NormalizedGradient,
    weightGradient: FloatView, inputGradient: InputGradient?, workspace: FloatView
  ) {
    check(shape, images, input: input.values, weights: weights, output: outputGradient.gradient)
    run(
      .backward(
        BackwardCall(
          input: input, weights: weights, gradient: outputGradient, weightGradient: weightGradient,
          inputGradient: inputGradient)), shape, images: images, workspace: workspace)
  }

  private func run(_ pass: ConvolutionPass, _ shape: ConvolutionShape, images: Int, workspace: FloatView) {
    func run<Algorithm: ConvolutionAlgorithm>(_: Algorithm.Type) {
      TiledConvolution<Algorithm>(shape, images: images, workspace: workspace, engine: engine, pool: pool).run(pass)
    }
    switch algorithm(shape) {
    case .winograd: run(WinogradConvolution.self)
    case .stridedWinograd: run(StridedWinogradConvolution.self)
    case .patches: run(PatchConvolution.self)
    }
  }

  /// Floats of workspace for so many images, and multiply-adds of the products that a forward pass over them computes.
  func cost(_ shape: ConvolutionShape, images: Int) -> (workspace: Int, multiplyAdds: Int) {
    func cost<Algorithm: ConvolutionAlgorithm>(_: Algorithm.Type) -> (Int, Int) {
      let plan = ConvolutionPlan<Algorithm>(shape, images: images, threads: pool.threads, engine: engine)
      let inputs = (0..<Algorithm.positions).reduce(0) { $0 + plan.algorithm.inputs(at: $1).count }
      return (plan.layout.floats, plan.tiles * inputs * shape.outputChannels)
    }
    return switch algorithm(shape) {
    case .winograd: cost(WinogradConvolution.self)
    case .stridedWinograd: cost(StridedWinogradConvolution.self)
    case .patches: cost(PatchConvolution.self)
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
