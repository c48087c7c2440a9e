// Sums over the epochs of each depth.

import NeuralNetwork

extension RunRecord {
  /// What a depth came to.
  struct Depth {
    let network: Architecture
    let epochs: [Epoch]

    var depth: Int { network.depth }
    /// The validation accuracy of the weights that were kept, in percent.
    var accuracy: Double { epochs.last { $0.decision.keepsWeights }?.validationAccuracy ?? 0 }
    var trainingSeconds: Double { epochs.reduce(0) { $0 + $1.training.trainingSeconds } }
    var validationSeconds: Double { epochs.reduce(0) { $0 + $1.training.validationSeconds } }
    var waitingSeconds: Double {
      epochs.reduce(0) { $0 + min($1.training.waitingSeconds, $1.training.trainingSeconds) }
    }
    var seconds: Double { trainingSeconds + validationSeconds }
    /// Images per second over all ranks, over all epochs.
    var imagesPerSecond: Double {
      let images = epochs.reduce(0) { $0 + $1.training.imagesPerSecond * $1.training.trainingSeconds }
      return trainingSeconds > 0 ? images / trainingSeconds : 0
    }
    var bytesPerStep: Int { epochs.last?.training.allreduceBytesPerStep ?? 0 }
  }

  /// The depths trained, in the order in which the search came to them.
  var depths: [Depth] {
    var depths: [Int] = []
    for epoch in epochs where depths.last != epoch.training.depth { depths.append(epoch.training.depth) }
    return depths.compactMap { depth in
      (try? plan.largest.withDepth(depth)).map { network in
        Depth(network: network, epochs: epochs.filter { $0.training.depth == depth })
      }
    }
  }

  /// The first epoch of each depth but the first.
  var growths: [(epoch: Int, depth: Int)] {
    zip(epochs, epochs.dropFirst()).filter { $0.training.depth != $1.training.depth }.map {
      ($1.training.epoch, $1.training.depth)
    }
  }

  /// The network found, or as far as it is known.
  var network: Architecture {
    let depth = epochs.last?.training.depth ?? plan.largest.depth
    return result?.architecture ?? (try? plan.largest.withDepth(depth)) ?? plan.largest
  }

  /// The ranks that trained together, at last.
  var ranks: Int { result?.ranks ?? layout?.ranks ?? plan.ranks }

  /// The whole network, cut nowhere.
  var whole: Architecture { (try? plan.largest.withDepth(plan.largest.family.maximumDepth)) ?? plan.largest }

  /// The last part of the path.
  var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}
