// How much memory a search takes, before it takes any.

import Datasets
import DepthSearch
import Foundation
import MPI
import NeuralNetwork

/// The memory that a search needs on a host.
public struct MemoryDemand: Codable, Equatable, Sendable {
  /// Bytes of the rank that needs most: its networks, batches, and the process itself.
  public let perRank: Int
  /// Bytes that ranks of a host need together: the images, which they share, and the weights that rank 0 keeps.
  public let perHost: Int

  /// What a rank takes beside networks and batches: the program, its libraries and the buffers of MPI.
  static let process = 80_000_000

  /// - Parameters:
  ///   - perRank: bytes of a rank's networks and batches.
  ///   - perHost: bytes of what ranks of a host share.
  public init(perRank: Int, perHost: Int) {
    self.perRank = perRank + Self.process
    self.perHost = perHost
  }

  /// What a search of all depths of `largest` needs.
  ///
  /// - Parameters:
  ///   - largest: the deepest network that it may train.
  ///   - data: its images.
  ///   - trainImages: images of an epoch.
  ///   - ranks: all ranks, those of every group.
  ///   - threads: threads of a rank.
  public init(
    _ largest: Architecture, data: DatasetFacts, trainImages: Int, search: SearchOptions, warmUp: WarmUpOptions,
    training: TrainingOptions, communication: CommunicationOptions, ranks: Int, threads: Int
  ) {
    let group = max(1, ranks / search.groups)
    func bytes(_ heads: HeadSelection, _ ranks: Int) -> Int {
      Self.training(
        largest, heads: heads, trainImages: trainImages, training: training, communication: communication,
        ranks: ranks, threads: threads)
    }
    let depths = bytes(.deepest, group)
    let images = (data.trainingCount + data.testCount) * data.height * data.width * data.channels
    // Those of the joint warm-up, and the best of three depths.
    let kept = 4 * NetworkLayout(largest, heads: .all).parameterFloats * MemoryLayout<Float>.stride
    self.init(perRank: warmUp.epochs > 0 ? max(depths, bytes(.all, ranks)) : depths, perHost: images + kept)
  }

  /// Bytes of a rank's networks and batches while `ranks` ranks train `architecture`: the same as `DataParallelTrainer.bytes`
  /// on the rank with most images, but for rounding. Nothing is written to, so that no memory is taken.
  public static func training(
    _ architecture: Architecture, heads: HeadSelection, trainImages: Int, training: TrainingOptions,
    communication: CommunicationOptions, ranks: Int, threads: Int
  ) -> Int {
    let batch = BatchDivision(images: trainImages, batchSize: training.batchSize).largest
    let capacity = (max(batch, 1) + ranks - 1) / ranks
    let kernels = training.kernels.kernels(threads: threads, engine: training.matrixEngine)
    let network = DepthNetwork(architecture, heads: heads, batchCapacity: capacity, kernels: kernels)
    let evaluated = InferenceNetwork(architecture, heads: heads, batchCapacity: capacity, kernels: kernels)
    let batches = 2 * capacity * (architecture.input.count * MemoryLayout<Float>.stride + MemoryLayout<Int32>.stride)
    let parameters = NetworkLayout(architecture, heads: heads).parameterFloats
    let sums = ranks > 1 && communication.compression == .bf16 ? CompressedSummation.bytes(parameters, ranks: ranks) : 0
    return network.bytes + evaluated.bytes + batches + sums
  }

  /// Bytes of `ranks` ranks on one host.
  public func onHost(ranks: Int) -> Int { ranks * perRank + perHost }

  /// The most ranks that fit into a host's memory; 0 if not even one does.
  public func ranks(on memory: HostMemory) -> Int { max(0, memory.total - perHost) / perRank }

  /// Compares it with the memory of the hosts that the ranks are on. Collective; on rank 0 only, it is not nil.
  ///
  /// - Returns: on rank 0, a warning for each host that has less memory free than its ranks need.
  /// - Throws: on every rank `TrainingError.memory` for a host that has less than its ranks need; `MPIError`.
  public static func check(_ demand: MemoryDemand?, on layout: RunLayout, _ world: Communicator) throws -> [String] {
    let hosts = try world.hosts()
    let memories = try world.gatherCodable(HostMemory.ofProcess, to: 0)
    return try world.agree(isUsage: { _ in true }) {
      guard let demand, let memories else { return [] }
      var firsts: [Int] = []
      for (rank, host) in hosts.enumerated() where rank == hosts.firstIndex(of: host) { firsts.append(rank) }
      return try zip(layout.hosts, firsts).compactMap { host, first in
        guard let memory = memories[first] else { return nil }
        return try demand.check(host.name, ranks: host.ranks, memory)
      }
    }
  }

  /// Compares it with the memory of one host.
  ///
  /// - Returns: a warning if less is free than is needed.
  /// - Throws: `TrainingError.memory` if there is less.
  package func check(_ host: String, ranks: Int, _ memory: HostMemory) throws(TrainingError) -> String? {
    let shortage = TrainingError.memory(host: host, ranks: ranks, self, memory)
    if onHost(ranks: ranks) > memory.total { throw shortage }
    return onHost(ranks: ranks) > memory.available ? "\(shortage)" : nil
  }
}

extension MemoryDemand: CustomStringConvertible {
  /// For example `memory: 0.81 GB for each rank, and 0.20 GB for images and kept weights on each host`.
  public var description: String {
    func gigabytes(_ bytes: Int) -> String { String(format: "%.2f", Double(bytes) / 1e9) }
    return """
      memory: \(gigabytes(perRank)) GB for each rank, and \(gigabytes(perHost)) GB for images and kept weights on each host
      """
  }
}
