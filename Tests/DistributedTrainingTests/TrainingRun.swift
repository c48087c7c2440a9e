// A short training from fixed initial weights, and what two of them are compared by.

import Datasets
import DistributedTraining
import MPI
import NeuralNetwork

/// What some epochs of training came to.
struct TrainingRun {
  /// After each step, the mean loss of the epoch so far over the images of all ranks.
  let losses: [Double]
  /// Each epoch's totals.
  let totals: [EpochTotals]
  /// The gradient of the last step, summed over the ranks.
  let gradient: [Float]
  /// The weights at the end.
  let weights: NetworkWeights
  /// Their digest.
  let digest: UInt64

  /// Trains on all ranks of `communicator`, which all get the same run. Collective.
  init(
    _ architecture: Architecture, heads: HeadSelection = .deepest, data: DatasetSplits, communicator: Communicator,
    options: TrainingOptions, communication: CommunicationOptions = CommunicationOptions(), epochs: Int
  ) throws {
    let trainer = try DataParallelTrainer(
      architecture, heads: heads, data: data, communicator: communicator, options: options,
      communication: communication)
    let isRoot = communicator.rank == 0
    try trainer.broadcast(isRoot ? .initial(architecture, heads: heads, seed: options.seed) : nil, from: 0)
    var losses: [Double] = []
    var totals: [EpochTotals] = []
    for epoch in 0..<epochs {
      let shares = ShardedBatches(
        EpochPermutation(count: data.train.count, seed: options.seed, epoch: epoch), batchSize: options.batchSize,
        rank: communicator.rank, ranks: communicator.size)
      var images = 0
      let epochTotals = try trainer.trainEpoch(epoch, learningRate: options.learningRate) { done in
        images += shares[done.step - 1].count
        let sums = try communicator.allreduce([done.meanLoss * Double(images), Double(images)], .sum)
        losses.append(sums[0] / sums[1])
      }
      totals.append(epochTotals)
    }
    self.losses = losses
    self.totals = totals
    gradient = trainer.network.arena.gradients.array
    weights = trainer.network.weights
    digest = trainer.network.arena.digest
  }
}

extension DataParallelTrainer {
  /// Trains epochs 0..<`count` from `weights`, which all ranks pass.
  func trainEpochs(_ count: Int, from weights: NetworkWeights, learningRate: Double) throws -> [EpochTotals] {
    network.weights = weights
    return try (0..<count).map { try trainEpoch($0, learningRate: learningRate) { _ in } }
  }
}

/// ‖a − b‖ / ‖b‖.
func relativeDistance(_ a: [Float], _ b: [Float]) -> Double {
  precondition(a.count == b.count)
  let difference = zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
  let norm = b.reduce(0) { $0 + Double($1) * Double($1) }
  return (difference / norm).squareRoot()
}
