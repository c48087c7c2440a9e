// What passes over images come to, summed over ranks.

import MPI

/// What an epoch or an evaluation came to, over all ranks.
public struct EpochTotals: Codable, Equatable, Sendable {
  /// Mean cross-entropy per image and classifier, in nats.
  public let loss: Double
  /// Right answers of all classifiers.
  public let correct: Int
  /// Answers of all classifiers: images × classifiers.
  public let total: Int
}

extension AnswerSums {
  /// The sums over all ranks. Collective.
  func combined(_ communicator: Communicator, depth: Int) throws -> EpochTotals {
    let all = try communicator.allreduce([loss, correct, total], .sum)
    let mean = all[0] / max(all[2], 1)
    guard mean.isFinite else { throw TrainingError.diverged(Divergence(symptom: .loss(mean), depth: depth)) }
    return EpochTotals(loss: mean, correct: Int(all[1]), total: Int(all[2]))
  }
}
