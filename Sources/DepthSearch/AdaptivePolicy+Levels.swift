// What the adaptive procedure knows of the levels that were trained, and which level it trains next.

import Foundation

extension AdaptivePolicy {
  // MARK: What is known

  /// The level with the best accuracy; the one trained first of equals.
  var best: DepthRecord {
    state.depths.reduce(state.depths[0]) { best, record in
      guard let accuracy = record.accuracy, let other = best.accuracy else { return best }
      return accuracy.isBetter(than: other) ? record : best
    }
  }

  /// The levels that have an accuracy.
  var points: [Knee.Point] {
    state.depths.compactMap { record in
      record.accuracy.map { Knee.Point(depth: record.depth, accuracy: $0.percent) }
    }
  }

  /// The share of images that a level has to classify correctly: by the target, or by the best level so far and its
  /// standard error.
  var limit: Double {
    switch options.objective {
    case .target, .knee: Double(threshold) / 10_000
    case .bestWithinBudget: best.accuracy.map { $0.share - $0.standardError / 100 } ?? 0
    }
  }

  /// Whether a level has come to that.
  func meetsMark(_ record: DepthRecord) -> Bool {
    guard let accuracy = record.accuracy else { return false }
    switch options.objective {
    case .target, .knee: return accuracy.isAtLeast(hundredths: threshold)
    case .bestWithinBudget:
      guard let best = best.accuracy else { return false }
      return 100 * (best.share - accuracy.share) <= best.standardError
    }
  }

  /// What a level has to reach: for example `99.0 % (target 99.5, tolerance 0.5)`.
  var markText: String {
    guard options.objective == .bestWithinBudget, let best = best.accuracy else {
      return String(format: "%.1f %%", Double(threshold) / 100)
        + " (target \(options.target), tolerance \(options.tolerance))"
    }
    return String(
      format: "%.2f %% (best %.2f, standard error %.2f)", best.percent - best.standardError, best.percent,
      best.standardError)
  }

  /// The levels that may still be the answer.
  var candidates: [Int] {
    switch options.objective {
    case .target: bracket.upper <= depths.upperBound ? [bracket.upper] : []
    // A better one may raise the mark beyond some of them, but never lower it.
    case .bestWithinBudget: state.depths.filter(meetsMark).map(\.depth).sorted()
    // Heights are fixed as soon as both ends are known, and those are 0 or less.
    case .knee: [knee.depth(of: points)]
    }
  }

  /// The shallowest level that met the mark, and the deepest one below it that missed it; one beyond the levels where there
  /// is none.
  var bracket: (lower: Int, upper: Int) { bracket(of: state.depths) }

  private func bracket(of records: [DepthRecord]) -> (lower: Int, upper: Int) {
    let upper = records.filter(meetsMark).map(\.depth).min() ?? depths.upperBound + 1
    let lower = records.map(\.depth).filter { $0 < upper }.max() ?? depths.lowerBound - 1
    return (lower, upper)
  }

  /// Whether the search trains this level, or may still come to it: where a target is looked for, if it is in the bracket of
  /// those that have come to their end.
  public func mayTrain(_ depth: Int) -> Bool {
    guard state.outcome == nil, depth != state.depth else { return state.outcome == nil }
    guard options.objective == .target else { return depths.contains(depth) }
    let (lower, upper) = bracket(of: state.depths.dropLast())
    return (lower + 1..<upper).contains(depth) && depth <= depths.upperBound
  }

  /// The levels some of which would have to be trained to know the answer, if nothing ended the search.
  /// - Parameter isOver: whether the level in training has come to its end.
  func openDepths(isOver: Bool) -> [Int] {
    let ended = state.depths.filter { $0.depth != state.depth || isOver || meetsMark($0) }
    switch options.objective {
    case .target:
      let (lower, upper) = bracket(of: ended)
      return Array(lower + 1..<upper)
    case .bestWithinBudget, .knee:
      return depths.filter { depth in !ended.contains { $0.depth == depth } }
    }
  }

  /// What a level ended with, or would have ended with.
  func end(of record: DepthRecord) -> EndEstimate? { end(of: record.depth, curve: record.curve ?? []) }

  /// What a level is expected to end with, by its curve and by that of the nearest level that has been through the schedule.
  private func end(of depth: Int, curve: [Accuracy]) -> EndEstimate? {
    let whole = state.depths.filter { $0.epochs >= schedule.epochs && $0.depth != depth }
    let nearest = whole.min { abs($0.depth - depth) < abs($1.depth - depth) }
    let reference = nearest.flatMap { record in
      record.curve.map { CurveModel.Reference(depth: record.depth, curve: $0) }
    }
    return CurveModel().end(of: depth, curve: curve, epochs: schedule.epochs, reference: reference)
  }

  // MARK: The next level

  /// The level to train next; nil if the answer is known.
  var nextDepth: (depth: Int, reason: String)? {
    switch options.objective {
    case .target: nextInBracket(aim: "the target")
    case .bestWithinBudget: nextBesideBest ?? nextInBracket(aim: "the best")
    case .knee:
      knee.next(after: points).map { depth in
        let isEnd = points.count < 2
        return (depth, isEnd ? "depth \(depth) is next" : "the knee may be at depth \(depth), which is next")
      }
    }
  }

  /// Where a deeper level than the best is worse by more than its standard error, depth has begun to harm between them, and
  /// there may be a better one.
  private var nextBesideBest: (depth: Int, reason: String)? {
    let best = best.depth
    guard let deeper = state.depths.filter({ $0.depth > best }).min(by: { $0.depth < $1.depth }), !meetsMark(deeper),
      deeper.depth > best + 1
    else { return nil }
    let middle = (best + deeper.depth) / 2
    return (middle, "depth \(deeper.depth) is worse than depth \(best): depth \(middle) between them is next")
  }

  /// - Parameter aim: what levels are to meet, in words.
  private func nextInBracket(aim: String) -> (depth: Int, reason: String)? {
    let (lower, upper) = bracket
    let left = lower + 1..<upper
    guard !left.isEmpty else { return nil }
    switch schedule.order {
    case .linear: return (left.lowerBound, "depth \(left.lowerBound) is next")
    case .bisection:
      let middle = left.lowerBound + (left.count - 1) / 2
      return (middle, "the answer is from \(lower + 1) to \(min(upper, depths.upperBound)): depth \(middle) is next")
    case .forecast:
      let reach = lower < depths.lowerBound ? upper : max(lower + 1, 2 * lower)
      let expected = left.first { depth in end(of: depth, curve: []).map { $0.share >= limit } ?? false }
      // One level does not tell yet how much depth brings here.
      if let expected, expected > reach, state.depths.count < 2 {
        return (
          reach, "depth \(expected) is expected to meet \(aim), and depth \(reach) tells how far that is to be trusted"
        )
      }
      if let expected {
        return (expected, "depth \(expected) is the shallowest that is expected to meet \(aim)")
      }
      if upper <= depths.upperBound {
        return (
          upper - 1, "no depth before \(upper) is expected to meet \(aim), which depth \(upper - 1) has to show"
        )
      }
      let deeper = min(reach, depths.upperBound)
      return (deeper, "no depth is expected to meet \(aim): depth \(deeper) is next")
    }
  }
}
