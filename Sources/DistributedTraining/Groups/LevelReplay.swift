// Levels that were trained by themselves, put together to the search that trains one after the other: the policy takes
// in their epochs, each level as soon as it has come to it by itself. So there is one implementation of the rules, and a
// search by groups decides as one without.

import DepthSearch

/// The search that levels come to, as far as they are known.
struct LevelReplay {
  /// What the search does next.
  enum Event {
    case stageStarted(depth: Int)
    case epoch(EpochRecord, EpochResult, Decision)
    case rolledBack(Rollback)
    /// The weights that a level leaves behind at its end, and the levels whose weights have to be kept from there on.
    case best(KeptWeights, candidates: [Int])
  }

  /// The policy after the epochs that it has taken in.
  private(set) var policy: any DepthPolicy
  /// The levels that something is known of, by their depths.
  private(set) var levels: [Int: LevelHistory]
  /// The best weights of levels that have come to their end, by depth.
  private var best: [Int: KeptWeights]
  /// The level that the search has come to.
  private(set) var depth: Int
  /// Entries of that level that the search has taken in; nil before it begins.
  private var position: Int?
  /// Epochs of the search before that level.
  private var earlierEpochs = 0
  /// The decision that ended that level, as long as its weights are yet to come.
  private var ending: Decision?
  /// Rollbacks so far.
  private(set) var rollbacks = 0
  /// Whether the search has come to its end, weights included.
  private(set) var isOver = false

  /// A replay of what is known of levels, from the beginning of a search by `policy`.
  /// - Parameter rollbacks: those of the warm-up.
  init(_ policy: any DepthPolicy, rollbacks: Int, levels: [LevelProgress] = []) {
    self.policy = policy
    self.rollbacks = rollbacks
    depth = policy.state.depth
    self.levels = Dictionary(levels.map { ($0.history.depth, $0.history) }) { $1 }
    best = Dictionary(levels.compactMap { level in level.best.map { (level.history.depth, $0) } }) { $1 }
  }

  /// Takes note of something that happened to a level.
  mutating func add(_ entry: LevelHistory.Entry, to depth: Int) {
    levels[depth, default: LevelHistory(depth: depth)].entries.append(entry)
  }

  /// Takes note of a level's end.
  mutating func end(_ depth: Int, best weights: KeptWeights) {
    levels[depth, default: LevelHistory(depth: depth)].isEnded = true
    best[depth] = weights
  }

  /// What happens next in the search; nil as long as it is not known, and when it is over.
  mutating func next() -> Event? {
    if isOver { return nil }
    guard let position else {
      position = 0
      earlierEpochs = policy.state.epoch
      return .stageStarted(depth: depth)
    }
    if let ending { return leave(ending) }
    guard let entries = levels[depth]?.entries, position < entries.count else { return nil }
    self.position = position + 1
    switch entries[position] {
    case .epoch(let record, let result):
      let numbered = EpochResult(
        epoch: policy.state.epoch + 1, depth: depth, validation: result.validation, trainingLoss: result.trainingLoss)
      let decision = policy.next(numbered)
      if decision.endsLevel { ending = decision }
      return .epoch(record.inEpoch(numbered.epoch), numbered, decision)
    case .rolledBack(let rollback):
      rollbacks += 1
      return .rolledBack(rollback.inEpoch(policy.state.epoch + 1, number: rollbacks))
    }
  }

  /// Whether the level that the search has come to is at its end without one that the search could go on from: its file
  /// is not what this search has written.
  var isStuck: Bool {
    guard let level = levels[depth], level.isEnded, let position else { return false }
    return ending == nil && position == level.entries.count
  }

  /// Whether the search has taken in all that is known of the level that it has come to.
  var isUpToDate: Bool { ending == nil && position ?? 0 == levels[depth]?.entries.count ?? 0 }

  /// Gives out the weights of a level that has ended, and goes on to the next.
  private mutating func leave(_ decision: Decision) -> Event? {
    guard let kept = best.removeValue(forKey: depth) else { return nil }
    var result = kept.result
    result.epoch += earlierEpochs
    ending = nil
    position = nil
    if decision.outcome == nil { depth = decision.depth } else { isOver = true }
    return .best(KeptWeights(weights: kept.weights, result: result), candidates: decision.candidates)
  }
}

/// What a checkpoint tells of a level.
struct LevelProgress: Sendable {
  let history: LevelHistory
  /// Its best weights, if it has ended.
  let best: KeptWeights?
}
