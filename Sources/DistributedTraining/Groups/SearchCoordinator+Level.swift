// The training of one level by itself, by the ranks of a group.

import DepthSearch
import MPI
import NeuralNetwork

/// The training of a level was ended by whoever ordered it.
struct LevelCancelled: Error {}

extension SearchCoordinator {
  /// One that trains the level `depth` of `search` on `ranks`, and nothing else.
  convenience init(level depth: Int, of search: SearchCoordinator, ranks: Communicator) throws {
    var options = search.search
    options.groups = 1
    try self.init(
      search.largest, data: search.data, communicator: ranks, search: options, warmUp: search.warmUp,
      training: search.training, communication: search.communication,
      latencies: search.affordable.latencies, placement: search.placement, heartbeat: search.heartbeat)
    sharing = search.sharing
    level = LevelHistory(depth: depth)
    policy = try makePolicy()
    progress = SearchProgress(stage: .level, learningRate: policy.state.learningRate)
    reliability = search.reliability
    start = search.start
  }

  /// Trains the level to its end and returns its best weights, on the first rank. Collective.
  ///
  /// - Parameters:
  ///   - epochs: how many are known to be done.
  ///   - checkpoint: where to continue; the first rank's counts, the others pass nil.
  /// - Throws: `LevelCancelled`, and what `run` throws.
  func trainByItself(afterEpochs epochs: Int, from checkpoint: SearchCheckpoint?) throws -> KeptWeights? {
    try communicator.agree(isUsage: { _ in false }) {
      guard communicator.rank == 0, let directory = checkpoints?.directory else { return }
      let found = checkpoint?.state.level?.epochs ?? 0
      if found != epochs { throw TrainingError.otherFiles(directory: directory, expected: epochs, found: found) }
    }
    checkpointer = checkpoints.map {
      Checkpointer(
        $0, every: .seconds(60 * reliability.checkpointMinutes), communicator: communicator, resumed: checkpoint?.path)
    }
    try resume(checkpoint)
    if trainee == nil, let depth = level?.depth { try startLevel(depth, restart: nil) }
    if let trainer = trainee?.trainer { _ = try trainLevel(trainer) }
    return memory.bestOfDepth
  }
}
