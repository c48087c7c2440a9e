// The settings of the optimizer; its arithmetic is a kernel.

/// SGD with momentum and weight decay on every parameter, as PyTorch's `SGD` without dampening.
public struct StochasticGradientDescent: Codable, Hashable, Sendable {
  /// Step size.
  public var learningRate: Double
  /// Share of the last step kept in the next, in [0, 1).
  public var momentum: Double
  /// Multiple of each parameter added to its gradient.
  public var weightDecay: Double

  /// The three settings.
  public init(learningRate: Double, momentum: Double, weightDecay: Double) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }
}
