// What the next step of a training depends on, of all ranks together: gathered on rank 0, and given back to the ranks.

import MPI
import NeuralNetwork

/// A network in training between two steps.
struct TrainingState: Sendable {
  let architecture: Architecture
  let heads: HeadSelection
  /// Parameters and momenta, which are the same on all ranks.
  let values: [Float]
  let momenta: [Float]
  /// Running statistics by rank; a single entry where all ranks have the same.
  let statistics: [[Float]]
  /// How far the epoch is, by rank.
  let progress: [EpochProgress]
  /// What compressed gradients still owe; nil where they are not compressed.
  let residuals: CompressionResiduals?
  /// The losses of the steps so far, over all ranks.
  let losses: LossMonitor

  /// Steps done in the epoch.
  var step: Int { progress.first?.step ?? 0 }

  /// Whether the losses so far are numbers. What diverges is not worth going back to.
  var isFinite: Bool { progress.allSatisfy { $0.sums.loss.isFinite } }

  /// The same network with its epoch still to be trained.
  var atEpochStart: TrainingState {
    TrainingState(
      architecture: architecture, heads: heads, values: values, momenta: momenta, statistics: statistics,
      progress: progress.map { _ in EpochProgress() }, residuals: residuals, losses: losses)
  }
}

extension DataParallelTrainer {
  /// The state of all ranks on rank 0, nil on the others. Collective.
  /// - Throws: `MPIError`.
  func gatherState(_ progress: EpochProgress) throws -> TrainingState? {
    let own = network.arena.statistics.array
    let gathered = hasLocalStatistics ? try communicator.gatherv(own, to: 0) : [own]
    let sums = [progress.sums.loss, progress.sums.correct, progress.sums.total]
    let residuals = try reducer.compression?.gatherResiduals()
    guard let all = try communicator.gatherv(sums, to: 0), let statistics = gathered, communicator.rank == 0
    else { return nil }
    return TrainingState(
      architecture: network.architecture, heads: network.heads, values: network.arena.values.array,
      momenta: network.arena.momenta.array, statistics: statistics,
      progress: all.map { sums in
        EpochProgress(step: progress.step, sums: AnswerSums(loss: sums[0], correct: sums[1], total: sums[2]))
      }, residuals: residuals, losses: guards.losses)
  }

  /// Puts every rank where rank 0's `state`, of this network's architecture and heads, left it, and returns how far the
  /// epoch is on this rank; the others' argument is ignored. Collective.
  ///
  /// At another number of ranks each starts from the mean of the running statistics, and rank 0 goes on with the sums
  /// of all, and with what compressed gradients owe.
  /// - Throws: `MPIError`.
  func restore(_ state: TrainingState?) throws -> EpochProgress {
    let ranks = communicator.size
    if let state {
      network.arena.values.copy(from: state.values)
      network.arena.momenta.copy(from: state.momenta)
    }
    try communicator.broadcast(network.arena.values.unsafeBuffer, from: 0)
    try communicator.broadcast(network.arena.momenta.unsafeBuffer, from: 0)
    let statistics = state?.statistics(for: ranks, areLocal: hasLocalStatistics)
    network.arena.statistics.copy(from: try communicator.scatterv(statistics, from: 0))
    try reducer.compression?.restoreResiduals(state?.residuals)
    let sums = try communicator.scatterv(state?.sums(for: ranks), from: 0)
    var step = state?.step ?? 0
    try communicator.broadcast(&step, from: 0)
    guards.losses = try communicator.broadcast(state?.losses ?? LossMonitor(), from: 0)
    return EpochProgress(step: step, sums: AnswerSums(loss: sums[0], correct: sums[1], total: sums[2]))
  }
}

extension TrainingState {
  fileprivate func statistics(for ranks: Int, areLocal: Bool) -> [[Float]] {
    if areLocal && statistics.count == ranks { return statistics }
    var mean = [Double](repeating: 0, count: statistics[0].count)
    for own in statistics {
      for i in mean.indices { mean[i] += Double(own[i]) / Double(statistics.count) }
    }
    return Array(repeating: mean.map(Float.init), count: ranks)
  }

  fileprivate func sums(for ranks: Int) -> [[Double]] {
    let own = progress.map { [$0.sums.loss, $0.sums.correct, $0.sums.total] }
    if own.count == ranks { return own }
    let total = own.reduce([0, 0, 0]) { [$0[0] + $1[0], $0[1] + $1[1], $0[2] + $1[2]] }
    return [total] + Array(repeating: [0, 0, 0], count: ranks - 1)
  }
}
