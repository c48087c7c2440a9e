// The backward pass of a convolution: both adjoints, from one transform of the inputs and of the gradient.

extension TiledConvolution {
  func backward(_ call: BackwardCall) {
    if plan.tiles == 0 { call.weightGradient.fill(0) }
    if call.inputGradient != nil {
      pool.run(algorithm.weightBlocks, WeightBlock(call: self, view: call.weights, kind: .transpose))
    }
    if plan.lanes > 0 { backwardByLanes(call) } else { backwardByBlocks(call) }
    if let inputGradient = call.inputGradient, let finish = inputGradient.finish {
      summation(inputGradient)?.combine(plan.images, into: finish.sums)
    }
  }

  /// dV = dM·Uᵀ and dX += B dV Bᵀ for a chunk of tiles, the images of which come in order, and what follows for those
  /// images that it completes.
  ///
  /// - Parameters:
  ///   - gradients: dM; the chunk's begins at `row`.
  ///   - products: receives dV.
  func addInputGradient(
    _ chunk: Range<Int>, _ gradients: TileMatrices, row: Int, products: TileMatrices, to target: InputGradient,
    _ scratch: TileScratch
  ) {
    let weights = weights(transposed: true)
    for position in 0..<Algorithm.positions {
      let used = algorithm.inputs(at: position)
      engine.multiply(
        gradients.matrix(position).from(row: row), weights.matrix(position).from(column: used.lowerBound),
        into: products.matrix(position).from(column: used.lowerBound),
        ProductSize(m: chunk.count, n: used.count, k: plan.outputs), accumulate: false)
    }
    algorithm.addInputGradient(chunk, products, to: target.values, accumulate: target.accumulate, scratch)
    guard let summation = summation(target) else { return }
    let (tiles, pixels) = (algorithm.tilesPerImage, plan.shape.height * plan.shape.width)
    for image in chunk.lowerBound / tiles..<chunk.upperBound / tiles {
      summation.run(image * pixels..<(image + 1) * pixels, part: image)
    }
  }

  private func summation(_ gradient: InputGradient) -> GradientSummation? {
    gradient.finish.map {
      GradientSummation(
        $0, gradient: gradient.values, channels: plan.shape.inputChannels, parts: memory[layout.finish.part()])
    }
  }
}

/// The arguments of a backward pass.
struct BackwardCall {
  let input: Activation
  let weights: FloatView
  let gradient: NormalizedGradient
  let weightGradient: FloatView
  let inputGradient: InputGradient?
}

/// A part of the weights' gradient, that is summed and transformed back at once: `rows` of all inputs, and one panel of
/// columns.
struct WeightGradientPart {
  /// Blocks of 16 channels.
  let blocks: Range<Int>
  /// First output channel.
  let column: Int
  private let weightBlocks: Int
  private let rows: Int

  init<Algorithm: ConvolutionAlgorithm>(_ part: Int, of plan: ConvolutionPlan<Algorithm>) {
    let parts = plan.algorithm.weightBlocks / plan.gradientBlocks
    let first = part % parts * plan.gradientBlocks
    blocks = first..<first + plan.gradientBlocks
    column = part / parts * plan.gradientColumns
    weightBlocks = plan.algorithm.weightBlocks
    rows = plan.gradientRows
  }

  /// Channels that follow each other.
  var channels: Int { 16 * blocks.count }

  /// Calls `body` with the first row in the part, and the first of the transformed inputs, of each run of `channels` that
  /// `used` has.
  @inline(__always)
  func forEachRun(in used: Range<Int>, _ body: (_ row: Int, _ input: Int) -> Void) {
    for row in stride(from: 0, to: rows, by: channels) {
      let input = row / channels * 16 * weightBlocks + 16 * blocks.lowerBound
      if used.contains(input) { body(row, input) }
    }
  }
}
