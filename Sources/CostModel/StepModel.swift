// How long a data-parallel step takes: the kernels of a rank's share, and what of the sums they do not cover.

import DistributedTraining
import NeuralNetwork

/// What a step takes, in seconds.
public struct StepTime: Codable, Equatable, Sendable {
  /// The kernels of the rank with the largest share.
  public let compute: Double
  /// All exchanges between ranks.
  public let communication: Double
  /// What of them lengthens the step: sums that ranks wait for, and what hidden ones take of the processors.
  public let exposed: Double

  /// The whole step.
  public var step: Double { compute + exposed }
}

/// Predicts steps from the times of kernels and the numbers of a network.
///
/// Ranks are alike and never wait for a slower one. Buckets travel one after the other, each from when the backward pass
/// has completed it if sums overlap, else after the pass. A loss is summed before each update, and nothing hides that.
public struct StepModel: Sendable {
  /// Kernels of a rank.
  public let costs: KernelCosts
  /// What is between the ranks.
  public let network: NetworkModel
  /// As `MeasuredNetwork.interference`.
  public let interference: Double
  /// How gradients are summed; `automatic` counts as overlapped.
  public let communication: CommunicationOptions
  /// How training is set: which ranks normalize a batch together follows from it.
  public let training: TrainingOptions

  /// A model of such ranks.
  public init(
    costs: KernelCosts, network: NetworkModel, interference: Double = 0,
    communication: CommunicationOptions = CommunicationOptions(),
    training: TrainingOptions = TrainingOptions(batchNorm: .local)
  ) {
    self.costs = costs
    self.network = network
    self.interference = interference
    self.communication = communication
    self.training = training
  }

  /// A step of `ranks` ranks on a batch of `images` images, as even shares as possible.
  ///
  /// - Throws: `CostModelError.tooManyRanks` where a rank would have no image, `CostModelError.unmeasured`.
  public func time(
    _ architecture: Architecture, heads: HeadSelection = .deepest, images: Int, ranks: Int
  ) throws(CostModelError) -> StepTime {
    guard ranks <= images else { throw .tooManyRanks(ranks, batch: images) }
    return try shortTime(architecture, heads: heads, images: images, ranks: ranks)
  }

  /// The same of a last batch, of which some ranks may have no image.
  func shortTime(
    _ architecture: Architecture, heads: HeadSelection, images: Int, ranks: Int
  ) throws(CostModelError) -> StepTime {
    let step = TrainingStep(architecture, heads: heads, images: (images + ranks - 1) / ranks)
    var backward: [(seconds: Double, completed: Int)] = []
    for part in step.backward { backward.append((try costs.seconds(part.calls), part.completed)) }
    let compute =
      try costs.seconds(step.forward) + backward.reduce(0) { $0 + $1.seconds } + costs.seconds(step.update)
    let sums = gradientSums(NetworkLayout(architecture, heads: heads), ranks: ranks)
    let hidden = communication.mode == .blocking ? 0 : Self.hidden(sums, behind: backward)
    let others = network.allreduce(bytes: 16, ranks: ranks) + statistics(architecture, images: images, ranks: ranks)
    let all = sums.reduce(0) { $0 + $1.seconds }
    return StepTime(
      compute: compute, communication: all + others, exposed: all - (1 - interference) * hidden + others)
  }

  /// Seconds of a forward pass over `images` images, an upper bound for classifying them.
  /// - Throws: `CostModelError.unmeasured`.
  public func forwardTime(_ architecture: Architecture, images: Int) throws(CostModelError) -> Double {
    try costs.seconds(TrainingStep(architecture, heads: .deepest, images: images).forward)
  }

  /// The sum of a bucket that ends at `end` in the gradient arena.
  typealias GradientSum = (end: Int, seconds: Double)

  private func gradientSums(_ layout: NetworkLayout, ranks: Int) -> [GradientSum] {
    GradientBuckets(runs: layout.parameterRuns, megabytes: communication.bucketMegabytes).ranges.map { range in
      switch communication.compression {
      case .none: (range.upperBound, network.allreduce(bytes: 4 * range.count, ranks: ranks))
      case .bf16: (range.upperBound, network.allreduce(bytes: 2 * range.count, ranks: ranks, .pairwise))
      }
    }
  }

  /// How much of the sums' time lies before the end of the backward pass.
  private static func hidden(_ sums: [GradientSum], behind backward: [(seconds: Double, completed: Int)]) -> Double {
    var (now, part, free, total) = (0.0, 0, 0.0, 0.0)
    for sum in sums {
      while part < backward.count, part == 0 || backward[part - 1].completed < sum.end {
        now += backward[part].seconds
        part += 1
      }
      free = max(free, now) + sum.seconds
      total += sum.seconds
    }
    let end = backward.reduce(0) { $0 + $1.seconds }
    return total - max(free - end, 0)
  }

  /// Batch norm's allreduces: for each channel two numbers in the forward and two in the backward pass, in double precision.
  private func statistics(_ architecture: Architecture, images: Int, ranks: Int) -> Double {
    // Ranks that do not make up whole groups cannot train: their time is only compared with.
    guard let groups = try? NormalizationGroups(training, ranks: ranks) else { return 0 }
    let group = groups.normalizesTogether(batchOf: images) ? ranks : groups.size
    return architecture.convolutions.reduce(0) {
      $0 + 2 * network.allreduce(bytes: 16 * $1.outputChannels, ranks: group)
    }
  }
}
