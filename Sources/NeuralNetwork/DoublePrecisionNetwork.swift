// The network's loss once more, in double precision and the plainest of loops: an independent witness for gradients.

/// Computes the training loss of a network (the sum over its classifiers of their mean cross-entropies, with batch
/// statistics) in double precision. Slow; for small images.
struct DoublePrecisionNetwork {
  let architecture: Architecture
  let heads: HeadSelection
  let layout: NetworkLayout
  /// The parameter arena, to be changed by whoever probes it.
  var parameters: [Double]

  init(_ weights: NetworkWeights) {
    architecture = weights.architecture
    heads = weights.heads
    layout = weights.layout
    parameters = weights.parameters.map(Double.init)
  }

  /// The loss for `images[N, H, W, C]` of classes `labels[N]`.
  func loss(images: [Double], labels: [Int]) -> Double {
    let count = labels.count
    var activation = unit(Architecture.stemNames, architecture.stem, images, count).map { max($0, 0) }
    var loss = 0.0
    for block in architecture.blocks {
      activation = residual(block, activation, count)
      if heads == .all || block.index == architecture.depth {
        loss += crossEntropy(block, activation, labels)
      }
    }
    return loss
  }

  private func residual(_ block: Block, _ input: [Double], _ count: Int) -> [Double] {
    var path = input
    for (index, shape) in block.convolutions.enumerated() {
      if index > 0 { path = path.map { max($0, 0) } }
      path = unit(block.unitNames(index), shape, path, count)
    }
    let shortcut = block.projection.map { unit(block.projectionNames, $0, input, count) } ?? input
    return zip(path, shortcut).map { max($0 + $1, 0) }
  }

  /// Convolution and batch norm.
  private func unit(_ names: UnitNames, _ shape: ConvolutionShape, _ input: [Double], _ count: Int) -> [Double] {
    let (weight, bias) = (tensor(names.normalization + ".weight"), tensor(names.normalization + ".bias"))
    let x = convolve(shape, input, tensor(names.convolution + ".weight"), count)
    let channels = shape.outputChannels
    let rows = x.count / channels
    var output = x
    for channel in 0..<channels {
      let values = stride(from: channel, to: x.count, by: channels).map { x[$0] }
      let mean = values.reduce(0, +) / Double(rows)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows)
      let factor = weight[channel] / (variance + BatchNormalization.epsilon).squareRoot()
      for row in 0..<rows {
        output[row * channels + channel] = (x[row * channels + channel] - mean) * factor + bias[channel]
      }
    }
    return output
  }

  private func convolve(_ shape: ConvolutionShape, _ input: [Double], _ weights: [Double], _ count: Int) -> [Double] {
    let (inputs, outputs) = (shape.inputChannels, shape.outputChannels)
    var output = [Double](repeating: 0, count: count * shape.outputCount)
    for pixel in 0..<count * shape.outputHeight * shape.outputWidth {
      let image = pixel / (shape.outputHeight * shape.outputWidth)
      let top = pixel / shape.outputWidth % shape.outputHeight * shape.stride - shape.padding
      let left = pixel % shape.outputWidth * shape.stride - shape.padding
      for tap in 0..<shape.kernel * shape.kernel {
        let (y, x) = (top + tap / shape.kernel, left + tap % shape.kernel)
        guard y >= 0, y < shape.height, x >= 0, x < shape.width else { continue }
        let source = image * shape.inputCount + (y * shape.width + x) * inputs
        for i in 0..<inputs {
          let value = input[source + i]
          let row = (tap * inputs + i) * outputs
          for o in 0..<outputs { output[pixel * outputs + o] += value * weights[row + o] }
        }
      }
    }
    return output
  }

  /// Mean cross-entropy of the classifier behind `block`.
  private func crossEntropy(_ block: Block, _ activation: [Double], _ labels: [Int]) -> Double {
    let (weight, bias) = (tensor("heads.\(block.index).weight"), tensor("heads.\(block.index).bias"))
    let (channels, classes) = (block.output.channels, architecture.classes)
    let pixels = block.output.height * block.output.width
    var loss = 0.0
    for (image, label) in labels.enumerated() {
      var logits = bias
      for pixel in image * pixels..<(image + 1) * pixels {
        for channel in 0..<channels {
          let share = activation[pixel * channels + channel] / Double(pixels)
          for c in 0..<classes { logits[c] += share * weight[channel * classes + c] }
        }
      }
      loss += logarithmOfSum(logits) - logits[label]
    }
    return loss / Double(labels.count)
  }

  private func tensor(_ name: String) -> [Double] {
    guard let slice = layout.slice(name) else { preconditionFailure("the layout has no tensor called \(name)") }
    return Array(parameters[slice.range])
  }
}
