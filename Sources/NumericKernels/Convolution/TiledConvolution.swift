// Runs a convolution algorithm over the chunks of a batch, on all threads.

import CVector

/// What is to be computed, with the arguments of the kernels of these names.
enum ConvolutionPass {
  case forward(input: Activation, weights: FloatView, output: FloatView, sums: BufferView<Double>)
  case inference(input: FloatView, weights: FloatView, output: FloatView, finish: InferenceFinish)
  case backward(BackwardCall)
}

/// One call of a convolution: its plan, its memory, and the phases that threads share.
struct TiledConvolution<Algorithm: ConvolutionAlgorithm> {
  let plan: ConvolutionPlan<Algorithm>
  let algorithm: Algorithm
  let layout: ConvolutionLayout
  let memory: FloatView
  let pool: ThreadPool

  init(_ shape: ConvolutionShape, images: Int, workspace: FloatView, engine: MatrixEngine, pool: ThreadPool) {
    plan = ConvolutionPlan(shape, images: images, threads: pool.threads, engine: engine)
    algorithm = plan.algorithm
    layout = plan.layout
    memory = workspace
    self.pool = pool
    require(workspace.count >= layout.floats, "the workspace is too small")
  }

  var engine: MatrixEngine { plan.engine }

  func run(_ pass: ConvolutionPass) {
    switch pass {
    case .forward(let input, let weights, let output, let sums):
      forward(input: input, weights: weights, output: output, sums: sums)
    case .inference(let input, let weights, let output, let finish):
      inference(input: input, weights: weights, output: output, finish: finish)
    case .backward(let call): backward(call)
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
  struct WeightBlock: ParallelTask {
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

  // MARK: Memory

  func scratch(_ thread: Int) -> TileScratch {
    TileScratch(memory[layout.scratch.part(thread)], channels: max(plan.inputs, plan.outputs))
  }

  /// `[inputs, K]` at each position, or transposed.
  func weights(transposed: Bool) -> TileMatrices {
    matrices(
      layout.weights.part(), rows: transposed ? plan.outputs : plan.inputs,
      columns: transposed ? plan.inputs : plan.outputs)
  }

  func weightGradient(_ part: Int) -> TileMatrices {
    matrices(layout.weightGradient.part(part), rows: plan.gradientRows, columns: plan.gradientColumns)
  }

  func chunkInputs(_ thread: Int) -> TileMatrices {
    matrices(layout.chunkInputs.part(thread), rows: plan.chunk, columns: plan.inputs)
  }

  func chunkOutputs(_ thread: Int) -> TileMatrices {
    matrices(layout.chunkOutputs.part(thread), rows: plan.chunk, columns: plan.outputs)
  }

  var blockInputs: TileMatrices {
    matrices(layout.blockInputs.part(), rows: plan.block, columns: plan.inputs)
  }

  var blockGradients: TileMatrices {
    matrices(layout.blockGradients.part(), rows: plan.block, columns: plan.outputs)
  }

  /// A lane's sum, `[inputs, K]` at each position.
  func laneGradient(_ lane: Int) -> TileMatrices {
    matrices(layout.laneGradients.part(lane), rows: plan.inputs, columns: plan.outputs)
  }

  private func matrices(_ part: Range<Int>, rows: Int, columns: Int) -> TileMatrices {
    TileMatrices(
      memory[part], positions: Algorithm.positions, rows: rows, columns: columns, panel: plan.engine.panel(columns))
  }
}
