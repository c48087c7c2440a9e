// The files of a run: its configuration, every epoch and decision, the best weights of each depth, and the result.

import DepthSearch
import DistributedTraining
import Foundation
import ModelExchange
import NeuralNetwork

/// Why a run's files cannot be written.
public enum RunDirectoryError: Error, Equatable, CustomStringConvertible {
  /// The directory holds another run.
  case occupied(String)
  /// The system refuses a file or the directory.
  case unwritable(path: String, reason: String)

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .occupied(let path):
      "\(path): expected a new or empty directory, found a run in it: choose another --output, or remove it"
    case .unwritable(let path, let reason):
      "\(path): cannot be written: \(reason); choose another --output, or make room and mend its permissions"
    }
  }
}

/// Writes a run's files as the search goes on. Whatever has been written stays, however the run ends.
public struct RunDirectory: SearchObserver {
  /// Path of the directory.
  public let path: String
  private let modelMetadata: [String: String]
  private let log: FileHandle
  private let start = ContinuousClock.now

  /// Creates the directory and the files `config.yaml` and `events.jsonl` in it.
  ///
  /// - Parameters:
  ///   - configuration: the configuration as resolved.
  ///   - modelMetadata: what every saved network says about itself besides its architecture and accuracy.
  /// - Throws: `RunDirectoryError`.
  public init(path: String, configuration: String, modelMetadata: [String: String]) throws {
    self.path = path
    self.modelMetadata = modelMetadata
    let events = path + "/events.jsonl"
    if FileManager.default.fileExists(atPath: events) { throw RunDirectoryError.occupied(path) }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      try Data(configuration.utf8).write(to: URL(fileURLWithPath: path + "/config.yaml"), options: .atomic)
      try Data().write(to: URL(fileURLWithPath: events))
      log = try FileHandle(forWritingTo: URL(fileURLWithPath: events))
    } catch {
      throw RunDirectoryError.unwritable(path: path, reason: Self.reason(error))
    }
  }

  /// `base`, or where that holds a run already, `base-2`, `base-3` and so on.
  public static func unused(_ base: String) -> String {
    var path = base
    var number = 2
    while FileManager.default.fileExists(atPath: path + "/events.jsonl") {
      path = "\(base)-\(number)"
      number += 1
    }
    return path
  }

  /// Path of the network that the search found.
  public var resultPath: String { path + "/odn.safetensors" }

  /// Writes what belongs to an event.
  /// - Throws: `RunDirectoryError`, `ModelFileError`.
  public mutating func observe(_ event: SearchEvent) throws {
    switch event {
    case .started(let plan): try append("started", plan)
    case .stageStarted(let stage, let architecture):
      try append("stage", [stage.rawValue: architecture.depth])
    case .step: break
    case .warmUpEpoch(let record): try append("warmUpEpoch", record)
    case .epoch(let record, let result, let decision):
      try append("epoch", EpochLine(record, result, decision))
    case .best(let weights, let result):
      let depth = weights.architecture.depth
      try save(
        weights, as: String(format: "depth-%02d.safetensors", depth),
        ["validation_accuracy": "\(result.validation.percent)", "epoch": "\(result.epoch)"])
    case .finished(let result, let weights):
      try save(
        weights, as: "odn.safetensors",
        ["validation_accuracy": "\(result.validationAccuracy)", "test_accuracy": "\(result.testAccuracy)"])
      try append("finished", result)
      try write(Summary(result), to: "summary.json")
    }
  }

  /// Appends a line to `events.jsonl`: what happened, seconds since the start, and its particulars.
  private func append(_ event: String, _ value: some Encodable) throws {
    let line = EventLine(event: event, time: start.duration(to: .now) / .seconds(1), value: value)
    do {
      try log.write(contentsOf: Data((JSON.text(line) + "\n").utf8))
      try log.synchronize()
    } catch {
      throw RunDirectoryError.unwritable(path: path + "/events.jsonl", reason: Self.reason(error))
    }
  }

  private func save(_ weights: NetworkWeights, as name: String, _ metadata: [String: String]) throws {
    let file = ModelFile(weights: weights, metadata: modelMetadata.merging(metadata) { $1 })
    try file.write(to: path + "/" + name)
  }

  private func write(_ value: some Encodable, to name: String) throws {
    do {
      try Data((JSON.text(value, pretty: true) + "\n").utf8).write(
        to: URL(fileURLWithPath: path + "/" + name), options: .atomic)
    } catch {
      throw RunDirectoryError.unwritable(path: path + "/" + name, reason: Self.reason(error))
    }
  }

  /// The system's own words, without Foundation's around them.
  private static func reason(_ error: any Error) -> String {
    let error = error as NSError
    let underlying = (error.userInfo[NSUnderlyingErrorKey] as? any Error).map { $0 as NSError }
    guard let posix = [underlying, error].compactMap(\.self).first(where: { $0.domain == NSPOSIXErrorDomain }) else {
      return error.localizedDescription
    }
    return String(cString: strerror(Int32(posix.code)))
  }
}
