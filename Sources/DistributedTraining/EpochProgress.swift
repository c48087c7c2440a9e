// How far an epoch is, as one rank sees it.

import NeuralNetwork

/// Steps done in an epoch, and what a rank's images came to in them.
public struct EpochProgress: Equatable, Sendable {
  /// Steps done, from 0.
  public internal(set) var step = 0
  var sums = AnswerSums()

  /// The beginning of an epoch.
  public init() {}

  init(step: Int, sums: AnswerSums) {
    self.step = step
    self.sums = sums
  }

  /// Mean cross-entropy so far per image and classifier of this rank; 0 at the beginning.
  public var meanLoss: Double { sums.loss / max(sums.total, 1) }

  /// Right answers so far, in percent of this rank's images and classifiers; 0 at the beginning.
  public var accuracy: Double { 100 * sums.correct / max(sums.total, 1) }
}

/// Sums over a rank's images, as floats that one allreduce can add; counts stay exact below 2⁵³.
struct AnswerSums: Equatable, Sendable {
  var loss = 0.0
  var correct = 0.0
  var total = 0.0

  mutating func add(_ result: CrossEntropy, answers: Int) {
    loss += result.loss
    correct += Double(result.correct)
    total += Double(answers)
  }
}
