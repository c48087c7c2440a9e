// How the adaptive procedure trains a level, and how it goes from one to another.

import Foundation

/// The settings of `AdaptivePolicy`. Each part of it can be switched off, to see what it brings.
public struct AdaptiveOptions: Codable, Equatable, Sendable {
  /// How the next level is chosen among those that can still be the answer.
  public enum Order: String, Codable, CaseIterable, Sendable {
    /// The shallowest one that is expected to meet the target: errors of levels are taken to be in proportion to the
    /// errors that their classifiers had after the joint training. As long as one level has been trained, the next one is
    /// at most twice as deep. Without a joint training each level is twice as deep as the one before until one meets
    /// the target, and then the one in the middle follows.
    case forecast
    /// The one in the middle.
    case bisection
    /// The shallowest.
    case linear
  }

  /// Epochs of a level, over which its learning rate falls along a cosine; at least 1.
  public var epochs: Int
  /// The learning rate that a level begins with, as a multiple of `training.learningRate`; above 0.
  public var rateFactor: Double
  /// How the next level is chosen.
  public var order: Order
  /// How probable it has to be that a depth will miss the target before it is given up early, 0.5…1; 1 never gives up.
  ///
  /// That is the default: on data that the estimate was not chosen on, it has given up depths that meet the target.
  public var confidence: Double

  /// A level's schedule, and the way through the levels.
  public init(epochs: Int = 15, rateFactor: Double = 5, order: Order = .forecast, confidence: Double = 1) {
    self.epochs = epochs
    self.rateFactor = rateFactor
    self.order = order
    self.confidence = confidence
  }

  /// The learning rate of a level's epoch, as a multiple of the first one's: half a cosine, which would come to 0 after the
  /// last epoch. Loshchilov & Hutter, "SGDR" (arXiv 1608.03983), equation 5.
  /// - Parameter epoch: epochs that the level has had before.
  func rate(afterEpochs epoch: Int) -> Double { (1 + cos(.pi * Double(epoch) / Double(epochs))) / 2 }
}
