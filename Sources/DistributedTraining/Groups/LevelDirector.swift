// Rank 0's part in a search by groups: which group trains which level, and what the levels come to together. It looks at
// what it is told between the steps of its own group, and waits for nobody.

import DepthSearch
import MPI
import NeuralNetwork

/// Directs the groups of a search. Rank 0 has one.
final class LevelDirector {
  /// What a group does.
  private enum Activity: Equatable {
    case idle
    case training(Int)
    case halted
  }

  private let search: SearchCoordinator
  private let reports: Mailbox<GroupReport>
  private let orders: Mailbox<GroupOrder>
  /// The first rank of each group.
  private let leaders: [Int]
  private var activities: [Activity]
  private let depths: ClosedRange<Int>
  private var schedule: LevelSchedule
  private var replay: LevelReplay
  /// Levels that cannot be trained any further, and why.
  private var failures: [Int: (rank: Int, reason: String)] = [:]
  /// Levels that the search will not come to although something is known of them.
  private var cancelled: Set<Int> = []
  /// Whether something has happened since idle groups were last given levels.
  private var hasNews = true
  /// How it ended, once the groups are told to halt.
  private(set) var end: GroupsEnd?
  private var hasLeft = false

  /// - Parameter replay: what is known of levels before any is trained.
  init(
    _ search: SearchCoordinator, depths: ClosedRange<Int>, replay: LevelReplay, leaders: [Int],
    reports: Mailbox<GroupReport>, orders: Mailbox<GroupOrder>
  ) {
    self.search = search
    self.depths = depths
    self.replay = replay
    self.leaders = leaders
    self.reports = reports
    self.orders = orders
    activities = Array(repeating: .idle, count: leaders.count)
    schedule = LevelSchedule(depths)
    for depth in depths {
      guard let level = replay.levels[depth] else { continue }
      if level.isEnded { schedule.end(depth) }
      if level.isDeepest {
        _ = schedule.leaveOut { $0 > depth }
        cancelled.formUnion(depths.filter { $0 > depth })
      }
    }
    cancelled.formUnion(depths.filter { !replay.policy.mayTrain($0) })
  }

  /// Takes note of what has been reported, tells whoever watches, and gives orders.
  func direct() throws {
    while let letter = try reports.receive() {
      try take(letter)
      hasNews = true
    }
    if end == nil && hasNews {
      try search.follow(&replay)
      try leaveOut { !replay.policy.mayTrain($0) }
      if let found = try verdict() { try halt(found) }
    }
    try giveOrders()
  }

  // MARK: Reports

  private func take(_ letter: Mailbox<GroupReport>.Letter) throws {
    switch letter.message {
    case .progress(let depth, let entry, let isDeepest):
      guard schedule.inTraining.contains(depth) else { return }
      replay.add(entry, to: depth)
      if isDeepest { try leaveOut { $0 > depth } }
      if depth != replay.depth, case .epoch(let record, let result) = entry {
        try search.observe(.ahead(record, result.validation))
      }
    case .warning(let depth, let text): try search.observe(.warning("depth \(depth): \(text)"))
    case .ended(let depth, let result):
      if schedule.inTraining.contains(depth) {
        replay.end(depth, best: try search.kept(letter.values, from: result))
      }
      free(letter.sender, from: depth)
    case .cancelled(let depth): free(letter.sender, from: depth)
    case .failed(let depth, let reason, let endsSearch):
      failures[depth] = (letter.sender, reason)
      if endsSearch { try halt(.failed(rank: letter.sender, reason: reason)) }
      free(letter.sender, from: depth)
    case .stopRequested: try halt(.stopped)
    case .halted: if let group = leaders.firstIndex(of: letter.sender) { activities[group] = .halted }
    }
  }

  private func free(_ leader: Int, from depth: Int) {
    schedule.end(depth)
    // Weights may arrive after the news that the group has halted.
    guard let group = leaders.firstIndex(of: leader), activities[group] == .training(depth) else { return }
    activities[group] = .idle
  }

  /// How the search has ended, if it has.
  private func verdict() throws -> GroupsEnd? {
    if replay.isOver { return .over }
    if replay.rollbacks > search.reliability.rollbacks {
      let limit = search.reliability.rollbacks
      return .failed(
        rank: 0, reason: "depth \(replay.depth): the search went back more than \(limit) times (reliability.rollbacks)")
    }
    if replay.isUpToDate, let failure = failures[replay.depth] {
      return .failed(rank: failure.rank, reason: failure.reason)
    }
    if replay.isStuck {
      return .failed(rank: 0, reason: "depth \(replay.depth) has ended, but its epochs do not say how")
    }
    return nil
  }

  // MARK: Orders

  private func giveOrders() throws {
    if end != nil {
      // What is still on its way has to arrive, for whoever sent it.
      guard !hasLeft, activities.allSatisfy({ $0 == .halted }), !reports.isReceiving else { return }
      hasLeft = true
      for leader in leaders { try orders.send(.leave, to: leader) }
      return
    }
    guard hasNews else { return }
    hasNews = false
    for group in leaders.indices where activities[group] == .idle {
      guard let depth = schedule.takeUp(for: replay.policy) else { return }
      activities[group] = .training(depth)
      try orders.send(.train(depth: depth, afterEpochs: replay.levels[depth]?.epochs ?? 0), to: leaders[group])
    }
  }

  /// The search will not come to levels that are `useless`: ends their training, and tells of those that have been tried.
  private func leaveOut(_ useless: (Int) -> Bool) throws {
    let inTraining = schedule.leaveOut(useless)
    let taken = replay.policy.state.depths.map(\.depth)
    for level in depths where useless(level) && !cancelled.contains(level) && !taken.contains(level) {
      guard inTraining.contains(level) || replay.levels[level] != nil else { continue }
      cancelled.insert(level)
      schedule.end(level)
      if let group = activities.firstIndex(of: .training(level)) {
        try orders.send(.cancel(depth: level), to: leaders[group])
      }
      let results = replay.levels[level]?.results ?? []
      let best = results.map(\.validation).max { $1.isBetter(than: $0) }
      try search.observe(.cancelled(CancelledLevel(depth: level, epochs: results.count, best: best)))
    }
  }

  /// Lets all groups come to rest.
  private func halt(_ found: GroupsEnd) throws {
    guard end == nil else { return }
    end = found
    var isSaving = true
    if case .over = found { isSaving = false }
    for leader in leaders { try orders.send(.halt(saving: isSaving), to: leader) }
  }
}

extension SearchCoordinator {
  /// Takes in what `replay` knows of the search, and tells whoever watches.
  func follow(_ replay: inout LevelReplay) throws {
    while let event = replay.next() { try observe(takeIn(event, replay)) }
  }

  /// Goes on to what follows from a level's training, as if it had been this coordinator's own.
  func takeIn(_ event: LevelReplay.Event, _ replay: LevelReplay) throws -> SearchEvent {
    policy = replay.policy
    switch event {
    case .stageStarted(let depth):
      memory.bestOfDepth = nil
      return .stageStarted(.level, try largest.withDepth(depth))
    case .epoch(let record, let result, let decision):
      progress.take(decision, on: record)
      progress.epochsDone += 1
      return .epoch(record, result, decision)
    case .rolledBack(let rollback): return .rolledBack(rollback)
    case .best(let kept, let candidates):
      memory.keep(kept.weights, from: kept.result)
      memory.endLevel(candidates: candidates)
      return .best(kept.weights, kept.result)
    }
  }

  /// The weights of a level as its group sent them.
  /// - Throws: `MPIError.sizeMismatch` if they are not as many as the level has.
  func kept(_ values: [Float], from result: EpochResult) throws -> KeptWeights {
    var weights = try NetworkWeights(largest.withDepth(result.depth), heads: .deepest)
    let parameters = weights.parameters.count
    let expected = parameters + weights.statistics.count
    guard values.count == expected else {
      throw MPIError.sizeMismatch(
        function: "MPI_Recv", argument: "the weights of depth \(result.depth)", expected: expected, found: values.count)
    }
    weights.parameters = Array(values[..<parameters])
    weights.statistics = Array(values[parameters...])
    return KeptWeights(weights: weights, result: result)
  }
}
