// What the warm-up is set to: plain values with the published defaults.

import Foundation

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

extension WarmUpOptions {
  /// The rate of an epoch, from 1: r·(1 + cos(π·e/E))/2 with e from 0, as published.
  public func learningRate(inEpoch epoch: Int) -> Double {
    learningRate * (1 + cos(.pi * Double(epoch - 1) / Double(epochs))) / 2
  }
}
