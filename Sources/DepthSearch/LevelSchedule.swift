// Which depths of a search are trained when several can be at the same time. Who trains them is left to
// DistributedTraining.

/// The depths of a search that are still to be trained, and those that are being trained.
///
/// Besides the depth that the search has come to, those are taken up that it is likely to come to; what it cannot come to any
/// more is of no use.
public struct LevelSchedule: Equatable, Sendable {
  /// The depths in training, shallowest first.
  public private(set) var inTraining: [Int] = []
  /// The depths that nobody has taken up yet.
  private var untried: Set<Int>

  /// All `depths` are untried.
  public init(_ depths: ClosedRange<Int>) {
    untried = Set(depths)
  }

  /// The depth that whoever is free takes up, from now on in training; nil if there is none that the search is likely to
  /// come to from where `policy` stands.
  public mutating func takeUp(for policy: any DepthPolicy) -> Int? {
    guard let depth = policy.firstLevelAhead(where: untried.contains) else { return nil }
    untried.remove(depth)
    inTraining.append(depth)
    inTraining.sort()
    return depth
  }

  /// The training of a depth is over, whether it has come to its end or was cancelled.
  public mutating func end(_ depth: Int) {
    inTraining.removeAll { $0 == depth }
    untried.remove(depth)
  }

  /// Nobody takes up a depth any more that `isUseless`.
  /// - Returns: those of them that are in training and can be cancelled, shallowest first.
  public mutating func leaveOut(_ isUseless: (Int) -> Bool) -> [Int] {
    untried = untried.filter { !isUseless($0) }
    return inTraining.filter(isUseless)
  }
}

extension DepthPolicy {
  /// Futures that are looked at before a level counts as unlikely.
  private static var futureLimit: Int { 64 }

  /// The first level with a property among those that the search comes to if the present one just misses the target or just
  /// meets it, and so on with the next ones: those that fewer such ends lead to are first, after a miss before after a hit.
  func firstLevelAhead(where isWanted: (Int) -> Bool) -> Int? {
    var futures: [Self] = [self]
    var looked = 0
    while looked < min(futures.count, Self.futureLimit) {
      let future = futures[looked]
      looked += 1
      guard future.state.outcome == nil else { continue }
      if isWanted(future.state.depth) { return future.state.depth }
      for meets in [false, true] {
        var next = future
        next.endLevel(meeting: meets)
        futures.append(next)
      }
    }
    return nil
  }

  /// Supposes that the epochs left of the level in training all just meet the target, or just miss it.
  private mutating func endLevel(meeting meets: Bool) {
    let depth = state.depth
    let accuracy = Accuracy(correct: meets ? threshold : threshold - 10, total: 10_000)
    while state.outcome == nil && state.depth == depth {
      _ = next(EpochResult(epoch: state.epoch + 1, depth: depth, validation: accuracy, trainingLoss: 0))
    }
  }
}
