// Batch normalization (Ioffe and Szegedy, 2015): the arithmetic per channel. The passes over activations are kernels.

import NumericKernels

/// Normalizes each channel to mean 0 and variance 1 over the batch, then scales and shifts it.
final class BatchNormalization {
  static let epsilon = 1e-5
  /// Share of the new statistics in an update of the running ones.
  static let momentum = 0.1

  let channels: Int
  private let weight: FloatView
  private let bias: FloatView
  private let weightGradient: FloatView
  private let biasGradient: FloatView
  private let runningMean: FloatView
  private let runningVariance: FloatView
  /// How many updates of the running statistics one pass stands for. A published warm-up runs one pass per level; one
  /// pass over the shared trunk gives the same statistics with r ← 0.9ᵏ·r + (1 − 0.9ᵏ)·s.
  private let updatesPerPass: Int

  private let sumsBuffer: AlignedBuffer<Double>
  private let mean: AlignedBuffer<Double>
  private let inverseDeviation: AlignedBuffer<Double>
  private let forwardCoefficients: AlignedBuffer<Float>
  private let backwardCoefficients: AlignedBuffer<Float>
  private var totalRows = 0.0

  init(name: String, channels: Int, arena: ParameterArena, updatesPerPass: Int) {
    self.channels = channels
    self.updatesPerPass = updatesPerPass
    let weights = arena.layout.range(name + ".weight")
    let biases = arena.layout.range(name + ".bias")
    weight = arena.values[weights]
    bias = arena.values[biases]
    weightGradient = arena.gradients[weights]
    biasGradient = arena.gradients[biases]
    runningMean = arena.statistics[arena.layout.range(name + ".running_mean")]
    runningVariance = arena.statistics[arena.layout.range(name + ".running_var")]
    sumsBuffer = AlignedBuffer(count: 2 * channels + 1)
    mean = AlignedBuffer(count: channels)
    inverseDeviation = AlignedBuffer(count: channels)
    forwardCoefficients = AlignedBuffer(count: 2 * channels)
    backwardCoefficients = AlignedBuffer(count: 3 * channels)
  }

  /// Its size in memory, parameters excepted.
  var bytes: Int {
    sumsBuffer.bytes + mean.bytes + inverseDeviation.bytes + forwardCoefficients.bytes + backwardCoefficients.bytes
  }

  /// Where kernels put Σx and Σx², or Σg and Σg·x, of each channel.
  var sums: BufferView<Double> { sumsBuffer.view.prefix(2 * channels) }

  /// The normalization of the last forward pass.
  var affine: ChannelAffine {
    let coefficients = forwardCoefficients.view
    return ChannelAffine(scale: coefficients.prefix(channels), shift: coefficients[channels..<2 * channels])
  }

  /// Takes mean and biased variance over the batch of all replicas from `sums` over this one's `rows`, and moves the
  /// running statistics towards them (the running variance is the unbiased one).
  func takeStatistics(rows: Int, _ reduction: (any StatisticsReduction)?) throws {
    let totals = sumsBuffer.view
    totals[2 * channels] = Double(rows)
    try reduction?.sum(totals)
    totalRows = totals[2 * channels]
    guard totalRows > 0 else { return }
    var kept = 1.0
    for _ in 0..<updatesPerPass { kept *= 1 - Self.momentum }
    let unbiased = totalRows / max(totalRows - 1, 1)
    let affine = affine
    for c in 0..<channels {
      let average = totals[c] / totalRows
      let variance = max(totals[channels + c] / totalRows - average * average, 0)
      mean.view[c] = average
      inverseDeviation.view[c] = 1 / (variance + Self.epsilon).squareRoot()
      runningMean[c] = Float(kept * Double(runningMean[c]) + (1 - kept) * average)
      runningVariance[c] = Float(kept * Double(runningVariance[c]) + (1 - kept) * variance * unbiased)
      let factor = Double(weight[c]) * inverseDeviation.view[c]
      affine.scale[c] = Float(factor)
      affine.shift[c] = Float(Double(bias[c]) - average * factor)
    }
  }

  /// Sets the gradients of weight and bias from `sums`, and returns the gradient in the input `output[rows, C]` of the
  /// last forward pass, given that behind the normalization.
  func backward(
    _ gradient: FloatView, output: FloatView, _ reduction: (any StatisticsReduction)?
  ) throws -> NormalizedGradient {
    let totals = sums
    for c in 0..<channels {
      biasGradient[c] = Float(totals[c])
      weightGradient[c] = Float((totals[channels + c] - mean.view[c] * totals[c]) * inverseDeviation.view[c])
    }
    try reduction?.sum(totals)
    let coefficients = backwardCoefficients.view
    let result = NormalizedGradient(
      gradient: gradient, output: output, scale: coefficients.prefix(channels),
      slope: coefficients[channels..<2 * channels], shift: coefficients[2 * channels..<3 * channels])
    guard totalRows > 0 else { return result }
    for c in 0..<channels {
      let (gradientSum, centre, deviation) = (totals[c], mean.view[c], inverseDeviation.view[c])
      let factor = Double(weight[c]) * deviation
      let normalizedSum = (totals[channels + c] - centre * gradientSum) * deviation
      let tilt = -factor * normalizedSum * deviation / totalRows
      result.scale[c] = Float(factor)
      result.slope[c] = Float(tilt)
      result.shift[c] = Float(-factor * gradientSum / totalRows - tilt * centre)
    }
    return result
  }
}
