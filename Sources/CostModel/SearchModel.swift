// How long a whole search takes, and how many ranks are worth it.

import Datasets
import NeuralNetwork

/// A search, in as far as its time depends on it. How many epochs it spends at a depth, and at which depth it ends, only
/// the search itself finds out: the epochs are an assumption, and times are given for each depth that it may end at.
public struct SearchWorkload: Codable, Equatable, Sendable {
  /// The network at the deepest level.
  public var architecture: Architecture
  /// The levels, in the order of the search.
  public var depths: ClosedRange<Int>
  /// Images per step of all ranks.
  public var batch: Int
  /// Images of an epoch.
  public var trainingImages: Int
  /// Images that are classified after it.
  public var validationImages: Int
  /// Epochs that train all levels together.
  public var warmUpEpochs: Int
  /// Epochs assumed for each depth.
  public var epochsPerDepth: Double

  /// A search.
  public init(
    architecture: Architecture, depths: ClosedRange<Int>, batch: Int, trainingImages: Int, validationImages: Int,
    warmUpEpochs: Int, epochsPerDepth: Double
  ) {
    self.architecture = architecture
    self.depths = depths
    self.batch = batch
    self.trainingImages = trainingImages
    self.validationImages = validationImages
    self.warmUpEpochs = warmUpEpochs
    self.epochsPerDepth = epochsPerDepth
  }

  /// Epochs per unit of patience that the published searches spent at a depth: 80 in the mean of thirteen depths (MNIST,
  /// Fashion-MNIST and SVHN), with a patience of 23.
  public static let publishedEpochsPerPatience = 80.0 / 23
}

/// What a search takes on a number of ranks.
public struct SearchForecast: Codable, Equatable, Sendable {
  /// The level of one depth.
  public struct Level: Codable, Equatable, Sendable {
    /// The depth.
    public let depth: Int
    /// A step on a whole batch.
    public let time: StepTime
    /// Images per second of all ranks.
    public let imagesPerSecond: Double
    /// That, as a share of one rank's times the number of ranks.
    public let efficiency: Double
    /// Seconds of an epoch, with its validation.
    public let epoch: Double
    /// Seconds from the start of the search to its end, if it ends here.
    public let searchUntilHere: Double
  }

  /// The ranks that train a level.
  public let ranks: Int
  /// Images per step of the rank with most.
  public let imagesPerRank: Int
  /// Seconds of the warm-up.
  public let warmUp: Double
  /// The levels, first to last.
  public let levels: [Level]
  /// The time of the search to the last level on one rank, as a share of this one's times the number of ranks.
  public let efficiency: Double

  /// Seconds of the search, if it goes on to the last level.
  public var longestSearch: Double { levels.last?.searchUntilHere ?? warmUp }
}

/// Predicts one search on any number of ranks.
public struct SearchModel: Sendable {
  /// Below this share of what ranks could do alone, more of them are not worth it.
  public static let leastEfficiency = 0.5

  private let workload: SearchWorkload
  private let steps: StepModel
  private let alone: Times

  /// - Throws: `CostModelError.unmeasured`.
  public init(_ workload: SearchWorkload, _ model: StepModel) throws(CostModelError) {
    self.workload = workload
    steps = model
    alone = try Times(workload, model, ranks: 1)
  }

  /// The search on `ranks` ranks.
  /// - Parameter warmUpRanks: the ranks of the warm-up, where levels are trained by groups of them; nil is `ranks`.
  /// - Throws: `CostModelError.tooManyRanks` beyond one image for each.
  public func forecast(ranks: Int, warmUpRanks: Int? = nil) throws(CostModelError) -> SearchForecast {
    let times = try Times(workload, steps, ranks: ranks, warmUpRanks: warmUpRanks)
    var until = times.warmUp
    let levels = workload.depths.enumerated().map { index, depth in
      until += workload.epochsPerDepth * times.epochs[index]
      return SearchForecast.Level(
        depth: depth, time: times.steps[index], imagesPerSecond: Double(workload.batch) / times.steps[index].step,
        efficiency: alone.steps[index].step / (Double(ranks) * times.steps[index].step), epoch: times.epochs[index],
        searchUntilHere: until)
    }
    return SearchForecast(
      ranks: ranks, imagesPerRank: (workload.batch + ranks - 1) / ranks, warmUp: times.warmUp, levels: levels,
      efficiency: alone.search(workload) / (Double(ranks) * times.search(workload)))
  }

  /// 1, 2, 4, … ranks, up to `limit` and to one image for each.
  public func powersOfTwo(upTo limit: Int) -> [Int] {
    Array(sequence(first: 1) { $0 * 2 }.prefix { $0 <= min(limit, workload.batch) })
  }

  /// The most ranks on which the search keeps `leastEfficiency`; nil if no number of ranks will do.
  ///
  /// - Parameter isSound: whether a search would take so many ranks without a word. Of the numbers that leave the fullest
  ///   rank as many images, the smallest one that is sound counts: more ranks would not spare it an image.
  /// - Throws: `CostModelError.unmeasured`.
  public func worthwhileRanks(where isSound: (Int) -> Bool = { _ in true }) throws(CostModelError) -> Int? {
    var best: Int?
    let firsts = Set((1...workload.batch).map { (workload.batch + $0 - 1) / $0 }).sorted(by: >)
      .map { (workload.batch + $0 - 1) / $0 }
    for (index, first) in firsts.enumerated() {
      let next = index + 1 < firsts.count ? firsts[index + 1] : workload.batch + 1
      guard let ranks = (first..<max(next, first + 1)).first(where: isSound) else { continue }
      if try forecast(ranks: ranks).efficiency >= Self.leastEfficiency { best = max(best ?? 0, ranks) }
    }
    return best
  }

  /// Steps and epochs of a search.
  private struct Times {
    var warmUp = 0.0
    var steps: [StepTime] = []
    var epochs: [Double] = []

    init(
      _ workload: SearchWorkload, _ model: StepModel, ranks: Int, warmUpRanks: Int? = nil
    ) throws(CostModelError) {
      let division = BatchDivision(images: workload.trainingImages, batchSize: workload.batch)
      let share = (workload.batch + ranks - 1) / ranks
      func training(
        _ network: Architecture, _ step: StepTime, _ heads: HeadSelection, _ ranks: Int
      ) throws(CostModelError) -> Double {
        guard division.last != workload.batch else { return Double(division.count) * step.step }
        return Double(division.count - 1) * step.step
          + (try model.shortTime(network, heads: heads, images: division.last, ranks: ranks).step)
      }
      func validation(_ network: Architecture) throws(CostModelError) -> Double {
        Double(workload.validationImages) / Double(share * ranks) * (try model.forwardTime(network, images: share))
      }
      for depth in workload.depths {
        var network = workload.architecture
        network.depth = depth
        let step = try model.time(network, images: workload.batch, ranks: ranks)
        steps.append(step)
        epochs.append(try training(network, step, .deepest, ranks) + validation(network))
      }
      if workload.warmUpEpochs > 0 {
        let ranks = warmUpRanks ?? ranks
        let step = try model.time(workload.architecture, heads: .all, images: workload.batch, ranks: ranks)
        warmUp = Double(workload.warmUpEpochs) * (try training(workload.architecture, step, .all, ranks))
      }
    }

    /// Seconds until the end of the last level.
    func search(_ workload: SearchWorkload) -> Double {
      warmUp + workload.epochsPerDepth * epochs.reduce(0, +)
    }
  }
}
