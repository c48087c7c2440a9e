// LARS: a rate of its own for each tensor, for batches so large that one rate for all no longer works.

import NumericKernels

/// Layer-wise adaptive rate scaling (You, Gitman and Ginsburg, 2017, arXiv:1708.03888).
///
/// Each weight tensor's gradient, weight decay included, is multiplied by
/// `trustCoefficient · ‖w‖ / (‖g‖ + weightDecay · ‖w‖)`, so that a step changes every tensor by a like share of its norm;
/// by 1 where a norm is 0. Biases and the parameters of batch norm take plain steps without weight decay, as is usual
/// since (MLPerf's ResNet-50). The momentum is that of `StochasticGradientDescent`, outside of which the learning rate is;
/// while the rate stays the same, that is the paper's.
public struct LayerwiseAdaptiveRates: Codable, Hashable, Sendable {
  /// Step size.
  public var learningRate: Double
  /// Share of the last step kept in the next, in [0, 1).
  public var momentum: Double
  /// Multiple of each weight added to its gradient.
  public var weightDecay: Double
  /// The change of a tensor by one step, as a share of its norm, at a learning rate of 1.
  public var trustCoefficient: Double

  /// The four settings.
  public init(learningRate: Double, momentum: Double, weightDecay: Double, trustCoefficient: Double) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.trustCoefficient = trustCoefficient
  }

  /// What a tensor's gradient is multiplied by, from the norms of its values and of its gradient.
  func factor(values: Double, gradients: Double) -> Double {
    // Not `> 0`: what is not a number has to show.
    if values == 0 || gradients == 0 { return 1 }
    return trustCoefficient * values / (gradients + weightDecay * values)
  }
}

extension TensorRole {
  /// Whether a tensor has a rate of its own, and decays.
  var isWeight: Bool { self == .convolutionWeight || self == .linearWeight }
}

extension DepthNetwork {
  /// One step of LARS on all parameters with the present gradients.
  ///
  /// - Returns: whether all gradients are finite. Those that are not change nothing, but others may have been applied.
  @discardableResult
  public func update(_ optimizer: LayerwiseAdaptiveRates) -> Bool {
    for slice in arena.layout.parameters {
      let (values, gradients) = (arena.values[slice.range], arena.gradients[slice.range])
      let isWeight = slice.role.isWeight
      let factor =
        isWeight ? optimizer.factor(values: workspace.norm(values), gradients: workspace.norm(gradients)) : 1
      let isFinite = workspace.kernels.momentumStep(
        values: values, gradients: gradients, momenta: arena.momenta[slice.range],
        learningRate: Float(optimizer.learningRate), momentum: Float(optimizer.momentum),
        weightDecay: isWeight ? Float(optimizer.weightDecay) : 0, factor: Float(factor))
      if !isFinite { return false }
    }
    return true
  }
}
