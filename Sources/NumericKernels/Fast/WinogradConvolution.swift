// Convolutions with 3×3 kernels and stride 1 by Winograd's F(4×4, 3×3): a quarter of the multiplications.

/// One convolution, its tiles worked on in chunks whose transforms fit in a workspace.
///
/// Forward: V = BᵀdB, M = V·U at each of 36 positions, Y = AᵀMA. Backward is the exact adjoint of that: dM = A dY Aᵀ,
/// dV = dM·Uᵀ, dX = Σ B dV Bᵀ over overlapping tiles, dU = Σ Vᵀ·dM over chunks, dW = Gᵀ dU G.
struct WinogradConvolution: ConvolutionAlgorithm {
  private let shape: ConvolutionShape
  private let inputs: WinogradTiles
  private let outputs: WinogradTiles
  private let capacity: Int
  /// Transformed weights or their gradient, `[36, C, K]`.
  private let weights: FloatView
  private let inputTiles: TransformedTiles
  private let outputTiles: TransformedTiles

  init(_ shape: ConvolutionShape, workspace: FloatView) {
    self.shape = shape
    inputs = WinogradTiles(height: shape.height, width: shape.width, channels: shape.inputChannels)
    outputs = WinogradTiles(height: shape.height, width: shape.width, channels: shape.outputChannels)
    capacity = Self.capacity(shape)
    let (first, second, third) = Self.parts(shape)
    weights = workspace.prefix(first)
    inputTiles = TransformedTiles(
      workspace[first..<first + second], capacity: capacity, channels: shape.inputChannels)
    outputTiles = TransformedTiles(
      workspace[first + second..<first + second + third], capacity: capacity, channels: shape.outputChannels)
  }

  /// Floats of workspace.
  static func workspace(_ shape: ConvolutionShape) -> Int {
    let (first, second, third) = parts(shape)
    return first + second + third
  }

  /// Tiles per chunk: the transforms of about 256 Ki floats stay in a second-level cache, but the transformed weights,
  /// which are read once per chunk, want at least 64 tiles to be worth it.
  private static func capacity(_ shape: ConvolutionShape) -> Int {
    max(64, (1 << 18) / (36 * (shape.inputChannels + shape.outputChannels)))
  }

  private static func parts(_ shape: ConvolutionShape) -> (Int, Int, Int) {
    (
      36 * shape.inputChannels * shape.outputChannels,
      TransformedTiles.floats(capacity: capacity(shape), channels: shape.inputChannels),
      TransformedTiles.floats(capacity: capacity(shape), channels: shape.outputChannels)
    )
  }

  func forward(images: Int, input: FloatView, weights: FloatView, output: FloatView) {
    check(images, input, output)
    transformWeights(weights)
    forEachChunk(images) { tiles in
      inputs.transformInput(tiles, input, into: inputTiles)
      for position in 0..<36 {
        multiply(
          .plain(inputTiles.matrix(position, rows: tiles.count)), .plain(weightMatrix(position)),
          into: outputTiles.matrix(position, rows: tiles.count), m: tiles.count, n: shape.outputChannels,
          k: shape.inputChannels)
      }
      outputs.transformOutput(tiles, outputTiles, into: output)
    }
  }

  func inputGradient(
    images: Int, outputGradient: FloatView, weights: FloatView, inputGradient: FloatView, accumulate: Bool
  ) {
    check(images, inputGradient, outputGradient)
    transformWeights(weights)
    if !accumulate { inputGradient.prefix(images * shape.inputCount).fill(0) }
    forEachChunk(images) { tiles in
      outputs.transformOutputGradient(tiles, outputGradient, into: outputTiles)
      for position in 0..<36 {
        multiply(
          .plain(outputTiles.matrix(position, rows: tiles.count)), .transposed(weightMatrix(position)),
          into: inputTiles.matrix(position, rows: tiles.count), m: tiles.count, n: shape.inputChannels,
          k: shape.outputChannels)
      }
      inputs.addInputGradient(tiles, inputTiles, to: inputGradient)
    }
  }

  func weightGradient(images: Int, input: FloatView, outputGradient: FloatView, weightGradient: FloatView) {
    check(images, input, outputGradient)
    if images == 0 { return weightGradient.fill(0) }
    forEachChunk(images) { tiles in
      inputs.transformInput(tiles, input, into: inputTiles)
      outputs.transformOutputGradient(tiles, outputGradient, into: outputTiles)
      for position in 0..<36 {
        multiply(
          .transposed(inputTiles.matrix(position, rows: tiles.count)),
          .plain(outputTiles.matrix(position, rows: tiles.count)), into: weightMatrix(position),
          m: shape.inputChannels, n: shape.outputChannels, k: tiles.count, accumulate: tiles.lowerBound > 0)
      }
    }
    collectWeightGradient(weightGradient)
  }

  private func forEachChunk(_ images: Int, _ body: (Range<Int>) -> Void) {
    let total = images * inputs.perImage
    for start in stride(from: 0, to: total, by: capacity) { body(start..<min(start + capacity, total)) }
  }

  private func check(_ images: Int, _ input: FloatView, _ output: FloatView) {
    require(
      input.count >= images * shape.inputCount && output.count >= images * shape.outputCount,
      "a view is smaller than its shape says")
  }

  private func weightMatrix(_ position: Int) -> FloatView {
    let size = shape.inputChannels * shape.outputChannels
    return weights[position * size..<(position + 1) * size]
  }

  /// U = G g Gᵀ for every pair of channels.
  private func transformWeights(_ source: FloatView) {
    require(source.count >= shape.weightCount, "the weights are fewer than their shape says")
    let pairs = shape.inputChannels * shape.outputChannels / 16
    let (taps, target) = (source.vectors, weights.vectors)
    TileScratch.with { scratch in
      for pair in 0..<pairs {
        for j in 0..<3 {
          let u = Winograd.weight(
            (taps[j &* pairs &+ pair], taps[(3 &+ j) &* pairs &+ pair], taps[(6 &+ j) &* pairs &+ pair]))
          let half = scratch.half + j
          (half[0], half[3], half[6], half[9], half[12], half[15]) = u
        }
        for i in 0..<6 {
          let row = scratch.half + 3 &* i
          let u = Winograd.weight((row[0], row[1], row[2]))
          let place = target + (6 &* i &* pairs &+ pair)
          place[0] = u.0
          place[pairs] = u.1
          place[2 &* pairs] = u.2
          place[3 &* pairs] = u.3
          place[4 &* pairs] = u.4
          place[5 &* pairs] = u.5
        }
      }
    }
  }

  /// dW = Gᵀ dU G for every pair of channels.
  private func collectWeightGradient(_ target: FloatView) {
    require(target.count >= shape.weightCount, "the weights are fewer than their shape says")
    let pairs = shape.inputChannels * shape.outputChannels / 16
    let (source, taps) = (weights.vectors, target.vectors)
    TileScratch.with { scratch in
      for pair in 0..<pairs {
        for j in 0..<6 {
          let column = source + (j &* pairs &+ pair)
          let g = Winograd.weightAdjoint(
            (
              column[0], column[6 &* pairs], column[12 &* pairs], column[18 &* pairs], column[24 &* pairs],
              column[30 &* pairs]
            ))
          let half = scratch.half + j
          (half[0], half[6], half[12]) = g
        }
        for i in 0..<3 {
          let row = scratch.half + 6 &* i
          let g = Winograd.weightAdjoint((row[0], row[1], row[2], row[3], row[4], row[5]))
          let place = taps + (3 &* i &* pairs &+ pair)
          place[0] = g.0
          place[pairs] = g.1
          place[2 &* pairs] = g.2
        }
      }
    }
  }
}
