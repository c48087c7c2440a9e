// How learning rates follow from the size of a batch, and how they rise when a network's training begins. Which rate an
// epoch has is the warm-up's and the search policy's part.

extension TrainingOptions {
  /// What all learning rates are multiplied by: with linear scaling batchSize/baseBatch (Goyal et al., 2017,
  /// arXiv:1706.02677), which keeps the change by an image the same, else 1.
  public var rateFactor: Double {
    switch scaling {
    case .none: 1
    case .linear: Double(batchSize) / Double(baseBatch)
    }
  }

  /// The share of an epoch's rate that a step of it takes: over the first `rampEpochs` epochs of the warm-up and of each
  /// level it rises by equal steps to 1, as large rates demand of networks that have not learned anything yet (Goyal et
  /// al., 2017).
  ///
  /// - Parameters:
  ///   - epoch: epochs of the warm-up, or of the level, that are done.
  ///   - step: steps of this epoch that are done.
  ///   - stepsPerEpoch: steps that an epoch has.
  public func rampFactor(epoch: Int, step: Int, stepsPerEpoch: Int) -> Double {
    guard epoch < rampEpochs else { return 1 }
    return Double(epoch * stepsPerEpoch + step + 1) / Double(rampEpochs * stepsPerEpoch)
  }
}
