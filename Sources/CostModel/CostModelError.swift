// Why times cannot be predicted.

/// Why times cannot be predicted.
public enum CostModelError: Error, Equatable, CustomStringConvertible {
  /// A network cannot be described by a latency and a bandwidth.
  case unfit(String)
  /// Measured numbers that cannot be.
  case wrong(String)
  /// A kernel that the network needs has not been measured.
  case unmeasured(String)
  /// Kernels that keep no record of their times.
  case unprofiled
  /// More ranks than a batch has images.
  case tooManyRanks(Int, batch: Int)
  /// A file that holds no measured times, or wrong ones.
  case file(String, String)

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .unfit(let reason): "the network's latency and bandwidth cannot be told from what was measured: \(reason)"
    case .wrong(let reason): "measured numbers are wrong: \(reason); run odn calibrate anew"
    case .unmeasured(let kernel):
      "there is no measured time of '\(kernel)': run odn calibrate with this network and its images"
    case .unprofiled: "the reference kernels are not for searches: measure with --set training.kernels=fast"
    case .tooManyRanks(let ranks, let batch):
      """
      \(ranks) ranks cannot share batches of \(batch) images: plan at most \(batch) ranks, or raise training.batchSize
      """
    case .file(let path, let reason): "\(path): \(reason)"
    }
  }
}
