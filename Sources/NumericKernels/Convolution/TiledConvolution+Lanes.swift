// The backward pass of narrow layers: lanes of images that have nothing to do with each other until their sums are
// added up. No thread waits for another, or reads what another has in its cache.

extension TiledConvolution {
  func backwardByLanes(_ backward: BackwardCall) {
    pool.run(plan.lanes, Lane(call: self, backward: backward))
    pool.run(plan.gradientParts, CollectWeightGradient(call: self, gradient: backward.weightGradient))
  }

  /// V = Bᵀd, dM = A dY Aᵀ, dU += Vᵀ·dM, and the gradient of the inputs, chunk by chunk.
  private struct Lane: ParallelTask {
    let call: TiledConvolution
    let backward: BackwardCall

    func run(part: Int, thread: Int) {
      let (plan, algorithm, scratch) = (call.plan, call.algorithm, call.scratch(thread))
      let (inputs, gradients) = (call.chunkInputs(thread), call.chunkOutputs(thread))
      let sums = call.laneGradient(part)
      let tiles = plan.lane(part)
      for first in stride(from: tiles.lowerBound, to: tiles.upperBound, by: plan.chunk) {
        let chunk = first..<min(first + plan.chunk, tiles.upperBound)
        algorithm.transformInput(chunk, backward.input, into: inputs, row: 0, scratch)
        algorithm.transformGradient(chunk, backward.gradient, into: gradients, row: 0, scratch)
        for position in 0..<Algorithm.positions {
          let used = algorithm.inputs(at: position)
          call.engine.multiplyTransposed(
            inputs.matrix(position).from(column: used.lowerBound), gradients.matrix(position),
            into: sums.matrix(position).from(row: used.lowerBound),
            ProductSize(m: used.count, n: plan.outputs, k: chunk.count), accumulate: first > tiles.lowerBound)
        }
        if let target = backward.inputGradient {
          call.addInputGradient(chunk, gradients, row: 0, products: inputs, to: target, scratch)
        }
        call.pool.advanceBackground(thread: thread)
      }
    }
  }

  /// dW = Gᵀ dU G for a part of the weights, dU being the sum over the lanes, in their order.
  private struct CollectWeightGradient: ParallelTask {
    let call: TiledConvolution
    let gradient: FloatView

    func run(part: Int, thread: Int) {
      let part = WeightGradientPart(part, of: call.plan)
      let sums = call.weightGradient(thread)
      for position in 0..<Algorithm.positions {
        part.forEachRun(in: call.algorithm.inputs(at: position)) { row, input in
          let target = sums.place(row, 0) + position &* sums.stride
          for lane in 0..<call.plan.lanes {
            let lanes = call.laneGradient(lane)
            let source = lanes.place(input, part.column / 16) + position &* lanes.stride
            for i in 0..<part.channels &* sums.panelVectors {
              target[i] = lane == 0 ? source[i] : target[i] + source[i]
            }
          }
        }
      }
      call.algorithm.collectWeightGradient(
        part.blocks, group: part.column / 16, sums, into: gradient, call.scratch(thread))
    }
  }
}
