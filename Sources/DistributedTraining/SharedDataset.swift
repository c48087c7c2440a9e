// Reads a data set once per host, for all ranks that are there.

import Datasets
import Foundation
import MPI

extension DatasetSplits {
  /// Reads a data set on one rank of every host; the host's other ranks read that rank's memory. Collective.
  ///
  /// - Parameters:
  ///   - heartbeat: where this rank notes what it is doing.
  ///   - warn: told on rank 0 what the ranks that read have to warn of, and where a host does not give the memory: there
  ///     every rank has a copy.
  /// - Throws: on every rank `TrainingError.rankFailed`, with the `DatasetError` of the first rank that could not read, or
  ///   `TrainingError.otherImages`; `MPIError`.
  public init(
    _ options: DatasetOptions, sharedBy ranks: Communicator, heartbeat: Heartbeat = Heartbeat(),
    warn: (String) -> Void
  ) throws {
    try self.init(sharedBy: ranks, heartbeat: heartbeat, warn: warn) { progress, warn in
      try DatasetSplits(options, progress: progress, warn: warn)
    }
  }

  /// The same for images that `read` reads, which is called on one rank of every host. Collective. Only these ranks know
  /// which files images are from (`ImageDataset.origins`); rank 0 is always one of them.
  ///
  /// - Parameters:
  ///   - heartbeat: where this rank notes what it is doing.
  ///   - warn: told on rank 0 what the ranks that read have to warn of, and where a host does not give the memory: there
  ///     every rank has a copy.
  /// - Throws: on every rank `TrainingError.rankFailed`, with the `DatasetError` of the first rank that could not read, or
  ///   `TrainingError.otherImages`; `MPIError`.
  public init(
    sharedBy ranks: Communicator, heartbeat: Heartbeat = Heartbeat(), warn: (String) -> Void,
    read: (_ progress: () -> Void, _ warn: (String) -> Void) throws -> DatasetSplits
  ) throws {
    let host = try ranks.splitSharedMemory()
    heartbeat.enter(host.rank == 0 ? .loadingData : .waitingForOther)
    var warnings: [String] = []
    let isUsage = { (error: any Error) in
      (error as? DatasetError)?.isUsage ?? (error as? TrainingError)?.isUsage ?? false
    }
    let own = try ranks.agree(isUsage: isUsage) {
      host.rank == 0 ? try read(heartbeat.beat) { warnings.append($0) } : nil
    }
    if host.size < ranks.size { try ranks.verifyEqualImages(own) }
    if let own, host.size == 1 {
      self = own
    } else {
      var refusal: MPIError?
      self = try Self.share(own, host, &refusal)
      if let refusal { warnings.append("\(refusal); every rank there has a copy of the images") }
    }
    // Hosts that read the same files have the same to say about them.
    var told: [String] = []
    for warning in try (ranks.gatherCodable(warnings, to: 0) ?? []).joined() where !told.contains(warning) {
      told.append(warning)
      warn(warning)
    }
  }

  /// The data set that rank 0 of `host` has read, on all its ranks.
  private static func share(
    _ read: DatasetSplits?, _ host: Communicator, _ refusal: inout MPIError?
  ) throws(MPIError) -> DatasetSplits {
    let form = try host.broadcast(read.map(SharedForm.init), from: 0)
    let training = try share(read?.train.dataset, form, host, &refusal)
    let test = try share(read?.test.dataset, form, host, &refusal)
    return DatasetSplits(
      train: DatasetSplit(training, range: form.train), validation: DatasetSplit(training, range: form.validation),
      test: DatasetSplit(test, range: form.test), normalization: form.normalization, augmentation: form.augmentation)
  }

  /// The images that rank 0 of `host` has read, on all its ranks.
  private static func share(
    _ read: ImageDataset?, _ form: SharedForm, _ host: Communicator, _ refusal: inout MPIError?
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
    return ImageDataset(
      height: form.height, width: form.width, channels: form.channels, classNames: form.classNames, pixels: pixels,
      labels: labels, origins: read?.origins)
  }
}

extension Communicator {
  /// Checks that all ranks which have read a data set have the same: each host may have files of its own. Collective.
  ///
  /// - Parameter own: what this rank has read; nil if it has not.
  /// - Throws: `TrainingError.otherImages` on every rank, `MPIError`.
  public func verifyEqualImages(_ own: DatasetSplits?) throws {
    let reader = own.map { ImageReader(rank: rank, host: RunLayout.hostName, hash: $0.contentHash) }
    let readers = try broadcast(gatherCodable([reader].compactMap(\.self), to: 0), from: 0).flatMap { $0 }
    guard let other = readers.first(where: { $0.hash != readers[0].hash }) else { return }
    throw TrainingError.otherImages(
      of: "rank \(other.rank) (\(other.host))", than: "rank \(readers[0].rank) (\(readers[0].host))")
  }
}

/// A rank that has read a data set.
private struct ImageReader: Codable {
  let rank: Int
  let host: String
  let hash: [UInt8]
}

/// What a data set is beside its pixels and labels.
private struct SharedForm: Codable {
  let height: Int
  let width: Int
  let channels: Int
  let classNames: [String]
  let train: Range<Int>
  let validation: Range<Int>
  let test: Range<Int>
  let normalization: Normalization
  let augmentation: Augmentation

  init(_ data: DatasetSplits) {
    let images = data.train.dataset
    (height, width, channels, classNames) = (images.height, images.width, images.channels, images.classNames)
    (train, validation, test) = (data.train.range, data.validation.range, data.test.range)
    (normalization, augmentation) = (data.normalization, data.augmentation)
  }
}
