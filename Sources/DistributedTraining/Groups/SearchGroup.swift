// A rank's part in a search by groups: its group trains one level after the other, as rank 0 says. Within a group the
// first rank decides, by the search's own rules, and tells rank 0.

import DepthSearch
import Foundation
import MPI
import NeuralNetwork

/// A group of ranks that trains levels, as one of its ranks sees it.
final class SearchGroup {
  private let search: SearchCoordinator
  private let number: Int
  /// The ranks of the group.
  let ranks: Communicator
  private let reports: Mailbox<GroupReport>
  private let orders: Mailbox<GroupOrder>
  /// Rank 0's.
  private let director: LevelDirector?
  /// What levels start from. The first rank's of each group.
  private let warm: NetworkWeights?
  /// Whether the group has been told to halt. The first rank's.
  private var isHalting = false
  private var hasToldOfStop = false

  init(
    _ search: SearchCoordinator, number: Int, ranks: Communicator, reports: Mailbox<GroupReport>,
    orders: Mailbox<GroupOrder>, director: LevelDirector?, warm: NetworkWeights?
  ) {
    self.search = search
    self.number = number
    self.ranks = ranks
    self.reports = reports
    self.orders = orders
    self.director = director
    self.warm = warm
  }

  private var isLeader: Bool { ranks.rank == 0 }

  /// Trains levels until rank 0 says that they are done with. All ranks call it.
  func run() throws {
    while case .train(let depth, let epochs) = try nextOrder() {
      search.heartbeat.enter(group: number)
      try train(depth, afterEpochs: epochs)
      search.heartbeat.enter(group: nil)
      if isHalting { try report(.halted) }
    }
    try reports.finish()
    try orders.finish()
  }

  // MARK: Waiting

  /// The order that the group carries out next, on all its ranks. A rank that waits leaves its core to others.
  private func nextOrder() throws -> GroupOrder {
    search.heartbeat.enter(.waitingForWork)
    let order = isLeader ? try waitForOrder() : nil
    try ranks.meet(meanwhile: tellOfStop)
    return try ranks.broadcast(order, from: 0)
  }

  private func waitForOrder() throws -> GroupOrder {
    while true {
      try director?.direct()
      while let order = try orders.receive()?.message {
        switch order {
        case .train, .leave: return order
        case .cancel: break  // It has come to its end by itself.
        case .halt:
          isHalting = true
          try report(.halted)
        }
      }
      try tellOfStop()
      Thread.sleep(forTimeInterval: pollInterval)
    }
  }

  /// Tells rank 0 once if this rank, which has nothing to do, is told to stop.
  private func tellOfStop() throws {
    guard !hasToldOfStop, try search.checkpoints?.isStopRequested() ?? false else { return }
    hasToldOfStop = true
    try reports.send(.stopRequested, to: 0)
  }

  // MARK: Training

  /// Trains a level to its end, unless something comes between, and tells rank 0. Collective within the group.
  private func train(_ depth: Int, afterEpochs epochs: Int) throws {
    let level = try SearchCoordinator(level: depth, of: search, ranks: ranks)
    level.memory.warm = warm
    level.checkpoints = search.checkpoints.map { $0.ofLevel(depth) }
    level.observer = LevelReporter(depth: depth, report: { [self] in try report($0) }, step: search.observe)
    level.interruption = { [self] in try interruption(depth) }
    do {
      let best = try level.trainByItself(afterEpochs: epochs, from: try checkpoint(of: level))
      guard let best else { return }
      try report(.ended(depth: depth, best: best.result), best.weights.parameters + best.weights.statistics)
    } catch is LevelCancelled {
      level.checkpointer?.removeAll()
      try report(.cancelled(depth: depth))
    } catch TrainingError.stopped {
      if !isHalting { try report(.stopRequested) }
    } catch let error as TrainingError {
      // A depth that diverges ends the search only if the search comes to it.
      var endsSearch = true
      if case .diverged = error { endsSearch = false }
      let reason = "\(error.inWorld(firstRank: number * ranks.size))"
      try report(.failed(depth: depth, reason: reason, endsSearch: endsSearch))
    }
  }

  /// What comes between the steps of a level, as the group's first rank hears of it.
  private func interruption(_ depth: Int) throws -> Pause {
    guard isLeader else { return .none }
    try director?.direct()
    var wish = Pause.none
    while let order = try orders.receive()?.message {
      switch order {
      case .cancel(depth: depth): wish = max(wish, .cancel)
      case .halt(let isSaving):
        isHalting = true
        wish = max(wish, isSaving ? .stop : .cancel)
      case .cancel, .train, .leave: break
      }
    }
    return wish
  }

  /// The checkpoint that a level goes on from, on the group's first rank.
  private func checkpoint(of level: SearchCoordinator) throws -> SearchCheckpoint? {
    guard isLeader, let directory = level.checkpoints?.directory else { return nil }
    return try SearchCheckpoint.newest(in: directory) {
      try level.observe(.warning("\($0); trying the checkpoint before"))
    }
  }

  /// Tells rank 0 something in the name of the group.
  private func report(_ report: GroupReport, _ values: [Float] = []) throws {
    if isLeader { try reports.send(report, values: values, to: 0) }
  }
}

/// Tells rank 0 what happens to a level.
private struct LevelReporter: SearchObserver {
  let depth: Int
  let report: (GroupReport) throws -> Void
  /// Shows a step, on rank 0.
  let step: (SearchEvent) throws -> Void

  mutating func observe(_ event: SearchEvent) throws {
    switch event {
    case .step: try step(event)
    case .epoch(let record, let result, let decision):
      let isDeepest = decision.isDeepest && decision.restart == nil
      try report(.progress(depth: depth, .epoch(record, result), isDeepest: isDeepest))
    case .rolledBack(let rollback): try report(.progress(depth: depth, .rolledBack(rollback), isDeepest: false))
    case .warning(let text): try report(.warning(depth: depth, text))
    case .started, .resumed, .stageStarted, .warmUpEpoch, .warmedUp, .best, .ahead, .cancelled, .parameters, .tested,
      .finished:
      break
    }
  }
}
