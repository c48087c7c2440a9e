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

/// Weights w ≈ scale[c] · q of each output channel c, q = −127…127.
struct WeightQuantization: Equatable {
  let scales: [Float]
  /// `[out, …]`, as the weights.
  let values: [Int8]

  /// The finest one of `weight[out, …]`.
  init(_ weight: Tensor) { self.init(weight) { _ in 0 } }

  /// The finest one of `weight[out, …]` with which `bias[out]` fits into 32 bits, in units of the scale of an output
  /// channel times that of the input. Only for channels that batch norm has all but switched off are these two.
  init(_ weight: Tensor, bias: Tensor, inputScale: Float) {
    self.init(weight) { Float(Double(abs(bias.values[$0])) / (BiasQuantization.largest * Double(inputScale))) }
  }

  private init(_ weight: Tensor, atLeast least: (Int) -> Float) {
    let channels = weight.shape[0]
    let size = weight.values.count / channels
    var scales: [Float] = []
    var values: [Int8] = []
    values.reserveCapacity(weight.values.count)
    for channel in 0..<channels {
      let row = weight.values[channel * size..<(channel + 1) * size]
      let step = max(row.reduce(0) { max($0, abs($1)) } / 127, least(channel))
      // All zeros, or so small that a step has no reciprocal.
      let scale = step.isNormal ? step : 1
      scales.append(scale)
      for value in row { values.append(Int8(max(-127, min(127, (value / scale).rounded(.toNearestOrEven))))) }
    }
    (self.scales, self.values) = (scales, values)
  }
}

/// Biases b ≈ scale[c] · q of each output channel c.
struct BiasQuantization: Equatable {
  let scales: [Float]
  let values: [Int32]
  /// The largest |q|, which leaves room for the products that are added.
  static let largest = 0x1p30

  /// - Parameter scales: those of the products that `bias[out]` is added to.
  init(_ bias: Tensor, scales: [Float]) {
    self.scales = scales
    values = zip(bias.values, scales).map { value, scale in
      Int32(max(-Self.largest, min(Self.largest, (Double(value) / Double(scale)).rounded(.toNearestOrEven))))
    }
  }
}
