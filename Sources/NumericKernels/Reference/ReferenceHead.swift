// Pooling, the classifier and its loss in plain loops.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension ReferenceKernels {
  func averagePool(images: Int, pixels: Int, channels: Int, input: FloatView, output: FloatView) {
    for image in 0..<images {
      for channel in 0..<channels {
        var sum = 0.0
        for pixel in 0..<pixels { sum += Double(input[(image * pixels + pixel) * channels + channel]) }
        output[image * channels + channel] = Float(sum / Double(pixels))
      }
    }
  }

  func averagePoolGradient(
    images: Int, pixels: Int, channels: Int, outputGradient: FloatView, inputGradient: FloatView, accumulate: Bool
  ) {
    for i in 0..<images * pixels * channels {
      let image = i / (pixels * channels)
      let share = Double(outputGradient[image * channels + i % channels]) / Double(pixels)
      inputGradient[i] = Float((accumulate ? Double(inputGradient[i]) : 0) + share)
    }
  }

  func linear(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, bias: FloatView, output: FloatView
  ) {
    for image in 0..<images {
      for o in 0..<outputs {
        var sum = Double(bias[o])
        for i in 0..<inputs { sum += Double(input[image * inputs + i]) * Double(weights[i * outputs + o]) }
        output[image * outputs + o] = Float(sum)
      }
    }
  }

  func linearGradient(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, outputGradient: FloatView,
    inputGradient: FloatView, weightGradient: FloatView, biasGradient: FloatView
  ) {
    for o in 0..<outputs {
      var sum = 0.0
      for image in 0..<images { sum += Double(outputGradient[image * outputs + o]) }
      biasGradient[o] = Float(sum)
    }
    for i in 0..<inputs {
      for o in 0..<outputs {
        var sum = 0.0
        for image in 0..<images {
          sum += Double(input[image * inputs + i]) * Double(outputGradient[image * outputs + o])
        }
        weightGradient[i * outputs + o] = Float(sum)
      }
      for image in 0..<images {
        var sum = 0.0
        for o in 0..<outputs { sum += Double(outputGradient[image * outputs + o]) * Double(weights[i * outputs + o]) }
        inputGradient[image * inputs + i] = Float(sum)
      }
    }
  }

  func softmaxCrossEntropy(
    images: Int, classes: Int, logits: FloatView, labels: BufferView<Int32>, gradientScale: Float,
    gradient: FloatView
  ) -> CrossEntropy {
    var result = CrossEntropy(loss: 0, correct: 0)
    for image in 0..<images {
      let row = logits[image * classes..<(image + 1) * classes].array.map(Double.init)
      let label = Int(labels[image])
      let largest = row.max() ?? 0
      let exponentials = row.map { exp($0 - largest) }
      let sum = exponentials.reduce(0, +)
      result.loss += log(sum) + largest - row[label]
      if row.firstIndex(of: largest) == label { result.correct += 1 }
      for c in 0..<classes {
        let difference = exponentials[c] / sum - (c == label ? 1 : 0)
        gradient[image * classes + c] = Float(difference * Double(gradientScale))
      }
    }
    return result
  }
}
