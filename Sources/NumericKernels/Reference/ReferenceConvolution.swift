// Convolution in plain loops that accumulate in double precision: what the fast kernels are tested against.

/// Plain loops, sums in double precision, no thought for speed.
struct ReferenceKernels: Kernels {
  func convolutionWorkspace(_ shape: ConvolutionShape, images: Int) -> Int { 0 }

  func convolution(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, output: FloatView,
    sums: BufferView<Double>, workspace: FloatView
  ) {
    let channels = shape.outputChannels
    for i in 0..<2 * channels { sums[i] = 0 }
    forEachSum(shape, images, input, weights) { index, sum in
      output[index] = Float(sum)
      sums[index % channels] += sum
      sums[channels + index % channels] += sum * sum
    }
  }

  func inferenceConvolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    finish: InferenceFinish, workspace: FloatView
  ) {
    forEachSum(shape, images, Activation(input), weights) { index, sum in
      var value = sum + Double(finish.shift[index % shape.outputChannels])
      if let residual = finish.residual { value += Double(residual[index]) }
      output[index] = Float(finish.relu ? max(value, 0) : value)
    }
  }

  func convolutionGradient(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, outputGradient: NormalizedGradient,
    weightGradient: FloatView, inputGradient: InputGradient?, workspace: FloatView
  ) {
    var weightSums = [Double](repeating: 0, count: shape.weightCount)
    for image in 0..<images {
      let start = image * shape.inputCount
      var sums = [Double](repeating: 0, count: shape.inputCount)
      if let inputGradient, inputGradient.accumulate {
        for i in sums.indices { sums[i] = Double(inputGradient.values[start + i]) }
      }
      forEachOutput(shape) { row, column, channel in
        let gradient = value(of: outputGradient, at: outputIndex(shape, image, row, column, channel), channel)
        forEachTap(shape, row, column) { inputIndex, weightIndex in
          for c in 0..<shape.inputChannels {
            let weight = weightIndex + c * shape.outputChannels + channel
            sums[inputIndex + c] += gradient * Double(weights[weight])
            weightSums[weight] += gradient * value(of: input, at: start + inputIndex + c, c)
          }
        }
      }
      if let inputGradient { for i in sums.indices { inputGradient.values[start + i] = Float(sums[i]) } }
    }
    for i in weightSums.indices { weightGradient[i] = Float(weightSums[i]) }
    if let inputGradient, let finish = inputGradient.finish {
      self.finish(
        inputGradient.values, rows: images * shape.height * shape.width, channels: shape.inputChannels, finish,
        workspace: workspace)
    }
  }

  /// Calls `body` with the index and the sum of every output of a batch.
  private func forEachSum(
    _ shape: ConvolutionShape, _ images: Int, _ input: Activation, _ weights: FloatView, _ body: (Int, Double) -> Void
  ) {
    for image in 0..<images {
      forEachOutput(shape) { row, column, channel in
        var sum = 0.0
        forEachTap(shape, row, column) { inputIndex, weightIndex in
          for c in 0..<shape.inputChannels {
            sum +=
              value(of: input, at: image * shape.inputCount + inputIndex + c, c)
              * Double(weights[weightIndex + c * shape.outputChannels + channel])
          }
        }
        body(outputIndex(shape, image, row, column, channel), sum)
      }
    }
  }

  /// The activation at `index`, whose channel is `channel`.
  func value(of activation: Activation, at index: Int, _ channel: Int) -> Double {
    let value = Double(activation.values[index])
    guard let affine = activation.normalization else { return value }
    return max(value * Double(affine.scale[channel]) + Double(affine.shift[channel]), 0)
  }

  private func value(of gradient: NormalizedGradient, at index: Int, _ channel: Int) -> Double {
    Double(gradient.scale[channel]) * Double(gradient.gradient[index])
      + Double(gradient.slope[channel]) * Double(gradient.output[index]) + Double(gradient.shift[channel])
  }

  /// Calls `body(row, column, channel)` for every output of one image.
  private func forEachOutput(_ shape: ConvolutionShape, _ body: (Int, Int, Int) -> Void) {
    for row in 0..<shape.outputHeight {
      for column in 0..<shape.outputWidth {
        for channel in 0..<shape.outputChannels { body(row, column, channel) }
      }
    }
  }

  /// Calls `body` with the index of the first input channel and of its weights for every tap inside the image.
  private func forEachTap(_ shape: ConvolutionShape, _ row: Int, _ column: Int, _ body: (Int, Int) -> Void) {
    for ky in 0..<shape.kernel {
      let y = row * shape.stride + ky - shape.padding
      guard (0..<shape.height).contains(y) else { continue }
      for kx in 0..<shape.kernel {
        let x = column * shape.stride + kx - shape.padding
        guard (0..<shape.width).contains(x) else { continue }
        body(
          (y * shape.width + x) * shape.inputChannels,
          (ky * shape.kernel + kx) * shape.inputChannels * shape.outputChannels)
      }
    }
  }

  private func outputIndex(_ shape: ConvolutionShape, _ image: Int, _ row: Int, _ column: Int, _ channel: Int) -> Int {
    image * shape.outputCount + (row * shape.outputWidth + column) * shape.outputChannels + channel
  }
}
