// A search whose levels are trained by groups of ranks, several at the same time. What a group does is in SearchGroup,
// who does what is decided in LevelDirector, and what comes of it in LevelReplay.

import Checkpoints
import DepthSearch
import MPI
import NeuralNetwork

extension SearchOptions {
  /// The number of ranks in each group.
  /// - Throws: `TrainingError.groups` if the ranks do not make up so many groups of equal size.
  public func ranksPerGroup(of ranks: Int) throws(TrainingError) -> Int {
    guard groups >= 1, ranks.isMultiple(of: groups), ranks >= groups else { throw .groups(groups, ranks: ranks) }
    return ranks / groups
  }
}

extension SearchCoordinator {
  var isGrouped: Bool { search.groups > 1 }

  /// Trains levels by groups until the search has come to its end. Collective.
  func trainLevelsInGroups() throws {
    let size = try search.ranksPerGroup(of: communicator.size)
    let number = communicator.rank / size
    guard let ranks = try communicator.split(color: number) else { return }
    let messages = try communicator.duplicate()
    let (reports, orders) = (Mailbox<GroupReport>(messages, tag: 0), Mailbox<GroupOrder>(messages, tag: 2))
    if let plan = checkpoints {
      checkpoints?.directory = try communicator.broadcast(plan.directory, from: 0)
    }
    let depths = try search.depths(in: largest.family)
    if search.groups > depths.count {
      try observe(.warning("there are \(search.groups) groups of ranks for \(depths.count) depths: some have no work"))
    }
    var director: LevelDirector?
    if communicator.rank == 0 {
      director = LevelDirector(
        self, depths: depths, replay: replay ?? LevelReplay(policy, rollbacks: progress.recovery?.rollbacks ?? 0),
        leaders: Array(stride(from: 0, to: communicator.size, by: size)), reports: reports, orders: orders)
    }
    let group = SearchGroup(
      self, number: number, ranks: ranks, reports: reports, orders: orders, director: director,
      warm: try shareWarmWeights(isLeader: ranks.rank == 0))
    try group.run()
    levelRanks = ranks
    try communicator.meet()
    heartbeat.align(at: try communicator.allreduce(heartbeat.state.position, .max))
    // What told of a signal after the end.
    while director != nil, try reports.receive() != nil {}
    switch try communicator.broadcast(director?.end, from: 0) {
    case .over: break
    case .stopped:
      throw TrainingError.stopped(checkpoint: try communicator.broadcast([checkpointer?.newest], from: 0)[0])
    case .failed(let rank, let reason): throw TrainingError.rankFailed(rank: rank, reason: reason, isUsage: false)
    }
  }

  /// Rank 0's weights after the warm-up, on the first rank of each group; nil on the others. Collective.
  private func shareWarmWeights(isLeader: Bool) throws -> NetworkWeights? {
    guard let leaders = try communicator.split(color: isLeader ? 0 : nil) else { return nil }
    let architecture = try leaders.broadcast(memory.warm?.architecture, from: 0)
    var weights = memory.warm ?? NetworkWeights(architecture, heads: .all)
    try leaders.broadcast(&weights.parameters, from: 0)
    try leaders.broadcast(&weights.statistics, from: 0)
    return weights
  }
}

// MARK: - Checkpoints of levels

extension CheckpointPlan {
  /// The plan for a level that is trained by itself: in a directory of its own, whoever trains it.
  func ofLevel(_ depth: Int) -> CheckpointPlan {
    var plan = self
    plan.directory = "\(directory)/depth-\(depth < 10 ? "0" : "")\(depth)"
    return plan
  }
}

extension SearchCheckpoint {
  /// The newest sound checkpoint in a directory; nil if there is none. `damaged` is told of those that are not.
  static func newest(in directory: String, damaged: (CheckpointError) throws -> Void) rethrows -> SearchCheckpoint? {
    for file in CheckpointDirectory.files(in: directory) {
      do throws(CheckpointError) {
        return try SearchCheckpoint(path: file)
      } catch {
        try damaged(error)
      }
    }
    return nil
  }
}

extension SearchCoordinator {
  /// What is known of the levels of a search that is continued. Rank 0's.
  func readLevels() throws -> LevelReplay {
    var levels: [LevelProgress] = []
    var seconds = 0.0
    for depth in try search.depths(in: largest.family) {
      guard let plan = checkpoints?.ofLevel(depth),
        // The group that takes the level up warns of damaged ones.
        let checkpoint = SearchCheckpoint.newest(in: plan.directory, damaged: { _ in }),
        let history = checkpoint.state.level, history.depth == depth
      else { continue }
      levels.append(LevelProgress(history: history, best: history.isEnded ? checkpoint.memory.bestOfDepth : nil))
      seconds = max(seconds, checkpoint.state.seconds)
    }
    start = min(start, .now.advanced(by: .seconds(-seconds)))
    return LevelReplay(policy, rollbacks: progress.recovery?.rollbacks ?? 0, levels: levels)
  }

  /// Removes the checkpoints of all levels. Rank 0's part.
  func removeLevelCheckpoints() {
    guard communicator.rank == 0, isGrouped, let plan = checkpoints else { return }
    for depth in 1...largest.depth { CheckpointDirectory(path: plan.ofLevel(depth).directory).remove() }
  }
}
