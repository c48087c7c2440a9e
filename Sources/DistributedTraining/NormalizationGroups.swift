// Which ranks normalize a batch together. It is decided here alone, for training, plans and what a run says about itself.

import Datasets
import DepthSearch
import MPI
import NeuralNetwork

/// The ranks that train a network, in groups of neighbours. Batch norm takes its statistics over a group's share of a batch.
public struct NormalizationGroups: Codable, Equatable, Sendable {
  /// Images over which `automatic` takes statistics at least, if a batch has as many.
  public static let automaticImages = 32
  /// Below so many images the noise of the statistics costs accuracy.
  public static let fewestImages = BatchDivision.fewestImages

  /// Ranks that train the network.
  public let ranks: Int
  /// Ranks of a group, a divisor of `ranks`.
  public let size: Int
  /// Images of a whole batch in a group, at least.
  public let images: Int
  /// Whether a batch of too few images for each group is normalized over all ranks.
  let isAutomatic: Bool

  /// The groups that the options ask for.
  ///
  /// With `automatic` a group is the smallest divisor of `ranks` with ⌊batch / ranks⌋·size ≥ 32 images, of those that keep
  /// each group on one host, if there are any. Where no divisor has as many images, all ranks are one group.
  ///
  /// - Parameters:
  ///   - ranks: those that train a network, from 1 to the images of a batch.
  ///   - hosts: the host of each rank of the run, in the order of the ranks; empty where all are on one.
  /// - Throws: `TrainingError.batchNormRanks` if the ranks do not make up whole groups.
  public init(_ options: TrainingOptions, ranks: Int, hosts: [Int] = []) throws(TrainingError) {
    self.ranks = ranks
    isAutomatic = options.batchNorm == .automatic
    switch options.batchNorm {
    case .local: size = 1
    case .synchronized:
      size = options.batchNormRanks ?? ranks
      guard size >= 1, ranks.isMultiple(of: size) else { throw .batchNormRanks(size, ranks: ranks) }
    case .automatic:
      let share = options.batchSize / ranks
      let sizes = (1...ranks).lazy.filter { ranks.isMultiple(of: $0) && share * $0 >= Self.automaticImages }
      size = sizes.first { Self.stayOnOneHost(ofSize: $0, hosts) } ?? sizes.first ?? ranks
    }
    images = options.batchSize / (ranks / size)
  }

  /// Whether no group of so many neighbours is on several hosts.
  private static func stayOnOneHost(ofSize size: Int, _ hosts: [Int]) -> Bool {
    hosts.indices.allSatisfy { hosts[$0] == hosts[$0 / size * size] }
  }

  /// Whether a batch of so many images is normalized over all ranks: with `automatic`, one that leaves a group too few.
  public func normalizesTogether(batchOf images: Int) -> Bool {
    size == ranks || (isAutomatic && images / (ranks / size) < Self.fewestImages)
  }

  /// The fewest images over which statistics are taken in a batch of `images`, ranks without any excepted.
  func fewestImages(inBatchOf images: Int) -> Int {
    normalizesTogether(batchOf: images) ? images : max(images / (ranks / size), min(images, 1))
  }
}

extension NormalizationGroups {
  /// Whether they can be groups that `init` made.
  var isSound: Bool { (1...ranks).contains(size) && ranks.isMultiple(of: size) && images >= 1 }
}

extension NormalizationGroups: CustomStringConvertible {
  /// For example `batch norm over 2 ranks (32 images)`.
  public var description: String {
    "batch norm over \(size) \(size == 1 ? "rank" : "ranks") (\(images) \(images == 1 ? "image" : "images"))"
  }
}

/// How the ranks of a search share its batches, and whether that makes sense.
public struct BatchSharing: Codable, Equatable, Sendable {
  /// Below so many images per rank and step, most of a step is communication, and shares of a batch are very uneven.
  public static let fewestImagesPerRank = 4

  /// The ranks that train one depth: all, or those of a group.
  public let depths: NormalizationGroups
  /// All ranks, which train the warm-up; nil without one.
  public let warmUp: NormalizationGroups?
  /// Images per step.
  private let batchSize: Int

  /// - Parameters:
  ///   - ranks: all ranks of the search.
  ///   - network: the deepest one of the search.
  ///   - trainImages: images of an epoch.
  ///   - hosts: as `NormalizationGroups`'.
  /// - Throws: `TrainingError.tooManyRanks`, `groups`, `batchNormRanks`; `singleValue` where batch norm would have a single
  ///   value of each channel to normalize.
  public init(
    ranks: Int, _ network: Architecture, trainImages: Int, search: SearchOptions, warmUp: WarmUpOptions,
    training: TrainingOptions, hosts: [Int] = []
  ) throws(TrainingError) {
    let shared = [(trainImages, "training images"), (training.batchSize, "images of a batch (training.batchSize)")]
    for (images, part) in shared where ranks > images {
      throw .tooManyRanks(ranks: ranks, images: images, of: part)
    }
    batchSize = training.batchSize
    depths = try NormalizationGroups(training, ranks: try search.ranksPerGroup(of: ranks), hosts: hosts)
    self.warmUp = warmUp.epochs > 0 ? try NormalizationGroups(training, ranks: ranks, hosts: hosts) : nil

    guard let smallest = network.smallestMap, smallest.height * smallest.width == 1 else { return }
    let division = BatchDivision(images: trainImages, batchSize: training.batchSize)
    for groups in [depths, self.warmUp].compactMap(\.self) {
      for images in [min(batchSize, trainImages), division.last]
      where groups.fewestImages(inBatchOf: images) == 1 {
        throw .singleValue(batch: images, ranks: groups.ranks, network)
      }
    }
  }

  /// What costs speed or accuracy about it, in sentences for whoever started the search.
  public var warnings: [String] {
    var warnings: [String] = []
    for groups in [depths, warmUp].compactMap(\.self) where groups.ranks > 1 {
      let share = batchSize / groups.ranks
      if share < Self.fewestImagesPerRank {
        warnings.append(
          """
          \(groups.ranks) ranks share batches of \(batchSize) images, which leaves a rank \(share): with fewer than \
          \(Self.fewestImagesPerRank), communication takes most of a step: start fewer ranks, or raise training.batchSize
          """)
      }
      if !groups.isAutomatic, groups.size < groups.ranks, groups.images < NormalizationGroups.fewestImages {
        warnings.append(
          """
          \(groups): with fewer than \(NormalizationGroups.fewestImages) images the network learns less: set \
          training.batchNorm to automatic, or raise training.batchSize
          """)
      }
    }
    return warnings.enumerated().filter { !warnings[..<$0.offset].contains($0.element) }.map(\.element)
  }
}

extension BatchSharing: CustomStringConvertible {
  /// For example `batch norm over 2 ranks (32 images), in the warm-up over 4`.
  public var description: String {
    guard let warmUp, warmUp != depths else { return "\(depths)" }
    return "\(depths), in the warm-up over \(warmUp.size)"
  }
}

extension Architecture {
  /// The smallest map that batch norm sees.
  fileprivate var smallestMap: ImageShape? {
    convolutions.map(\.output).min { $0.height * $0.width < $1.height * $1.width }
  }
}

extension Communicator {
  /// A number for the host of each rank, the same for ranks that share memory. Collective.
  /// - Throws: `MPIError`.
  public func hosts() throws -> [Int] {
    let host = try splitSharedMemory()
    // Names may be the same on several hosts; the rank of the first of their ranks is not.
    var number = rank
    try host.broadcast(&number, from: 0)
    return try allgather(number)
  }
}
