// Batch normalization, ReLU and the residual sum in plain loops.

extension ReferenceKernels {
  func activate(
    rows: Int, channels: Int, input: FloatView, affine: ChannelAffine, residual: FloatView?,
    residualAffine: ChannelAffine?, output: FloatView
  ) {
    for i in 0..<rows * channels {
      let c = i % channels
      var y = Double(input[i]) * Double(affine.scale[c]) + Double(affine.shift[c])
      if let residual {
        y += Double(residual[i]) * Double(residualAffine?.scale[c] ?? 1) + Double(residualAffine?.shift[c] ?? 0)
      }
      output[i] = Float(max(y, 0))
    }
  }

  func finishWorkspace(channels: Int) -> Int { 0 }

  func finish(_ gradient: FloatView, rows: Int, channels: Int, _ finish: GradientFinish, workspace: FloatView) {
    for channel in 0..<channels {
      var sum = 0.0
      var products = 0.0
      for row in 0..<rows {
        let i = row * channels + channel
        if let activation = finish.activation, !(value(of: activation, at: i, channel) > 0) { gradient[i] = 0 }
        sum += Double(gradient[i])
        products += Double(gradient[i]) * Double(finish.input[i])
      }
      finish.sums[channel] = sum
      finish.sums[channels + channel] = products
    }
  }
}
