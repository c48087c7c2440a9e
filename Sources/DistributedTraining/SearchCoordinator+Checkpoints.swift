// How a search is saved and taken up again. All ranks take part; rank 0 has the file.

import Checkpoints
import Datasets
import DepthSearch
import MPI
import NeuralNetwork

extension SearchCoordinator {
  /// After a step: saves or stops the search if it is time to, on all ranks alike.
  ///
  /// One integer is reduced: some microseconds, beside a step whose gradients have just been.
  func pause() throws {
    guard checkpointer != nil || interruption != nil else { return }
    let own = max(try checkpointer?.wish() ?? .none, try interruption?() ?? .none)
    heartbeat.enter(.agreement)
    switch Pause(rawValue: try communicator.allreduce(own.rawValue, .max)) {
    case .checkpoint: try save()
    case .cancel: throw LevelCancelled()
    case .stop:
      try save()
      throw TrainingError.stopped(checkpoint: try communicator.broadcast([checkpointer?.newest], from: 0)[0])
    case .some(.none), nil: break
    }
  }

  /// Writes a checkpoint of the search as it stands. One that cannot be written is a warning: the search goes on, and
  /// the one before is still there.
  func save() throws {
    guard let checkpointer else { return }
    heartbeat.enter(.checkpoint)
    // After the last decision only what was kept counts.
    let unfinished = progress.outcome == nil && level?.isEnded != true ? trainee : nil
    let training = try unfinished.flatMap { try $0.trainer.gatherState($0.epoch) }
    guard communicator.rank == 0, training?.isFinite ?? true else { return }
    let state = SearchCheckpoint.State(
      origin: checkpointer.plan.origin, seed: self.training.seed, ranks: communicator.size,
      normalization: sharing.depths, batchSize: self.training.batchSize, trainImages: data.train.count,
      progress: progress, policy: policy.state,
      seconds: ContinuousClock.now.seconds(since: start), epochSeconds: ContinuousClock.now.seconds(since: epochStart),
      step: 0, largest: largest, level: level,
      hasLevelsApart: isGrouped && progress.stage == .level ? true : nil,
      latencies: affordable.latencies.isEmpty ? nil : affordable.latencies)
    do {
      // At its first step an epoch is its own beginning.
      let epochStart = training.flatMap { $0.step > 0 ? epochStartState : nil }
      try checkpointer.write(SearchCheckpoint.content(state, memory, training, epochStart: epochStart))
    } catch let error as CheckpointError {
      let before = checkpointer.newest.map { "; the checkpoint before is intact: \($0)" } ?? ""
      try observe(.warning("training goes on without this checkpoint: \(error)\(before)"))
    }
  }

  /// Puts all ranks where rank 0's checkpoint was written, if there is one. Collective.
  /// - Throws: `MPIError`, what the observer throws, and `TrainingError.rankFailed` if the checkpoint is of a search that
  ///   this cannot continue.
  func resume(_ checkpoint: SearchCheckpoint?) throws {
    let policy = try communicator.agree(isUsage: { $0 is TrainingError || $0 is SearchError }) {
      try checkpoint.map(check)
    }
    let point = try communicator.broadcast(
      Whereabouts(
        progress: checkpoint?.state.progress, levelEpochs: checkpoint?.state.policy.depths.last?.epochs ?? 0,
        network: checkpoint?.training?.architecture, heads: checkpoint?.training?.heads ?? .deepest), from: 0)
    guard let progress = point.progress else { return }
    self.progress = progress
    levelEpochs = point.levelEpochs
    var training = checkpoint?.training
    if let checkpoint, let policy {
      self.policy = policy
      memory = checkpoint.memory
      // Of a search in more levels than this, those of this one are kept.
      if let warm = memory.warm, warm.architecture != largest {
        var levels = NetworkWeights(largest, heads: .all)
        levels.adopt(warm)
        memory.warm = levels
      }
      start = .now.advanced(by: .seconds(-checkpoint.state.seconds))
      epochStart = .now.advanced(by: .seconds(-checkpoint.state.epochSeconds))
      if !hasSameSteps(as: checkpoint) { training = training?.atEpochStart }
      if reliability.onDivergence == .rollback { epochStartState = checkpoint.epochStart ?? training }
      level = checkpoint.state.level
      try observe(.resumed(plan, try continueLevels(from: checkpoint.point)))
      for warning in warnings(on: checkpoint) { try observe(.warning(warning)) }
    }
    if let network = point.network {
      let trainer = try makeTrainer(network, heads: point.heads)
      trainee = Trainee(trainer: trainer, epoch: try trainer.restore(training))
    }
  }

  /// The policy that goes on from a checkpoint, if this search can.
  private func check(_ checkpoint: SearchCheckpoint) throws -> any DepthPolicy {
    let found = checkpoint.state.largest
    let isLevel = try found.depth >= largest.depth && found.withDepth(largest.depth) == largest
    guard found == largest || (isLevel && checkpoint.state.progress.stage == .level) else {
      throw TrainingError.otherNetwork(file: checkpoint.path, expected: largest, found: found)
    }
    let isApart = checkpoint.state.hasLevelsApart == true
    if checkpoint.state.progress.stage == .level && isApart != isGrouped
      || checkpoint.state.level?.depth != level?.depth
    {
      throw TrainingError.otherGroups(file: checkpoint.path, groups: search.groups)
    }
    return try makePolicy(resuming: checkpoint.state.policy)
  }

  /// The policy of the search, or of the level that is trained by itself.
  func makePolicy(resuming state: SearchState? = nil) throws(SearchError) -> any DepthPolicy {
    try search.makePolicy(
      for: largest, learningRate: training.learningRate * training.rateFactor, level: level?.depth,
      resuming: state)
  }

  /// Takes in what checkpoints tell of the levels of a search by groups, and returns where that continues.
  private func continueLevels(from point: ResumePoint) throws -> ResumePoint {
    guard isGrouped && progress.stage == .level else { return point }
    var replay = try readLevels()
    var point = point
    while let event = replay.next() { point.recap.append(try takeIn(event, replay)) }
    self.replay = replay
    point.depth = replay.depth
    point.searchEpochs = progress.searchEpoch
    point.rollbacks = replay.rollbacks
    return point
  }

  /// Whether the steps of an epoch have the same images as when the checkpoint was written.
  private func hasSameSteps(as checkpoint: SearchCheckpoint) -> Bool {
    let state = checkpoint.state
    // Versions that did not say how they normalized gave a short rest of the images a batch of its own.
    let isCutAlike =
      state.normalization != nil || !BatchDivision(images: state.trainImages, batchSize: state.batchSize).joinsRest
    return state.seed == training.seed && state.batchSize == training.batchSize
      && state.trainImages == data.train.count && isCutAlike
  }

  private func warnings(on checkpoint: SearchCheckpoint) -> [String] {
    var warnings: [String] = []
    let (before, now) = (checkpoint.state.normalization, sharing.depths)
    if checkpoint.ranks != communicator.size || before.map({ $0.size != now.size }) ?? false {
      let effect =
        before.map { $0.images == now.images } ?? true
        ? "numbers may be rounded differently" : "the search may come to other accuracies"
      warnings.append(
        "\(checkpoint.path) was written by \(checkpoint.ranks) ranks\(before.map { " with \($0)" } ?? "") and is continued "
          + "by \(communicator.size) with \(now): \(effect) from here on")
    }
    if !hasSameSteps(as: checkpoint) && checkpoint.state.step > 0 {
      warnings.append(
        "the images, their order or the batch size have changed: the epoch that was under way begins again")
    }
    return warnings
  }
}

/// What all ranks have to know of a checkpoint; nothing if there is none.
private struct Whereabouts: Codable {
  let progress: SearchProgress?
  let levelEpochs: Int
  let network: Architecture?
  let heads: HeadSelection
}
