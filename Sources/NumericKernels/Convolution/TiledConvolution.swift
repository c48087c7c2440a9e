// Runs a convolution algorithm over the chunks of a batch, on all threads.

import CVector

/// What is to be computed, with the arguments of the kernels of these names.
enum ConvolutionPass {
  case forward(input: Activation, weights: FloatView, output: FloatView, sums: BufferView<Double>)
  case inference(input: FloatView, weights: FloatView, output: FloatView, finish: InferenceFinish)
  case backward(
    input: Activation, weights: FloatView, gradient: NormalizedGradient, weightGradient: FloatView,
    inputGradient: InputGradient?)
}

/// One call of a convolution: its plan, its memory, and the phases that threads share.
struct TiledConvolution<Algorithm: ConvolutionAlgorithm> {
  private let plan: ConvolutionPlan<Algorithm>
  private let algorithm: Algorithm
  private let layout: ConvolutionLayout
  private let memory: FloatView
  private let engine: MatrixEngine
  private let pool: ThreadPool

  init(_ shape: ConvolutionShape, images: Int, workspace: FloatView, engine: MatrixEngine, pool: ThreadPool) {
    plan = ConvolutionPlan(shape, images: images, threads: pool.threads)
    algorithm = plan.algorithm
    layout = plan.layout
    memory = workspace
    self.engine = engine
    self.pool = pool
    require(workspace.count >= layout.floats, "the workspace is too small")
  }

  func run(_ pass: ConvolutionPass) {
    switch pass {
    case .forward(let input, let weights, let output, let sums):
      forward(input: input, weights: weights, output: output, sums: sums)
    case .inference(let input, let weights, let output, let finish):
      inference(input: input, weights: weights, output: output, finish: finish)
    case .backward(let input, let weights, let gradient, let weightGradient, let inputGradient):
      backward(
        input: input, weights: weights, gradient: gradient, weightGradient: weightGradient,
        inputGradient: inputGradient)
    }
  }

  // MARK: Forward

  private func forward(input: Activation, weights: FloatView, output: FloatView, sums: BufferView<Double>) {
    require(sums.count >= 2 * plan.outputs, "sums hold two numbers per channel")
    transformWeights(weights)
    pool.run(plan.chunks, ForwardChunk(call: self, input: input, output: output, inference: nil))
    sums.prefix(2 * plan.outputs).fill(0)
    for chunk in 0..<plan.chunks {
      let part = memory[layout.sums.part(chunk)]
      for i in 0..<2 * plan.outputs { sums.base[i] += Double(part.base[i]) }
    }
  }

  private func inference(input: FloatView, weights: FloatView, output: FloatView, finish: InferenceFinish) {
    transformWeights(weights)
    pool.run(plan.chunks, ForwardChunk(call: self, input: Activation(input), output: output, inference: finish))
  }

  /// V = Bᵀd, M = V·U, Y = AᵀM for one chunk of tiles.
  private struct ForwardChunk: ParallelTask {
    let call: TiledConvolution
    let input: Activation
    let output: FloatView
    let inference: InferenceFinish?

    func run(part: Int, thread: Int) {
      let plan = call.plan
      let tiles = part * plan.chunk..<min((part + 1) * plan.chunk, plan.tiles)
      let (inputs, products) = (call.chunkInputs(thread), call.chunkOutputs(thread))
      let (weights, scratch) = (call.weights(transposed: false), call.scratch(thread))
      call.algorithm.transformInput(tiles, input, into: inputs, row: 0, scratch)
      for position in 0..<Algorithm.positions {
        let used = call.algorithm.inputs(at: position)
        call.engine.multiply(
          inputs.matrix(position).from(column: used.lowerBound), weights.matrix(position).from(row: used.lowerBound),
          into: products.matrix(position), ProductSize(m: tiles.count, n: plan.outputs, k: used.count),
          accumulate: false)
      }
      call.algorithm.transformOutput(tiles, products, into: output, stage(part), scratch)
    }

    private func stage(_ part: Int) -> OutputStage {
      if let inference {
        return .inference(
          shift: inference.shift.vectors, residual: inference.residual?.vectors, relu: inference.relu)
      }
      let sums = call.memory[call.layout.sums.part(part)]
      sums.fill(0)
      return .statistics(sums.vectors)
    }
  }

  private func transformWeights(_ weights: FloatView) {
    pool.run(algorithm.weightBlocks, WeightBlock(call: self, view: weights, kind: .transform))
  }

  /// Sixteen channels' weights on their way to the transformed domain.
  private struct WeightBlock: ParallelTask {
    enum Kind {
      case transform
      case transpose
    }

    let call: TiledConvolution
    let view: FloatView
    let kind: Kind

    func run(part: Int, thread: Int) {
      let scratch = call.scratch(thread)
      switch kind {
      case .transform: call.algorithm.transformWeights(part, view, into: call.weights(transposed: false), scratch)
      case .transpose: call.algorithm.transposeWeights(part, view, into: call.weights(transposed: true), scratch)
      }
      stream_fence()
    }
  }

  // MARK: Backward

  private func backward(
    input: Activation, weights: FloatView, gradient: NormalizedGradient, weightGradient: FloatView,
    inputGradient: InputGradient?
  ) {
    // The last block sets it, if there is one.
    if plan.tiles == 0 { weightGradient.fill(0) }
    if inputGradient != nil {
      pool.run(algorithm.weightBlocks, WeightBlock(call: self, view: weights, kind: .transpose))
    }
    for first in stride(from: 0, to: plan.tiles, by: plan.block) {
      let tiles = first..<min(first + plan.block, plan.tiles)
      let pieces = plan.shares(tiles.count, size: plan.chunk)
      pool.run(
        pieces.parts, TransformBlock(call: self, tiles: tiles, pieces: pieces, input: input, gradient: gradient))
      pool.run(plan.gradientParts, AddWeightGradient(call: self, tiles: tiles, gradient: weightGradient))
      if let inputGradient {
        // The tiles of an image stay with one thread. A single one takes the block as it is, even a part of an image.
        let perImage = pool.threads == 1 ? tiles.count : algorithm.tilesPerImage
        let pieces = plan.shares(tiles.count / perImage, size: max(1, plan.chunk / perImage))
        pool.run(
          pieces.parts,
          AddInputGradient(
            call: self, tiles: tiles, pieces: pieces, perPiece: perImage, gradient: inputGradient,
            summation: summation(inputGradient)))
      }
    }
    if let inputGradient, let finish = inputGradient.finish {
      summation(inputGradient)?.combine(plan.images, into: finish.sums)
    }
  }

  private func summation(_ gradient: InputGradient) -> GradientSummation? {
    gradient.finish.map {
      GradientSummation(
        $0, gradient: gradient.values, channels: plan.shape.inputChannels, parts: memory[layout.finish.part()])
    }
  }

  /// V = Bᵀd and dM = A dY Aᵀ for a piece of a block.
  private struct TransformBlock: ParallelTask {
    let call: TiledConvolution
    let tiles: Range<Int>
    let pieces: EqualShares
    let input: Activation
    let gradient: NormalizedGradient

    func run(part: Int, thread: Int) {
      let rows = pieces[part]
      let piece = tiles.lowerBound + rows.lowerBound..<tiles.lowerBound + rows.upperBound
      let scratch = call.scratch(thread)
      call.algorithm.transformInput(piece, input, into: call.blockInputs, row: rows.lowerBound, scratch)
      call.algorithm.transformGradient(piece, gradient, into: call.blockGradients, row: rows.lowerBound, scratch)
    }
  }

  /// dU += Vᵀ·dM for a part of the weights at all positions, and dW = Gᵀ dU G behind the last block.
  private struct AddWeightGradient: ParallelTask {
    let call: TiledConvolution
    let tiles: Range<Int>
    let gradient: FloatView

    func run(part: Int, thread: Int) {
      let plan = call.plan
      let parts = call.algorithm.weightBlocks / plan.gradientBlocks
      let first = part % parts * plan.gradientBlocks
      let column = part / parts * plan.gradientColumns
      let channels = 16 * plan.gradientBlocks
      let sums = call.weightGradient(plan.keepsGradientParts ? part : thread)
      let (inputs, gradients) = (call.blockInputs, call.blockGradients)
      for position in 0..<Algorithm.positions {
        let used = call.algorithm.inputs(at: position)
        for row in stride(from: 0, to: plan.gradientRows, by: channels) {
          let input = row / channels * 16 * call.algorithm.weightBlocks + 16 * first
          guard used.contains(input) else { continue }
          call.engine.multiplyTransposed(
            inputs.matrix(position).from(column: input), gradients.matrix(position).from(column: column),
            into: sums.matrix(position).from(row: row),
            ProductSize(m: channels, n: plan.gradientColumns, k: tiles.count), accumulate: tiles.lowerBound > 0)
        }
      }
      if tiles.upperBound == plan.tiles {
        call.algorithm.collectWeightGradient(
          first..<first + plan.gradientBlocks, group: column / 16, sums, into: gradient, call.scratch(thread))
      }
    }
  }

  /// dV = dM·Uᵀ and dX += B dV Bᵀ, chunk by chunk, for a part of a block.
  private struct AddInputGradient: ParallelTask {
    let call: TiledConvolution
    let tiles: Range<Int>
    let pieces: EqualShares
    /// Tiles of one of the things that are shared out.
    let perPiece: Int
    let gradient: InputGradient
    let summation: GradientSummation?

    func run(part: Int, thread: Int) {
      let first = tiles.lowerBound + pieces[part].lowerBound * perPiece
      let last = tiles.lowerBound + pieces[part].upperBound * perPiece
      for start in stride(from: first, to: last, by: call.plan.chunk) {
        run(start..<min(start + call.plan.chunk, last), thread: thread)
      }
    }

    private func run(_ chunk: Range<Int>, thread: Int) {
      let (gradients, weights) = (call.blockGradients, call.weights(transposed: true))
      let products = call.chunkInputs(thread)
      for position in 0..<Algorithm.positions {
        let used = call.algorithm.inputs(at: position)
        call.engine.multiply(
          gradients.matrix(position).from(row: chunk.lowerBound - tiles.lowerBound),
          weights.matrix(position).from(column: used.lowerBound),
          into: products.matrix(position).from(column: used.lowerBound),
          ProductSize(m: chunk.count, n: used.count, k: call.plan.outputs), accumulate: false)
      }
      call.algorithm.addInputGradient(
        chunk, products, to: gradient.values, accumulate: gradient.accumulate, call.scratch(thread))
      guard let summation else { return }
      let (tiles, pixels) = (call.algorithm.tilesPerImage, call.plan.shape.height * call.plan.shape.width)
      for image in chunk.lowerBound / tiles..<chunk.upperBound / tiles {
        summation.run(image * pixels..<(image + 1) * pixels, part: image)
      }
    }
  }

  // MARK: Memory

  private func scratch(_ thread: Int) -> TileScratch {
    TileScratch(memory[layout.scratch.part(thread)], channels: max(plan.inputs, plan.outputs))
  }

  /// `[inputs, K]` at each position, or transposed.
  private func weights(transposed: Bool) -> TileMatrices {
    TileMatrices(
      memory[layout.weights.part()], positions: Algorithm.positions, rows: transposed ? plan.outputs : plan.inputs,
      columns: transposed ? plan.inputs : plan.outputs)
  }

  private func weightGradient(_ part: Int) -> TileMatrices {
    matrices(layout.weightGradient.part(part), rows: plan.gradientRows, columns: plan.gradientColumns)
  }

  private func chunkInputs(_ thread: Int) -> TileMatrices {
    matrices(layout.chunkInputs.part(thread), rows: plan.chunk, columns: plan.inputs)
  }

  private func chunkOutputs(_ thread: Int) -> TileMatrices {
    matrices(layout.chunkOutputs.part(thread), rows: plan.chunk, columns: plan.outputs)
  }

  private var blockInputs: TileMatrices {
    matrices(layout.blockInputs.part(), rows: plan.block, columns: plan.inputs)
  }

  private var blockGradients: TileMatrices {
    matrices(layout.blockGradients.part(), rows: plan.block, columns: plan.outputs)
  }

  private func matrices(_ part: Range<Int>, rows: Int, columns: Int) -> TileMatrices {
    TileMatrices(memory[part], positions: Algorithm.positions, rows: rows, columns: columns)
  }
}
