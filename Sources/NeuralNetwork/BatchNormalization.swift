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

  /// Σx, Σx² (or Σg, Σg·x) per channel, and the number of rows.
  private let sums: AlignedBuffer<Double>
  private let mean: AlignedBuffer<Double>
  private let inverseDeviation: AlignedBuffer<Double>
  private let coefficients: AlignedBuffer<Float>
  private var totalRows = 0.0

  init(name: String, channels: Int, arena: ParameterArena, updatesPerPass: Int) {
    self.channels = channels
    self.updatesPerPass = updatesPerPass
    let weights = arena.slice(name + ".weight").range
    let biases = arena.slice(name + ".bias").range
    weight = arena.values[weights]
    bias = arena.values[biases]
    weightGradient = arena.gradients[weights]
    biasGradient = arena.gradients[biases]
    runningMean = arena.statistics[arena.slice(name + ".running_mean").range]
    runningVariance = arena.statistics[arena.slice(name + ".running_var").range]
    sums = AlignedBuffer(count: 2 * channels + 1)
    mean = AlignedBuffer(count: channels)
    inverseDeviation = AlignedBuffer(count: channels)
    coefficients = AlignedBuffer(count: 3 * channels)
  }

  /// `output = normalize(input)` (+ `residual`) (then ReLU); all are `[rows, C]`.
  func forward(
    rows: Int, input: FloatView, residual: FloatView?, relu: Bool, output: FloatView, mode: ForwardMode,
    workspace: Workspace
  ) throws {
    switch mode {
    case .training: try takeStatistics(rows: rows, input: input, workspace: workspace)
    case .evaluation: useRunningStatistics()
    }
    let (scale, shift) = (coefficients.view.prefix(channels), coefficients.view[channels..<2 * channels])
    for c in 0..<channels {
      let factor = Double(weight[c]) * inverseDeviation.view[c]
      scale[c] = Float(factor)
      shift[c] = Float(Double(bias[c]) - mean.view[c] * factor)
    }
    workspace.kernels.scaleAndShift(
      rows: rows, channels: channels, input: input, scale: scale, shift: shift, residual: residual, relu: relu,
      output: output)
  }

  /// Gradient of the loss in `input`, given that in the output. `output` is the layer's output where a ReLU ended it.
  /// Sets the gradients of weight and bias. `maskedGradient` receives the gradient in the residual.
  func backward(
    rows: Int, outputGradient: FloatView, output: FloatView?, input: FloatView, inputGradient: FloatView,
    maskedGradient: FloatView?, workspace: Workspace
  ) throws {
    let totals = sums.view
    workspace.kernels.gradientSums(
      rows: rows, channels: channels, outputGradient: outputGradient, output: output, input: input, sums: totals)
    for c in 0..<channels {
      biasGradient[c] = Float(totals[c])
      weightGradient[c] = Float((totals[channels + c] - mean.view[c] * totals[c]) * inverseDeviation.view[c])
    }
    try workspace.statisticsReduction?.sum(totals.prefix(2 * channels))
    guard totalRows > 0 else { return }
    let scale = coefficients.view.prefix(channels)
    let slope = coefficients.view[channels..<2 * channels]
    let shift = coefficients.view[2 * channels..<3 * channels]
    for c in 0..<channels {
      let (gradientSum, centre, deviation) = (totals[c], mean.view[c], inverseDeviation.view[c])
      let factor = Double(weight[c]) * deviation
      let normalizedSum = (totals[channels + c] - centre * gradientSum) * deviation
      let tilt = -factor * normalizedSum * deviation / totalRows
      scale[c] = Float(factor)
      slope[c] = Float(tilt)
      shift[c] = Float(-factor * gradientSum / totalRows - tilt * centre)
    }
    workspace.kernels.normalizationInputGradient(
      rows: rows, channels: channels, outputGradient: outputGradient, output: output, input: input, scale: scale,
      slope: slope, shift: shift, inputGradient: inputGradient, maskedGradient: maskedGradient)
  }

  /// Takes mean and biased variance over the batch of all replicas, and moves the running statistics towards them (the
  /// running variance is the unbiased one).
  private func takeStatistics(rows: Int, input: FloatView, workspace: Workspace) throws {
    let totals = sums.view
    workspace.kernels.channelSums(rows: rows, channels: channels, input: input, sums: totals)
    totals[2 * channels] = Double(rows)
    try workspace.statisticsReduction?.sum(totals)
    totalRows = totals[2 * channels]
    guard totalRows > 0 else { return }
    var kept = 1.0
    for _ in 0..<updatesPerPass { kept *= 1 - Self.momentum }
    let unbiased = totalRows / max(totalRows - 1, 1)
    for c in 0..<channels {
      let average = totals[c] / totalRows
      let variance = max(totals[channels + c] / totalRows - average * average, 0)
      mean.view[c] = average
      inverseDeviation.view[c] = 1 / (variance + Self.epsilon).squareRoot()
      runningMean[c] = Float(kept * Double(runningMean[c]) + (1 - kept) * average)
      runningVariance[c] = Float(kept * Double(runningVariance[c]) + (1 - kept) * variance * unbiased)
    }
  }

  private func useRunningStatistics() {
    for c in 0..<channels {
      mean.view[c] = Double(runningMean[c])
      inverseDeviation.view[c] = 1 / (Double(runningVariance[c]) + Self.epsilon).squareRoot()
    }
  }
}
