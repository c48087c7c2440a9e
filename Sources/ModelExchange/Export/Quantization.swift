// How real numbers become integers of 8 bits, and how much that changes them.
//
// Krishnamoorthi, "Quantizing deep convolutional networks for efficient inference" (arXiv 1806.08342): activations with
// a scale and a zero point each, weights with a scale per output channel.

/// x ≈ scale · (q − zeroPoint), q = 0…255.
struct ActivationQuantization: Equatable {
  let scale: Float
  let zeroPoint: UInt8

  /// The finest one that reaches from `low` to `high`, and represents 0 exactly, as padding needs.
  init(low: Float, high: Float) {
    let (low, high) = (min(low, 0), max(high, 0))
    let step = (high - low) / 255
    // All zeros, or so small that a step has no reciprocal.
    scale = step.isNormal ? step : 1
    zeroPoint = UInt8(min((-low / scale).rounded(.toNearestOrEven), 255))
  }
}

/// Weights w ≈ scale[c] · q of each output channel c, q = −127…127, and a bias as integers of 32 bits in units of the
/// products that it is added to.
struct WeightQuantization: Equatable {
  let scales: [Float]
  /// `[out, …]`, as the weights.
  let values: [Int8]
  /// The scales of the inputs times those of the weights.
  let biasScales: [Float]
  let bias: [Int32]

  /// Quantizes `weight[out, …]` and `bias[out]` of an operation that reads an activation of `inputScale`.
  init(weight: Tensor, bias: Tensor, inputScale: Float) {
    let channels = bias.values.count
    let size = weight.values.count / max(channels, 1)
    var scales: [Float] = []
    var values: [Int8] = []
    values.reserveCapacity(weight.values.count)
    for channel in 0..<channels {
      let row = weight.values[channel * size..<(channel + 1) * size]
      let scale = Self.scale(largest: row.reduce(0) { max($0, abs($1)) }, bias: bias.values[channel], inputScale)
      scales.append(scale)
      for value in row { values.append(Int8(max(-127, min(127, (value / scale).rounded(.toNearestOrEven))))) }
    }
    self.scales = scales
    self.values = values
    biasScales = scales.map { $0 * inputScale }
    self.bias = zip(bias.values, biasScales).map { value, scale in
      Int32(max(-Self.largestBias, min(Self.largestBias, (Double(value) / Double(scale)).rounded(.toNearestOrEven))))
    }
  }

  /// Below the largest integer of 32 bits, with room for the products that are added.
  private static let largestBias = 0x1p30

  /// Wide enough for the weights, and for the bias: a channel that batch norm has all but switched off has weights so
  /// small that its bias would overflow.
  private static func scale(largest: Float, bias: Float, _ inputScale: Float) -> Float {
    let scale = max(largest / 127, Float(Double(abs(bias)) / (largestBias * Double(inputScale))))
    return scale.isNormal ? scale : 1
  }
}
