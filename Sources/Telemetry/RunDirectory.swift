// The files of a run: its configuration, every epoch and decision, the best weights of each depth, and the result.

import DepthSearch
import DistributedTraining
import Files
import Foundation
import ModelExchange
import NeuralNetwork

/// Why a run's files cannot be written.
public enum RunDirectoryError: Error, Equatable, CustomStringConvertible {
  /// The directory holds another run.
  case occupied(String)
  /// Another process writes the run.
  case busy(String)
  /// The system refuses a file or the directory.
  case unwritable(path: String, reason: String)

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .occupied(let path):
      "\(path): expected a new or empty directory, found a run in it: choose another --output, or remove it"
    case .busy(let path):
      "\(path): expected a run that no process works on, found one at work: wait for its end, or end it"
    case .unwritable(let path, let reason):
      "\(path): cannot be written: \(reason); choose another --output, or make room and mend its permissions"
    }
  }
}

/// Writes a run's files as the search goes on. Whatever has been written stays, however the run ends.
///
/// Where the disk is full, what is written on the way is kept for the next epoch. At its end the search waits until there is
/// room for all of it.
public struct RunDirectory: SearchObserver {
  /// Path of the directory.
  public let path: String
  /// Told of what could not be written yet.
  public var warn: (String) -> Void = { _ in }
  /// What follows where the disk is full at the end; nil for the error.
  public var fullDisk: FullDisk?
  private let configuration: String
  private let modelMetadata: [String: String]
  private let isContinued: Bool
  private var log: EventLog
  private let lock: RunLock
  /// Networks that the disk had no room for yet.
  private var unsaved: [(name: String, model: ModelFile)] = []
  /// The answers to the test images, once they are known.
  private var predictions: Predictions?

  /// Creates the directory and the files `config.yaml` and `events.jsonl` in it, or opens those of a run that is
  /// continued, which stay as they are until the search is `resumed`.
  ///
  /// - Parameters:
  ///   - configuration: the configuration as resolved.
  ///   - modelMetadata: what every saved network says about itself besides its architecture and accuracy.
  ///   - lock: the right to write the run in the directory, if one is continued.
  /// - Throws: `RunDirectoryError`.
  public init(
    path: String, configuration: String, modelMetadata: [String: String], continuing lock: RunLock? = nil
  ) throws {
    self.path = path
    self.configuration = configuration
    self.modelMetadata = modelMetadata
    isContinued = lock != nil
    if Self.isRun(path) && lock == nil { throw RunDirectoryError.occupied(path) }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      if lock == nil { try Self.write(configuration, to: path + "/config.yaml") }
      log = try EventLog(path: path + "/events.jsonl")
    } catch {
      throw RunDirectoryError.unwritable(path: path, reason: SystemReason(error).text)
    }
    self.lock = try lock ?? RunLock(run: path)
  }

  /// Writes what belongs to an event.
  /// - Throws: `RunDirectoryError`, `ModelFileError`.
  public mutating func observe(_ event: SearchEvent) throws {
    switch event {
    case .started(let plan):
      if isContinued { try rewind(to: nil, deepest: plan.largest.depth) }
      try append("started", plan)
    case .resumed(let plan, let point):
      try rewind(to: point, deepest: plan.largest.depth)
      for event in point.recap where !log.hasTold(event) { try observe(event) }
      try append("resumed", ResumeLine(point, plan))
      if let best = point.best { try save(best.weights, best.result) }
    case .stageStarted(let stage, let architecture):
      try append("stage", [stage.rawValue: architecture.depth])
    case .step, .parameters: break
    case .tested(let predictions): self.predictions = predictions
    case .warmUpEpoch(let record): try append("warmUpEpoch", record)
    case .warmedUp(let accuracies): try append("warmedUp", WarmUpLine(accuracies))
    case .ahead(let record, let validation):
      if !log.hasTold(event) { try append("ahead", AheadLine(record, validation)) }
    case .cancelled(let level): try append("cancelled", level)
    case .rolledBack(let rollback): try append("rollback", rollback)
    case .epoch(let record, let result, let decision):
      try append("epoch", EpochLine(record, result, decision))
      try saveModels()
    case .best(let weights, let result): try save(weights, result)
    case .warning(let text): try append("warning", ["message": text])
    case .finished(let result, let weights): try finish(result, weights)
    }
  }

  /// Takes back what a run wrote after the checkpoint that it continues from, or all of it if it begins again.
  private mutating func rewind(to point: ResumePoint?, deepest: Int) throws {
    AtomicFile.removeLeftovers(in: path)
    try changeLog { try $0.rewind(to: point) }
    try write(configuration, as: "config.yaml")
    unlink("\(path)/\(Self.predictionsName)")
    for depth in 1...deepest where !(point?.isOver(depth) ?? false) {
      unlink("\(path)/\(ModelFile.name(ofDepth: depth))")
    }
  }

  private mutating func finish(_ result: SearchResult, _ weights: NetworkWeights) throws {
    let accuracies = [
      "validation_accuracy": "\(result.validationAccuracy)", "test_accuracy": "\(result.testAccuracy)",
    ]
    unsaved.append(("odn.safetensors", model(weights, accuracies)))
    try append("finished", result)
    // The summary comes last: it says that the run is whole.
    try whenThereIsRoom { run in
      while let next = run.unsaved.first {
        try next.model.write(to: "\(run.path)/\(next.name)")
        run.unsaved.removeFirst()
      }
      if let lack = try run.changeLog({ try $0.flush() }) {
        throw RunDirectoryError.unwritable(path: run.log.path, reason: lack)
      }
      if let predictions = run.predictions {
        try run.write(JSON.text(predictions) + "\n", as: Self.predictionsName)
      }
      try run.write(JSON.text(Summary(result), pretty: true) + "\n", as: "summary.json")
    }
  }

  private mutating func whenThereIsRoom(_ body: (inout Self) throws -> Void) throws {
    guard let fullDisk else { return try body(&self) }
    try fullDisk.retrying { try body(&self) }
  }

  private func write(_ text: String, as name: String) throws(RunDirectoryError) {
    do {
      try Self.write(text, to: "\(path)/\(name)")
    } catch {
      throw .unwritable(path: "\(path)/\(name)", reason: SystemReason(error).text)
    }
  }

  // MARK: Parts

  private mutating func append(_ event: String, _ value: some Encodable) throws {
    if let lack = try changeLog({ try $0.append(event, value) }) {
      warn("\(log.path): cannot be written: \(lack); its lines are kept until there is room")
    }
  }

  private mutating func changeLog<Value>(_ body: (inout EventLog) throws -> Value) throws -> Value {
    do {
      return try body(&log)
    } catch {
      throw RunDirectoryError.unwritable(path: log.path, reason: SystemReason(error).text)
    }
  }

  /// Saves the best weights of a depth.
  private mutating func save(_ weights: NetworkWeights, _ result: EpochResult) throws {
    let name = ModelFile.name(ofDepth: weights.architecture.depth)
    unsaved.removeAll { $0.name == name }
    let facts = ["validation_accuracy": "\(result.validation.percent)", "epoch": "\(result.epoch)"]
    unsaved.append((name, model(weights, facts)))
    try saveModels()
  }

  /// Saves what is to be saved, as far as there is room.
  private mutating func saveModels() throws {
    while let next = unsaved.first {
      do {
        try next.model.write(to: "\(path)/\(next.name)")
      } catch {
        guard SystemReason(error).isLackOfSpace else { throw error }
        return warn("\(error); it is kept until there is room")
      }
      unsaved.removeFirst()
    }
  }

  private func model(_ weights: NetworkWeights, _ facts: [String: String]) -> ModelFile {
    ModelFile(weights: weights, metadata: modelMetadata.merging(facts) { $1 })
  }

  private static func write(_ text: String, to path: String) throws(FileError) {
    var file = try AtomicFile(path: path)
    try file.write(Array(text.utf8))
    try file.commit()
  }
}

extension RunDirectory {
  /// Whether a directory holds a run.
  public static func isRun(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path + "/events.jsonl") }

  /// Whether the run in a directory has come to its end. The summary is the last file that a run writes.
  public static func isFinished(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/summary.json")
  }

  /// Whether the run in a directory, which has come to its end, says that it met its target.
  /// - Throws: `FileError` if its summary cannot be read, `DecodingError` if it is damaged.
  public static func metTarget(_ path: String) throws -> Bool {
    struct Verdict: Decodable { let targetMet: Bool }
    let file = try InputFile(path: path + "/summary.json")
    return try JSONDecoder().decode(Verdict.self, from: Data(file.read(min(file.size, 1 << 24), of: UInt8.self)))
      .targetMet
  }

  /// Whether a process has the right to write the run at `path`, so that it is still going.
  public static func isBeingWritten(_ path: String) -> Bool { RunLock.isTaken(run: path) }

  /// The name of the file with the answers to the test images.
  public static let predictionsName = "test-predictions.json"

  /// The directory of the checkpoints of the run at `path`.
  public static func checkpoints(of path: String) -> String { path + "/checkpoints" }

  /// `base`, or where that holds a run already, `base-2`, `base-3` and so on.
  public static func unused(_ base: String) -> String { paths(base).first { !isRun($0) } ?? base }

  /// The last of the directories that `unused` has given out, if there is a run in it.
  public static func last(_ base: String) -> String? { Array(paths(base).prefix(while: isRun)).last }

  private static func paths(_ base: String) -> some Sequence<String> {
    (1...).lazy.map { $0 == 1 ? base : "\(base)-\($0)" }
  }
}
