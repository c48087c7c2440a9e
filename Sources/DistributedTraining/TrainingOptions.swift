// What training is set to: plain values with the published defaults. Their ranges are checked where they are read.

import NumericKernels

/// How levels are trained, in the warm-up as in the search.
public struct TrainingOptions: Codable, Equatable, Sendable {
  /// Where batch-norm statistics are taken over several ranks.
  public enum BatchNorm: String, Codable, CaseIterable, Sendable {
    /// Over the shares of as few neighbouring ranks as have 32 images together (`NormalizationGroups`).
    case automatic
    /// Over the rank's share of a batch.
    case local
    /// Over the whole batch of all ranks, so that N ranks equal one up to rounding, or over groups of ranks.
    case synchronized
  }

  /// What makes a step of gradients.
  public enum Optimizer: String, Codable, CaseIterable, Sendable {
    /// Momentum and weight decay.
    case sgd
    /// The same with a rate of its own for each weight tensor, for very large batches.
    case lars
  }

  /// How learning rates follow from the batch size.
  public enum Scaling: String, Codable, CaseIterable, Sendable {
    /// They are as written.
    case none
    /// They are as written for batches of `baseBatch` images, and grow with the batch.
    case linear
  }

  /// Images per step over all ranks together, at least 1.
  public var batchSize: Int
  /// The search's first learning rate, above 0.
  public var learningRate: Double
  /// How this and the warm-up's learning rate follow from the batch size.
  public var scaling: Scaling
  /// The batch size that learning rates are written for where they scale, at least 1.
  public var baseBatch: Int
  /// Epochs of the warm-up, and of each level, over which the learning rate rises to what it is; at least 0.
  public var rampEpochs: Int
  /// What makes a step of gradients.
  public var optimizer: Optimizer
  /// The trust coefficient of `lars`, above 0.
  public var trustCoefficient: Double
  /// The share of the last step that the next one keeps, 0 ..< 1.
  public var momentum: Double
  /// What is added to every gradient, as a multiple of its parameter; at least 0.
  public var weightDecay: Double
  /// The number that all random choices of a run follow from.
  public var seed: UInt64
  /// Where batch-norm statistics are taken.
  public var batchNorm: BatchNorm
  /// The number of neighbouring ranks over which they are synchronized, a divisor of all; nil for all ranks.
  public var batchNormRanks: Int?
  /// Which implementation computes.
  public var kernels: KernelFamily
  /// What multiplies the matrices of the fast kernels.
  public var matrixEngine: MatrixEngine
  /// Threads of a rank; nil for the cores that the rank is bound to, shared with the ranks bound to the same ones.
  public var threads: Int?
  /// Whether there may be more such threads than cores, which is slow.
  public var oversubscribe: Bool

  /// Options with the published defaults.
  public init(
    batchSize: Int = 128, learningRate: Double = 0.01, scaling: Scaling = .none, baseBatch: Int = 128,
    rampEpochs: Int = 0, optimizer: Optimizer = .sgd, trustCoefficient: Double = 0.001, momentum: Double = 0.9,
    weightDecay: Double = 0.0005, seed: UInt64 = 0, batchNorm: BatchNorm = .automatic, batchNormRanks: Int? = nil,
    kernels: KernelFamily = .fast, matrixEngine: MatrixEngine = .simd, threads: Int? = nil,
    oversubscribe: Bool = false
  ) {
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.scaling = scaling
    self.baseBatch = baseBatch
    self.rampEpochs = rampEpochs
    self.optimizer = optimizer
    self.trustCoefficient = trustCoefficient
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.seed = seed
    self.batchNorm = batchNorm
    self.batchNormRanks = batchNormRanks
    self.kernels = kernels
    self.matrixEngine = matrixEngine
    self.threads = threads
    self.oversubscribe = oversubscribe
  }
}
