// Convolution in plain loops that accumulate in double precision: what the fast kernels are tested against.

/// Plain loops, sums in double precision, no thought for speed.
struct ReferenceKernels: Kernels {
  func convolutionWorkspace(_ shape: ConvolutionShape) -> Int { 0 }

  func convolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    workspace: FloatView
  ) {
    for image in 0..<images {
      forEachOutput(shape) { row, column, channel in
        var sum = 0.0
        forEachTap(shape, row, column) { inputIndex, weightIndex in
          for c in 0..<shape.inputChannels {
            sum +=
              Double(input[image * shape.inputCount + inputIndex + c])
              * Double(weights[weightIndex + c * shape.outputChannels + channel])
          }
        }
        output[outputIndex(shape, image, row, column, channel)] = Float(sum)
      }
    }
  }

  func convolutionInputGradient(
    _ shape: ConvolutionShape, images: Int, outputGradient: FloatView, weights: FloatView, inputGradient: FloatView,
    accumulate: Bool, workspace: FloatView
  ) {
    for image in 0..<images {
      let start = image * shape.inputCount
      var sums = [Double](repeating: 0, count: shape.inputCount)
      if accumulate { for i in sums.indices { sums[i] = Double(inputGradient[start + i]) } }
      forEachOutput(shape) { row, column, channel in
        let gradient = Double(outputGradient[outputIndex(shape, image, row, column, channel)])
        forEachTap(shape, row, column) { inputIndex, weightIndex in
          for c in 0..<shape.inputChannels {
            sums[inputIndex + c] += gradient * Double(weights[weightIndex + c * shape.outputChannels + channel])
          }
        }
      }
      for i in sums.indices { inputGradient[start + i] = Float(sums[i]) }
    }
  }

  func convolutionWeightGradient(
    _ shape: ConvolutionShape, images: Int, input: FloatView, outputGradient: FloatView, weightGradient: FloatView,
    workspace: FloatView
  ) {
    var sums = [Double](repeating: 0, count: shape.weightCount)
    for image in 0..<images {
      forEachOutput(shape) { row, column, channel in
        let gradient = Double(outputGradient[outputIndex(shape, image, row, column, channel)])
        forEachTap(shape, row, column) { inputIndex, weightIndex in
          for c in 0..<shape.inputChannels {
            sums[weightIndex + c * shape.outputChannels + channel] +=
              gradient * Double(input[image * shape.inputCount + inputIndex + c])
          }
        }
      }
    }
    for i in sums.indices { weightGradient[i] = Float(sums[i]) }
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
