// How the adaptive procedure trains a level, and how it goes from one to another.

import Foundation

/// The settings of `AdaptivePolicy`. Each part of it can be switched off, to see what it brings.
public struct AdaptiveOptions: Codable, Equatable, Sendable {
  /// How the next level is chosen among those that can still be the answer.
  public enum Order: String, Codable, CaseIterable, Sendable {
    /// The shallowest one that is expected to meet the target, by what the nearest trained one came to and what twice the
    /// depth adds (`CurveModel`). As long as one level has been trained, the next one is at most twice as deep.
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
  /// How sure it has to be that a depth misses the target before it is given up early, 0.5…1; 1 never gives up.
  ///
  /// A depth is looked at after each epoch from a third of its schedule on. A confidence of `c` allows all its looks
  /// together a probability of 1 − c of being wrong, and each look an equal part of it.
  ///
  /// The default is 1: no lower confidence holds on all data sets that the estimate was not fitted to.
  public var confidence: Double

  /// A level's schedule, and the way through the levels.
  public init(epochs: Int = 15, rateFactor: Double = 5, order: Order = .forecast, confidence: Double = 1) {
    self.epochs = epochs
    self.rateFactor = rateFactor
    self.order = order
    self.confidence = confidence
  }

  /// Whether a level may be given up after so many epochs.
  package func mayGiveUp(afterEpochs epoch: Int) -> Bool {
    confidence < 1 && epoch >= firstLook && epoch < epochs
  }

  /// How probable a miss has to be at one look for a level to be given up, 0…1.
  package var leastMiss: Double { 1 - (1 - confidence) / Double(max(epochs - firstLook, 1)) }

  /// The first epoch after which a level may be given up: before it the rate is high, and accuracies jump.
  private var firstLook: Int { max(2, (epochs + 2) / 3) }

  /// The learning rate of a level's epoch, as a multiple of the first one's: half a cosine, which would come to 0 after the
  /// last epoch. Loshchilov & Hutter, "SGDR" (arXiv 1608.03983), equation 5.
  /// - Parameter epoch: epochs that the level has had before.
  func rate(afterEpochs epoch: Int) -> Double { (1 + cos(.pi * Double(epoch) / Double(epochs))) / 2 }
}
