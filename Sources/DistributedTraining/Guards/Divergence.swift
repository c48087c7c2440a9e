// How a training went out of hand: what was seen, where, and when.

import Foundation

/// A step whose numbers are not those of a training that learns.
public struct Divergence: Equatable, Sendable, CustomStringConvertible {
  /// What was seen.
  public enum Symptom: Equatable, Sendable {
    /// The mean loss over all ranks is infinite or not a number.
    case loss(Double)
    /// The sum of the gradients is infinite or not a number.
    case gradient
    /// The mean loss over all ranks is far above that of the steps before, by so many of their standard deviations.
    case spike(loss: Double, deviations: Double)
  }

  /// Where the first number that is none was found.
  public struct Origin: Equatable, Sendable {
    /// The tensor: the first one in the forward pass where its weights or running statistics are concerned, the first one
    /// in the backward pass for gradients. Nil where only the loss is.
    public var tensor: String?
    /// The first rank that has it; nil where only the sum over the ranks is known.
    public var rank: Int?

    /// A place.
    public init(tensor: String?, rank: Int?) {
      self.tensor = tensor
      self.rank = rank
    }
  }

  /// What was seen.
  public var symptom: Symptom
  /// Where it came from; nil for a loss that is finite, and after an evaluation.
  public var origin: Origin?
  /// The depth in training; the largest in the warm-up.
  public var depth: Int
  /// The epoch within the warm-up, or within the whole search; nil outside of a search.
  public var epoch: Int?
  /// The step of the epoch, from 1; nil after an evaluation.
  public var step: Int?
  /// How often the search had gone back before.
  public var rollbacks = 0

  /// What was seen, and when.
  public init(symptom: Symptom, origin: Origin? = nil, depth: Int, epoch: Int? = nil, step: Int? = nil) {
    self.symptom = symptom
    self.origin = origin
    self.depth = depth
    self.epoch = epoch
    self.step = step
  }

  /// For example `the loss became nan at depth 2, epoch 3, step 17, first in layer1.0.bn1.running_var on rank 1`.
  public var description: String {
    let what =
      switch symptom {
      case .loss(let loss): "the loss became \(loss)"
      case .gradient: "a gradient became infinite or no number"
      case .spike(let loss, let deviations):
        "the loss rose to \(tenThousandths(loss)), \(String(format: "%.3g", deviations)) standard deviations above its mean,"
      }
    let place = [epoch.map { "epoch \($0)" }, step.map { "step \($0)" }].compactMap(\.self)
    return (["\(what) at depth \(depth)"] + place).joined(separator: ", ") + (origin.map { ", \($0)" } ?? "")
      + (rollbacks == 0 ? "" : ", after \(rollbacks) rollback\(rollbacks == 1 ? "" : "s")")
  }

  private func tenThousandths(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}

extension Divergence.Origin: CustomStringConvertible {
  /// For example `first in layer1.0.bn1.running_var on rank 1`.
  public var description: String {
    let place = rank.map { "on rank \($0)" } ?? "in the sum over the ranks"
    return "first \(tensor.map { "in \($0) " } ?? "")\(place)"
  }
}
