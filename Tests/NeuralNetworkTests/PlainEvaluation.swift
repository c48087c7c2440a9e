// A network's answers by the definitions of its layers, in double precision: what evaluation is tested against.

import NeuralNetwork

/// Evaluates one image after the other in plain loops, batch norm with its running statistics as it is written down.
struct PlainEvaluation {
  let weights: NetworkWeights

  /// The logits of one image, `[H, W, C]`, at the level behind each block, as far as there is a classifier.
  func logits(_ image: [Float]) -> [Int: [Double]] {
    let architecture = weights.architecture
    var activation = unit("conv1", "bn1", architecture.stem, image.map(Double.init)).map { max($0, 0) }
    var logits: [Int: [Double]] = [:]
    for block in architecture.blocks {
      let prefix = "layer\(block.stage).\(block.position)"
      let shortcut = block.projection.map {
        unit("\(prefix).downsample.0", "\(prefix).downsample.1", $0, activation)
      }
      var path = activation
      for (i, shape) in block.convolutions.enumerated() {
        if i > 0 { path = path.map { max($0, 0) } }
        path = unit("\(prefix).conv\(i + 1)", "\(prefix).bn\(i + 1)", shape, path)
      }
      activation = zip(path, shortcut ?? activation).map { max($0 + $1, 0) }
      if let weight = tensor("heads.\(block.index).weight"), let bias = tensor("heads.\(block.index).bias") {
        logits[block.index] = classify(activation, block.output, weight, bias)
      }
    }
    return logits
  }

  private func classify(
    _ activation: [Double], _ shape: ImageShape, _ weight: [Double], _ bias: [Double]
  ) -> [Double] {
    var logits = bias
    for (i, value) in activation.enumerated() {
      let share = value / Double(shape.height * shape.width)
      for c in bias.indices { logits[c] += share * weight[i % shape.channels * bias.count + c] }
    }
    return logits
  }

  /// `(x ∗ w − mean) / √(variance + ε) · scale + bias`.
  private func unit(
    _ convolution: String, _ normalization: String, _ shape: ConvolutionShape, _ input: [Double]
  ) -> [Double] {
    guard let taps = tensor("\(convolution).weight"), let scale = tensor("\(normalization).weight"),
      let bias = tensor("\(normalization).bias"), let mean = tensor("\(normalization).running_mean"),
      let variance = tensor("\(normalization).running_var")
    else { return [] }
    let channels = shape.outputChannels
    return convolve(shape, input, taps).enumerated().map { i, x in
      let c = i % channels
      return (x - mean[c]) / (variance[c] + 1e-5).squareRoot() * scale[c] + bias[c]
    }
  }

  private func convolve(_ shape: ConvolutionShape, _ input: [Double], _ taps: [Double]) -> [Double] {
    let (inputs, outputs, kernel) = (shape.inputChannels, shape.outputChannels, shape.kernel)
    var output = [Double](repeating: 0, count: shape.outputCount)
    for pixel in 0..<shape.outputHeight * shape.outputWidth {
      for tap in 0..<kernel * kernel {
        let y = pixel / shape.outputWidth * shape.stride + tap / kernel - shape.padding
        let x = pixel % shape.outputWidth * shape.stride + tap % kernel - shape.padding
        guard (0..<shape.height).contains(y), (0..<shape.width).contains(x) else { continue }
        for i in 0..<inputs {
          let value = input[(y * shape.width + x) * inputs + i]
          for o in 0..<outputs { output[pixel * outputs + o] += value * taps[(tap * inputs + i) * outputs + o] }
        }
      }
    }
    return output
  }

  private func tensor(_ name: String) -> [Double]? {
    if let slice = weights.layout.parameters.first(where: { $0.name == name }) {
      return weights.parameters[slice.range].map(Double.init)
    }
    return weights.layout.statistics.first { $0.name == name }.map { weights.statistics[$0.range].map(Double.init) }
  }
}
