// Pooling, the classifier and its loss.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

extension FastKernels {
  func averagePool(images: Int, pixels: Int, channels: Int, input: FloatView, output: FloatView) {
    require(channels % 16 == 0, "vector kernels need channels in multiples of 16")
    require(input.count >= images * pixels * channels && output.count >= images * channels, "a view is too small")
    let (x, y) = (input.vectors, output.vectors)
    let groups = channels / 16
    let factor = Vector(repeating: 1 / Float(pixels))
    for image in 0..<images {
      for group in 0..<groups {
        var sum = Vector.zero
        for pixel in 0..<pixels { sum += x[(image &* pixels &+ pixel) &* groups &+ group] }
        y[image &* groups &+ group] = sum * factor
      }
    }
  }

  func averagePoolGradient(
    images: Int, pixels: Int, channels: Int, outputGradient: FloatView, inputGradient: FloatView, accumulate: Bool
  ) {
    require(channels % 16 == 0, "vector kernels need channels in multiples of 16")
    require(
      inputGradient.count >= images * pixels * channels && outputGradient.count >= images * channels,
      "a view is too small")
    let (gradients, target) = (outputGradient.vectors, inputGradient.vectors)
    let groups = channels / 16
    let factor = Vector(repeating: 1 / Float(pixels))
    for image in 0..<images {
      for pixel in 0..<pixels {
        for group in 0..<groups {
          let i = (image &* pixels &+ pixel) &* groups &+ group
          let share = gradients[image &* groups &+ group] * factor
          target[i] = accumulate ? target[i] + share : share
        }
      }
    }
  }

  func linear(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, bias: FloatView, output: FloatView
  ) {
    for image in 0..<images { output[image * outputs..<(image + 1) * outputs].copy(from: bias.prefix(outputs)) }
    denseProduct(
      .plain(input), .plain(weights), into: output, ProductSize(m: images, n: outputs, k: inputs), accumulate: true)
  }

  func linearGradient(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, outputGradient: FloatView,
    inputGradient: FloatView, weightGradient: FloatView, biasGradient: FloatView
  ) {
    let bias = biasGradient.prefix(outputs)
    bias.fill(0)
    for i in 0..<images * outputs { bias[i % outputs] += outputGradient[i] }
    if images == 0 { return weightGradient.fill(0) }
    denseProduct(
      .transposed(input), .plain(outputGradient), into: weightGradient,
      ProductSize(m: inputs, n: outputs, k: images), accumulate: false)
    denseProduct(
      .plain(outputGradient), .transposed(weights), into: inputGradient,
      ProductSize(m: images, n: inputs, k: outputs), accumulate: false)
  }

  func softmaxCrossEntropy(
    images: Int, classes: Int, logits: FloatView, labels: BufferView<Int32>, gradientScale: Float,
    gradient: FloatView
  ) -> CrossEntropy {
    require(labels.count >= images, "there are fewer labels than images")
    require(min(logits.count, gradient.count) >= images * classes, "a view is smaller than its shape says")
    var result = CrossEntropy(loss: 0, correct: 0)
    for image in 0..<images {
      let row = logits.base + image * classes
      let target = gradient.base + image * classes
      let label = Int(labels.base[image])
      require(label >= 0 && label < classes, "a label is outside of the classes")
      var largest = 0
      for c in 1..<classes where row[c] > row[largest] { largest = c }
      if largest == label { result.correct += 1 }
      let (maximum, labelLogit) = (row[largest], row[label])
      var sum: Float = 0
      for c in 0..<classes {
        target[c] = expf(row[c] - maximum)
        sum += target[c]
      }
      result.loss += Double(logf(sum) + maximum - labelLogit)
      for c in 0..<classes { target[c] *= gradientScale / sum }
      target[label] -= gradientScale
    }
    return result
  }
}
