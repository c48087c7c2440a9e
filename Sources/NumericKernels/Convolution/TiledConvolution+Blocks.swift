// The backward pass of wide layers, whose weights' gradients are too large to have several: all threads work on one block
// of tiles at a time.

extension TiledConvolution {
  func backwardByBlocks(_ backward: BackwardCall) {
    for first in stride(from: 0, to: plan.tiles, by: plan.block) {
      let tiles = first..<min(first + plan.block, plan.tiles)
      let pieces = plan.shares(tiles.count, size: plan.chunk)
      pool.run(pieces.parts, TransformBlock(call: self, backward: backward, tiles: tiles, pieces: pieces))
      pool.run(plan.gradientParts, AddWeightGradient(call: self, tiles: tiles, gradient: backward.weightGradient))
      if let target = backward.inputGradient {
        // The tiles of an image stay with one thread. A single one takes the block as it is, even a part of an image.
        let perImage = pool.threads == 1 ? tiles.count : algorithm.tilesPerImage
        let pieces = plan.shares(tiles.count / perImage, size: max(1, plan.chunk / perImage))
        pool.run(
          pieces.parts,
          AddInputGradient(call: self, tiles: tiles, pieces: pieces, perPiece: perImage, target: target))
      }
    }
  }

  /// V = Bᵀd and dM = A dY Aᵀ for a piece of a block.
  private struct TransformBlock: ParallelTask {
    let call: TiledConvolution
    let backward: BackwardCall
    let tiles: Range<Int>
    let pieces: EqualShares

    func run(part: Int, thread: Int) {
      let rows = pieces[part]
      let piece = tiles.lowerBound + rows.lowerBound..<tiles.lowerBound + rows.upperBound
      let (row, scratch) = (rows.lowerBound, call.scratch(thread))
      call.algorithm.transformInput(piece, backward.input, into: call.blockInputs, row: row, scratch)
      call.algorithm.transformGradient(piece, backward.gradient, into: call.blockGradients, row: row, scratch)
    }
  }

  /// dU += Vᵀ·dM for a part of the weights at all positions, and dW = Gᵀ dU G behind the last block.
  private struct AddWeightGradient: ParallelTask {
    let call: TiledConvolution
    let tiles: Range<Int>
    let gradient: FloatView

    func run(part number: Int, thread: Int) {
      let plan = call.plan
      let part = WeightGradientPart(number, of: plan)
      let sums = call.weightGradient(plan.keepsGradientParts ? number : thread)
      let (inputs, gradients) = (call.blockInputs, call.blockGradients)
      for position in 0..<Algorithm.positions {
        part.forEachRun(in: call.algorithm.inputs(at: position)) { row, input in
          call.engine.multiplyTransposed(
            inputs.matrix(position).from(column: input), gradients.matrix(position).from(column: part.column),
            into: sums.matrix(position).from(row: row),
            ProductSize(m: part.channels, n: plan.gradientColumns, k: tiles.count), accumulate: tiles.lowerBound > 0)
        }
      }
      if tiles.upperBound == plan.tiles {
        call.algorithm.collectWeightGradient(
          part.blocks, group: part.column / 16, sums, into: gradient, call.scratch(thread))
      }
    }
  }

  /// The gradient of the inputs, chunk by chunk, for a part of a block.
  private struct AddInputGradient: ParallelTask {
    let call: TiledConvolution
    let tiles: Range<Int>
    let pieces: EqualShares
    /// Tiles of one of the things that are shared out.
    let perPiece: Int
    let target: InputGradient

    func run(part: Int, thread: Int) {
      let first = tiles.lowerBound + pieces[part].lowerBound * perPiece
      let last = tiles.lowerBound + pieces[part].upperBound * perPiece
      for start in stride(from: first, to: last, by: call.plan.chunk) {
        call.addInputGradient(
          start..<min(start + call.plan.chunk, last), call.blockGradients, row: start - tiles.lowerBound,
          products: call.chunkInputs(thread), to: target, call.scratch(thread))
      }
    }
  }
}
