// What can go wrong between ranks, and while training.

import Foundation
import NeuralNetwork

/// Why a distributed training cannot start or go on.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// More ranks than images to share among them, and which images these are.
  case tooManyRanks(ranks: Int, images: Int, of: String)
  /// More threads than a host has cores for them.
  case tooManyThreads(host: String, ranks: Int, threads: Int, cores: Int)
  /// Ranks that need more memory than their host has, or has free.
  case memory(host: String, ranks: Int, MemoryDemand, HostMemory)
  /// Ranks that do not make up whole groups of so many whose batch norm is synchronized.
  case batchNormRanks(Int, ranks: Int)
  /// A batch of so many images over so many ranks that batch norm would have a single value of each channel of the network.
  case singleValue(batch: Int, ranks: Int, Architecture)
  /// Ranks that do not make up so many groups of equal size.
  case groups(Int, ranks: Int)
  /// A part of the data set has no images.
  case noImages(of: String)
  /// The images are not those that the network reads.
  case imageShape(expected: ImageShape, found: ImageShape)
  /// The images have more or fewer classes than the network tells apart.
  case classes(expected: Int, found: Int)
  /// A rank has read other images, labels or classes than another one.
  case otherImages(of: String, than: String)
  /// Loss or gradients are infinite or not a number, or the loss is far too large.
  case diverged(Divergence)
  /// Ranks whose weights differ from those of most ranks although all must be equal.
  case ranksDisagree(ranks: [Int])
  /// A checkpoint is of a search in another network, or in fewer levels of it.
  case otherNetwork(file: String, expected: Architecture, found: Architecture)
  /// A checkpoint is of a search by groups of ranks, or is not, other than this one.
  case otherGroups(file: String, groups: Int)
  /// A group does not find the checkpoint of a level that rank 0 has seen: one after so many epochs of it.
  case otherFiles(directory: String, expected: Int, found: Int)
  /// The search was told to stop, and has; the newest checkpoint, if there is any.
  case stopped(checkpoint: String?)
  /// A step that all ranks take failed on one of them.
  case rankFailed(rank: Int, reason: String, isUsage: Bool)

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .tooManyRanks(let ranks, let images, let part):
      "\(ranks) ranks cannot share \(images) \(part): start as many ranks as there are images, or fewer"
    case .tooManyThreads(let host, let ranks, let threads, let cores):
      """
      \(host): \(ranks) \(ranks == 1 ? "rank" : "ranks") of \(threads) threads each cannot run at once on \(cores) \
      \(cores == 1 ? "core" : "cores"): lower training.threads or leave it out, start fewer ranks, let mpirun bind them to \
      more cores, or set training.oversubscribe=true to let threads take turns
      """
    case .memory(let host, let ranks, let demand, let memory):
      """
      \(host): \(ranks) \(ranks == 1 ? "rank needs" : "ranks need") \(Self.gigabytes(demand.onHost(ranks: ranks))) GB of \
      memory, \(Self.gigabytes(demand.perRank)) GB each and \(Self.gigabytes(demand.perHost)) GB together; \
      \(demand.onHost(ranks: ranks) > memory.total
        ? "the host has, or its control group allows, \(Self.gigabytes(memory.total)) GB"
        : "of \(Self.gigabytes(memory.total)) GB, \(Self.gigabytes(memory.available)) GB are free"): start fewer ranks on \
      the host, or lower training.batchSize, network.width or search.maximumDepth
      """
    case .batchNormRanks(let size, let ranks):
      "\(ranks) \(ranks == 1 ? "rank does" : "ranks do") not make up groups of \(size) with synchronized batch norm: set "
        + "training.batchNormRanks to a divisor of the number of ranks, or leave it out"
    case .singleValue(let batch, let ranks, let network):
      """
      batch norm cannot learn from a single value of each channel, and that is what a batch of \(batch) \
      \(batch == 1 ? "image" : "images") over \(ranks) \(ranks == 1 ? "rank" : "ranks") leaves \(network.name), whose maps \
      of \(network.input) images are 1x1 \(network.firstDepthOfSinglePixels.map { "from depth \($0) on" } ?? "at last"): \
      raise training.batchSize, lower search.maximumDepth, set network.stemStride to 1, or leave training.batchNorm automatic
      """
    case .groups(let groups, let ranks):
      "\(ranks) \(ranks == 1 ? "rank does" : "ranks do") not make up \(groups) groups of equal size: set search.groups to "
        + "a divisor of the number of ranks"
    case .noImages(let part): "the \(part) part of the data set has no images: it needs one at least"
    case .imageShape(let expected, let found):
      "the network reads images of \(expected), the data set has \(found): choose the data set it was made for"
    case .classes(let expected, let found):
      "the network tells \(expected) classes apart, the data set has \(found): choose the data set it was made for"
    case .otherImages(let rank, let other):
      "\(rank) has read other images or labels than \(other): give all hosts the same files in dataset.directory, "
        + "dataset.file or ODN_DATA"
    case .diverged:
      "\(reason): lower training.learningRate or warmUp.learningRate, or let reliability.onDivergence be rollback"
    case .ranksDisagree:
      "\(reason), which must not happen: check that all hosts run the same program and library versions, and their memory"
    case .otherNetwork(let file, let expected, let found):
      "\(file): expected a search in \(Self.name(expected)), found one in \(Self.name(found)): continue with the "
        + "configuration of that run, or search anew in another --output"
    case .otherGroups(let file, let groups):
      "\(file) is of a search \(groups > 1 ? "whose levels were trained one after the other" : "by groups of ranks"): "
        + "continue with the search.groups of that run, or search anew in another --output"
    case .otherFiles(let directory, let expected, let found):
      "\(directory): expected a checkpoint after \(expected) epochs, as rank 0 sees one, found one after \(found): let all "
        + "hosts share the run's directory"
    case .stopped(let checkpoint?): "stopped as told; \(checkpoint) is where --resume continues"
    case .stopped(nil): "stopped as told; no checkpoint could be written, so --resume auto begins anew"
    case .rankFailed(let rank, let reason, _): rank == 0 ? reason : "rank \(rank): \(reason)"
    }
  }

  /// What happened, without what to do.
  var reason: String {
    switch self {
    case .diverged(let divergence): "\(divergence)"
    case .ranksDisagree(let ranks):
      "the weights of \(ranks.count == 1 ? "rank" : "ranks") \(ranks.map(String.init).joined(separator: ", ")) differ "
        + "from the others'"
    default: description
    }
  }

  /// The same error where its ranks are those of a group, which begins with the rank `first` of all.
  func inWorld(firstRank first: Int) -> TrainingError {
    switch self {
    case .diverged(var divergence):
      divergence.origin?.rank? += first
      return .diverged(divergence)
    case .ranksDisagree(let ranks): return .ranksDisagree(ranks: ranks.map { $0 + first })
    case .rankFailed(let rank, let reason, let isUsage):
      return .rankFailed(rank: rank + first, reason: reason, isUsage: isUsage)
    default: return self
    }
  }

  private static func gigabytes(_ bytes: Int) -> String { String(format: "%.1f", Double(bytes) / 1e9) }

  private static func name(_ network: Architecture) -> String {
    "\(network.name) up to depth \(network.depth) with \(network.classes) classes and \(network.input) images"
  }

  /// Whether the user asked for something impossible, as opposed to something that failed.
  public var isUsage: Bool {
    switch self {
    case .tooManyRanks, .tooManyThreads, .memory, .batchNormRanks, .singleValue, .groups, .noImages, .imageShape,
      .classes, .otherNetwork, .otherGroups:
      true
    case .rankFailed(_, _, let isUsage): isUsage
    case .otherImages, .diverged, .ranksDisagree, .otherFiles, .stopped: false
    }
  }
}

extension Architecture {
  /// The shallowest depth whose last map is a single pixel; nil if there is none.
  fileprivate var firstDepthOfSinglePixels: Int? {
    blocks.first { $0.output.height * $0.output.width == 1 }?.index
  }
}
