// Batch normalization, ReLU and the residual sum, 16 channels at a time, one pass over memory each.

typealias Vector = SIMD16<Float>

extension FloatView {
  /// The view as SIMD vectors; it must start on a 64-byte boundary.
  @inline(__always)
  var vectors: UnsafeMutablePointer<Vector> {
    let raw = UnsafeMutableRawPointer(base)
    require(Int(bitPattern: raw) & 63 == 0, "a vector kernel works on 64-byte aligned views")
    return raw.assumingMemoryBound(to: Vector.self)
  }
}

extension FastKernels {
  func channelSums(rows: Int, channels: Int, input: FloatView, sums: BufferView<Double>) {
    check(rows, channels, input)
    let x = input.vectors
    accumulate(rows, channels, sums) { i, first, second in
      first += x[i]
      second = second.addingProduct(x[i], x[i])
    }
  }

  func gradientSums(
    rows: Int, channels: Int, outputGradient: FloatView, output: FloatView?, input: FloatView,
    sums: BufferView<Double>
  ) {
    check(rows, channels, outputGradient, output, input)
    let (gradients, x) = (outputGradient.vectors, input.vectors)
    if let z = output?.vectors {
      accumulate(rows, channels, sums) { i, first, second in
        let g = gradients[i].replacing(with: Vector.zero, where: z[i] .<= Vector.zero)
        first += g
        second = second.addingProduct(g, x[i])
      }
    } else {
      accumulate(rows, channels, sums) { i, first, second in
        first += gradients[i]
        second = second.addingProduct(gradients[i], x[i])
      }
    }
  }

  func scaleAndShift(
    rows: Int, channels: Int, input: FloatView, scale: FloatView, shift: FloatView, residual: FloatView?, relu: Bool,
    output: FloatView
  ) {
    check(rows, channels, input, residual, output)
    let (x, y) = (input.vectors, output.vectors)
    let (a, b) = (scale.vectors, shift.vectors)
    let groups = channels / 16
    let floor = relu ? Vector.zero : Vector(repeating: -.infinity)
    for row in 0..<rows {
      for group in 0..<groups {
        let i = row &* groups &+ group
        var value = b[group].addingProduct(x[i], a[group])
        if let residual { value += UnsafeMutableRawPointer(residual.base).assumingMemoryBound(to: Vector.self)[i] }
        y[i] = value.replacing(with: floor, where: value .< floor)
      }
    }
  }

  func normalizationInputGradient(
    rows: Int, channels: Int, outputGradient: FloatView, output: FloatView?, input: FloatView, scale: FloatView,
    slope: FloatView, shift: FloatView, inputGradient: FloatView, maskedGradient: FloatView?
  ) {
    check(rows, channels, outputGradient, output, input)
    check(rows, channels, inputGradient, maskedGradient)
    let (gradients, x, target) = (outputGradient.vectors, input.vectors, inputGradient.vectors)
    let (a, b, c) = (scale.vectors, slope.vectors, shift.vectors)
    let (z, copy) = (output?.vectors, maskedGradient?.vectors)
    let groups = channels / 16
    for row in 0..<rows {
      for group in 0..<groups {
        let i = row &* groups &+ group
        var g = gradients[i]
        if let z { g = g.replacing(with: Vector.zero, where: z[i] .<= Vector.zero) }
        target[i] = c[group].addingProduct(b[group], x[i]).addingProduct(a[group], g)
        if let copy { copy[i] = g }
      }
    }
  }

  /// Adds two quantities per channel over all rows: floats over a block of rows small enough to stay exact and in
  /// cache, doubles over the blocks. `body(index, &first, &second)` adds the vector at `index`.
  @inline(__always)
  private func accumulate(
    _ rows: Int, _ channels: Int, _ sums: BufferView<Double>, _ body: (Int, inout Vector, inout Vector) -> Void
  ) {
    require(sums.count >= 2 * channels, "sums hold two numbers per channel")
    sums.prefix(2 * channels).fill(0)
    let groups = channels / 16
    let block = max(16, 8192 / channels)
    var start = 0
    while start < rows {
      let end = min(start + block, rows)
      for group in 0..<groups {
        var first = Vector.zero
        var second = Vector.zero
        for row in start..<end { body(row &* groups &+ group, &first, &second) }
        for lane in 0..<16 {
          sums.base[group * 16 + lane] += Double(first[lane])
          sums.base[channels + group * 16 + lane] += Double(second[lane])
        }
      }
      start = end
    }
  }

  private func check(_ rows: Int, _ channels: Int, _ views: FloatView?...) {
    require(channels % 16 == 0, "vector kernels need channels in multiples of 16")
    for case let view? in views { require(view.count >= rows * channels, "a view is smaller than its shape says") }
  }
}
