// Batch normalization, ReLU and the residual sum in plain loops.

extension ReferenceKernels {
  func channelSums(rows: Int, channels: Int, input: FloatView, sums: BufferView<Double>) {
    for channel in 0..<channels {
      var sum = 0.0
      var squares = 0.0
      for row in 0..<rows {
        let x = Double(input[row * channels + channel])
        sum += x
        squares += x * x
      }
      sums[channel] = sum
      sums[channels + channel] = squares
    }
  }

  func scaleAndShift(
    rows: Int, channels: Int, input: FloatView, scale: FloatView, shift: FloatView, residual: FloatView?, relu: Bool,
    output: FloatView
  ) {
    for i in 0..<rows * channels {
      var y = Double(input[i]) * Double(scale[i % channels]) + Double(shift[i % channels])
      if let residual { y += Double(residual[i]) }
      output[i] = Float(relu ? max(y, 0) : y)
    }
  }

  func gradientSums(
    rows: Int, channels: Int, outputGradient: FloatView, output: FloatView?, input: FloatView,
    sums: BufferView<Double>
  ) {
    for channel in 0..<channels {
      var sum = 0.0
      var products = 0.0
      for row in 0..<rows {
        let i = row * channels + channel
        let g = masked(outputGradient[i], by: output, at: i)
        sum += g
        products += g * Double(input[i])
      }
      sums[channel] = sum
      sums[channels + channel] = products
    }
  }

  func normalizationInputGradient(
    rows: Int, channels: Int, outputGradient: FloatView, output: FloatView?, input: FloatView, scale: FloatView,
    slope: FloatView, shift: FloatView, inputGradient: FloatView, maskedGradient: FloatView?
  ) {
    for i in 0..<rows * channels {
      let c = i % channels
      let g = masked(outputGradient[i], by: output, at: i)
      inputGradient[i] = Float(Double(scale[c]) * g + Double(slope[c]) * Double(input[i]) + Double(shift[c]))
      if let maskedGradient { maskedGradient[i] = Float(g) }
    }
  }

  private func masked(_ gradient: Float, by output: FloatView?, at index: Int) -> Double {
    if let output, !(output[index] > 0) { return 0 }
    return Double(gradient)
  }
}
