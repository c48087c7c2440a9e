// What training is set to: plain values with the published defaults. Their ranges are checked where they are read.

import NumericKernels

/// How levels are trained, in the warm-up as in the search.
public struct TrainingOptions: Codable, Equatable, Sendable {
  /// Where batch-norm statistics are taken over several ranks.
  public enum BatchNorm: String, Codable, CaseIterable, Sendable {
    /// Over the rank's share of a batch.
    case local
    /// Over the whole batch of all ranks, so that N ranks equal one up to rounding.
    case synchronized
  }

  /// Images per step over all ranks together, at least 1.
  public var batchSize: Int
  /// The search's first learning rate, above 0.
  public var learningRate: Double
  /// The share of the last step that the next one keeps, 0 ..< 1.
  public var momentum: Double
  /// What is added to every gradient, as a multiple of its parameter; at least 0.
  public var weightDecay: Double
  /// The number that all random choices of a run follow from.
  public var seed: UInt64
  /// Where batch-norm statistics are taken.
  public var batchNorm: BatchNorm
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
    batchSize: Int = 128, learningRate: Double = 0.01, momentum: Double = 0.9, weightDecay: Double = 0.0005,
    seed: UInt64 = 0, batchNorm: BatchNorm = .local, kernels: KernelFamily = .fast,
    matrixEngine: MatrixEngine = .simd, threads: Int? = nil, oversubscribe: Bool = false
  ) {
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.seed = seed
    self.batchNorm = batchNorm
    self.kernels = kernels
    self.matrixEngine = matrixEngine
    self.threads = threads
    self.oversubscribe = oversubscribe
  }
}
