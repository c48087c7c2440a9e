// Batch normalization, ReLU and the residual sum, 16 channels at a time, one pass over memory each.

extension FastKernels {
  func activate(
    rows: Int, channels: Int, input: FloatView, affine: ChannelAffine, residual: FloatView?,
    residualAffine: ChannelAffine?, output: FloatView
  ) {
    check(rows, channels, input, output)
    check(rows, channels, residual ?? output, output)
    let segments = RowSegments(rows: rows, channels: channels)
    pool.run(
      segments.count,
      Activate(
        segments: segments, groups: channels / 16, input: input.vectors, scale: affine.scale.vectors,
        shift: affine.shift.vectors, residual: residual?.vectors, residualScale: residualAffine?.scale.vectors,
        residualShift: residualAffine?.shift.vectors, output: output.vectors))
  }

  func finishWorkspace(channels: Int) -> Int { RowSegments.most * 2 * (2 * channels) }

  func finish(_ gradient: FloatView, rows: Int, channels: Int, _ finish: GradientFinish, workspace: FloatView) {
    check(rows, channels, gradient, finish.input)
    require(workspace.count >= finishWorkspace(channels: channels), "the workspace is too small")
    let segments = RowSegments(rows: rows, channels: channels)
    let summation = GradientSummation(finish, gradient: gradient, channels: channels, parts: workspace)
    pool.run(segments.count, FinishSegment(segments: segments, summation: summation))
    summation.combine(segments.count, into: finish.sums)
  }

  private func check(_ rows: Int, _ channels: Int, _ first: FloatView, _ second: FloatView) {
    require(channels % 16 == 0, "vector kernels need channels in multiples of 16")
    require(min(first.count, second.count) >= rows * channels, "a view is smaller than its shape says")
  }
}

/// Rows cut into parts that do not depend on the number of threads, so that sums over them do not either.
private struct RowSegments {
  /// Parts at most.
  static let most = 64

  let rows: Int
  let length: Int

  init(rows: Int, channels: Int) {
    self.rows = rows
    length = max((rows + Self.most - 1) / Self.most, max(16, 16_384 / channels))
  }

  var count: Int { (rows + length - 1) / length }

  func rows(_ segment: Int) -> Range<Int> { segment * length..<min((segment + 1) * length, rows) }
}

private struct Activate: ParallelTask {
  let segments: RowSegments
  let groups: Int
  let input: VectorPointer
  let scale: VectorPointer
  let shift: VectorPointer
  let residual: VectorPointer?
  let residualScale: VectorPointer?
  let residualShift: VectorPointer?
  let output: VectorPointer

  func run(part: Int, thread: Int) {
    let rows = segments.rows(part)
    guard let residual else { return forEach(rows) { $1 } }
    guard let residualScale, let residualShift else { return forEach(rows) { i, value in value + residual[i] } }
    for row in rows {
      for group in 0..<groups {
        let i = row &* groups &+ group
        let other = fma(residualScale[group], residual[i], residualShift[group])
        output[i] = (fma(scale[group], input[i], shift[group]) + other).rectified
      }
    }
  }

  @inline(__always)
  private func forEach(_ rows: Range<Int>, _ finish: (Int, Vector) -> Vector) {
    for row in rows {
      for group in 0..<groups {
        let i = row &* groups &+ group
        output[i] = finish(i, fma(scale[group], input[i], shift[group])).rectified
      }
    }
  }
}

private struct FinishSegment: ParallelTask {
  let segments: RowSegments
  let summation: GradientSummation

  func run(part: Int, thread: Int) { summation.run(segments.rows(part), part: part) }
}
