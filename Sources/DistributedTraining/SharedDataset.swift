// Reads a data set once per host, for all ranks that are there.

import Datasets
import Foundation
import MPI

extension DatasetSplits {
  /// Reads a data set on one rank of every host; the host's other ranks read that rank's memory. Collective.
  ///
  /// - Parameters:
  ///   - heartbeat: where this rank notes what it is doing.
  ///   - warn: told on rank 0 where a host does not give the memory: there every rank has a copy.
  /// - Throws: on every rank `TrainingError.rankFailed`, with the `DatasetError` of the first rank that could not read;
  ///   `MPIError`.
  public init(
    _ options: DatasetOptions, sharedBy ranks: Communicator, heartbeat: Heartbeat = Heartbeat(),
    warn: (String) -> Void
  ) throws {
    heartbeat.enter(.loadingData)
    let host = try ranks.splitSharedMemory()
    let own = try ranks.agree(isUsage: { ($0 as? DatasetError)?.isUsage ?? false }) {
      host.rank == 0 ? try DatasetSplits(options, progress: heartbeat.beat) : nil
    }
    var refusal: MPIError?
    if let own, host.size == 1 {
      self = own
    } else {
      try self.init(
        options, training: Self.share(own?.train.dataset, of: options.name, host, &refusal),
        test: Self.share(own?.test.dataset, of: options.name, host, &refusal))
    }
    let refusals = try ranks.gatherCodable(refusal.map { "\($0)" }, to: 0) ?? []
    if let first = refusals.compactMap(\.self).first { warn("\(first); every rank there has a copy of the images") }
  }

  /// The images that rank 0 of `host` has read, on all its ranks.
  private static func share(
    _ read: ImageDataset?, of name: DatasetName, _ host: Communicator, _ refusal: inout MPIError?
  ) throws(MPIError) -> ImageDataset {
    var labels = read?.labels ?? []
    try host.broadcast(&labels, from: 0)
    let pixels: Data
    do throws(MPIError) {
      pixels = try host.share(read?.pixels, from: 0)
    } catch {
      guard case .sharedMemory = error else { throw error }
      refusal = error
      var copy = read.map { [UInt8]($0.pixels) } ?? []
      try host.broadcast(&copy, from: 0)
      pixels = Data(copy)
    }
    return ImageDataset(name, pixels: pixels, labels: labels)
  }
}
