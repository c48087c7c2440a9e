// What training is set to: plain values with the published defaults. Their ranges are checked where they are read.

import Foundation
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

  /// Options with the published defaults.
  public init(
    batchSize: Int = 128, learningRate: Double = 0.01, momentum: Double = 0.9, weightDecay: Double = 0.0005,
    seed: UInt64 = 0, batchNorm: BatchNorm = .local, kernels: KernelFamily = .fast
  ) {
    self.batchSize = batchSize
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.seed = seed
    self.batchNorm = batchNorm
    self.kernels = kernels
  }
}

/// The training of all levels together, before the search.
public struct WarmUpOptions: Codable, Equatable, Sendable {
  /// Epochs, at least 0; 0 leaves the initial weights.
  public var epochs: Int
  /// The learning rate of the first epoch, above 0; it falls to 0 along a cosine.
  public var learningRate: Double

  /// Options with the published defaults.
  public init(epochs: Int = 3, learningRate: Double = 0.001) {
    self.epochs = epochs
    self.learningRate = learningRate
  }
}

/// How ranks exchange gradients.
public struct CommunicationOptions: Codable, Equatable, Sendable {
  /// The size of the pieces in which gradients are summed over the ranks, in 10⁶ bytes, above 0.
  public var bucketMegabytes: Double

  /// Options with the default bucket size.
  public init(bucketMegabytes: Double = 2) {
    self.bucketMegabytes = bucketMegabytes
  }
}

extension WarmUpOptions {
  /// The rate of an epoch, from 1: r·(1 + cos(π·e/E))/2 with e from 0, as published.
  public func learningRate(inEpoch epoch: Int) -> Double {
    learningRate * (1 + cos(.pi * Double(epoch - 1) / Double(epochs))) / 2
  }
}
