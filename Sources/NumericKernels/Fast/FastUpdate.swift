// The update step, and the norms that adaptive rates follow from. Each is cut into parts that do not depend on the number
// of threads, so that the results do not either.

import CVector

/// Parts of a view that threads share.
private let partCount = 64

extension FastKernels {
  func momentumStep(
    values: FloatView, gradients: FloatView, momenta: FloatView, learningRate: Float, momentum: Float,
    weightDecay: Float, factor: Float
  ) -> Bool {
    require(values.count == gradients.count && values.count == momenta.count, "views are equally long")
    return withUnsafeTemporaryAllocation(of: Bool.self, capacity: partCount) { areFinite in
      areFinite.initialize(repeating: true)
      guard let first = areFinite.baseAddress else { return true }
      pool.run(
        partCount,
        MomentumStep(
          count: values.count, values: values.base, gradients: gradients.base, momenta: momenta.base,
          learningRate: learningRate, momentum: momentum, weightDecay: weightDecay, factor: factor,
          areFinite: first))
      return areFinite.allSatisfy(\.self)
    }
  }

  var squaredNormWorkspace: Int { partCount }

  func squaredNorm(_ values: FloatView, workspace: BufferView<Double>) -> Double {
    require(workspace.count >= partCount, "the workspace is too small")
    let groups = values.count / 16
    pool.run(partCount, SquaredNorm(groups: groups, values: values.vectors, sums: workspace.base))
    var sum = 0.0
    for part in 0..<partCount { sum += workspace.base[part] }
    for i in 16 * groups..<values.count { sum += Double(values.base[i]) * Double(values.base[i]) }
    return sum
  }
}

/// A part goes block by block, so that gradients are looked at before they are applied and yet read from memory only once;
/// it ends at a block in which one is not finite.
private struct MomentumStep: ParallelTask {
  let count: Int
  let values: UnsafeMutablePointer<Float>
  let gradients: UnsafeMutablePointer<Float>
  let momenta: UnsafeMutablePointer<Float>
  let learningRate: Float
  let momentum: Float
  let weightDecay: Float
  let factor: Float
  /// One for each part.
  let areFinite: UnsafeMutablePointer<Bool>

  private static let block = 2_048

  func run(part: Int, thread: Int) {
    let end = count * (part + 1) / partCount
    for start in stride(from: count * part / partCount, to: end, by: Self.block) {
      let block = start..<min(start + Self.block, end)
      guard isFinite(block) else {
        areFinite[part] = false
        return
      }
      update(block)
    }
  }

  /// Infinities and NaN have the largest exponents: as integers, their bits without the sign are the largest.
  @inline(__always)
  private func isFinite(_ block: Range<Int>) -> Bool {
    var largest: UInt32 = 0
    for i in block { largest = max(largest, gradients[i].bitPattern & 0x7fff_ffff) }
    return largest < Float.infinity.bitPattern
  }

  @inline(__always)
  private func update(_ block: Range<Int>) {
    for i in block {
      let updated = factor * (gradients[i] + weightDecay * values[i]) + momentum * momenta[i]
      momenta[i] = updated
      values[i] -= learningRate * updated
    }
  }
}

private struct SquaredNorm: ParallelTask {
  /// Of 16 values.
  let groups: Int
  let values: VectorPointer
  let sums: UnsafeMutablePointer<Double>

  func run(part: Int, thread: Int) {
    var total = SIMD8<Double>.zero
    for group in groups * part / partCount..<groups * (part + 1) / partCount {
      total = vector_add_squares(total, values[group])
    }
    var sum = 0.0
    for lane in 0..<8 { sum += total[lane] }
    sums[part] = sum
  }
}
