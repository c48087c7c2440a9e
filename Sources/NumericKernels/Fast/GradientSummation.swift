// Takes gradients through a ReLU to the sums that a batch norm needs, part by part.

/// Zeroes a gradient where an activation is not positive, and sums it and its products with the batch norm's input.
struct GradientSummation {
  private let channels: Int
  private let gradient: VectorPointer
  private let mask: VectorPointer?
  private let scale: VectorPointer?
  private let shift: VectorPointer?
  private let input: VectorPointer
  /// Σg and Σg·x of each channel, for each part.
  private let sums: UnsafeMutablePointer<Double>

  /// - Parameter parts: 4·C floats for each part that will be run.
  init(_ finish: GradientFinish, gradient: FloatView, channels: Int, parts: FloatView) {
    require(channels % 16 == 0, "vector kernels need channels in multiples of 16")
    require(finish.sums.count >= 2 * channels, "sums hold two numbers per channel")
    self.channels = channels
    self.gradient = gradient.vectors
    mask = finish.activation?.values.vectors
    scale = finish.activation?.normalization?.scale.vectors
    shift = finish.activation?.normalization?.shift.vectors
    input = finish.input.vectors
    sums = UnsafeMutableRawPointer(parts.vectors).assumingMemoryBound(to: Double.self)
  }

  /// Adds up the parts, in their order.
  func combine(_ parts: Int, into result: BufferView<Double>) {
    for i in 0..<2 * channels {
      var sum = 0.0
      for part in 0..<parts { sum += sums[part * 2 * channels + i] }
      result[i] = sum
    }
  }

  /// Works on some rows of the gradient, and sets the sums of one part.
  func run(_ rows: Range<Int>, part: Int) {
    let target = sums + part * 2 * channels
    target.update(repeating: 0, count: 2 * channels)
    guard let mask else { return sum(rows, target) { i, _ in gradient[i] } }
    guard let scale, let shift else {
      return sum(rows, target) { i, _ in
        let g = gradient[i].replacing(with: Vector.zero, where: mask[i] .<= Vector.zero)
        gradient[i] = g
        return g
      }
    }
    sum(rows, target) { i, group in
      let activation = fma(scale[group], mask[i], shift[group])
      let g = gradient[i].replacing(with: Vector.zero, where: activation .<= Vector.zero)
      gradient[i] = g
      return g
    }
  }

  /// Floats over a few rows, which stay in cache and exact enough; doubles over those.
  @inline(__always)
  private func sum(_ rows: Range<Int>, _ target: UnsafeMutablePointer<Double>, _ value: (Int, Int) -> Vector) {
    let groups = channels / 16
    let few = max(16, 8_192 / channels)
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: few) {
      let end = min(start + few, rows.upperBound)
      for group in 0..<groups {
        var first = Vector.zero
        var second = Vector.zero
        for row in start..<end {
          let i = row &* groups &+ group
          let g = value(i, group)
          first += g
          second = fma(g, input[i], second)
        }
        for lane in 0..<16 {
          target[group &* 16 &+ lane] += Double(first[lane])
          target[channels &+ group &* 16 &+ lane] += Double(second[lane])
        }
      }
    }
  }
}
