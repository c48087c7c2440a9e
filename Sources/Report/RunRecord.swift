// What a run has told so far, read from its directory. Nothing else is needed, and nothing of it is trusted.

import DepthSearch
import DistributedTraining
import Files
import Foundation
import NeuralNetwork
import Telemetry

/// A run that has ended, was interrupted, or is still going.
public struct RunRecord: Sendable {
  /// How far it is.
  public enum State: Sendable {
    case finished
    case interrupted
    case going
  }

  /// The beginning of a run, or its continuation with other ranks.
  struct Plan: Decodable {
    struct Options: Decodable {
      let target: Double
      let tolerance: Double
    }
    let largest: Architecture
    let trainImages: Int
    let validationImages: Int
    let testImages: Int
    let batchSize: Int
    let ranks: Int
    let layout: RunLayout?
    let options: Options
  }

  /// What training an epoch came to.
  struct Training: Decodable {
    let epoch: Int
    let depth: Int
    let learningRate: Double
    let trainingLoss: Double
    let trainingAccuracy: Double
    let trainingSeconds: Double
    let validationSeconds: Double
    let imagesPerSecond: Double
    let allreduceBytesPerStep: Int
    let waitingSeconds: Double
  }

  /// An epoch of the search.
  struct Epoch: Decodable {
    struct Decision: Decodable {
      let explanation: String
    }
    let training: Training
    let validationAccuracy: Double
    let decision: Decision
  }

  /// The end of a run.
  struct Result: Decodable {
    let architecture: Architecture
    let outcome: Outcome
    let validationAccuracy: Double
    let testAccuracy: Double
    let imagesTrained: Int
    let seconds: Double
    let ranks: Int
  }

  /// Path of the directory.
  public let path: String
  /// How far the run is.
  public let state: State
  let plan: Plan
  /// Where the ranks were at last.
  private(set) var layout: RunLayout?
  private(set) var ranks: Int
  private(set) var resumptions = 0
  private(set) var warmUp: [Training] = []
  private(set) var epochs: [Epoch] = []
  private(set) var warnings: [String] = []
  private(set) var result: Result?
  /// Seconds up to the last event.
  private(set) var seconds = 0.0
  /// The answers to the test images; nil in a run that has not come to them.
  public let predictions: Predictions?
  /// `config.yaml`, as it stands there.
  let configuration: String?

  /// Reads the run in the directory `path`.
  /// - Throws: `RunRecordError`.
  public init(path: String) throws(RunRecordError) {
    guard RunDirectory.isRun(path) else { throw .noRun(path) }
    self.path = path
    let log = "\(path)/events.jsonl"
    let text = try Self.read(log, atMost: 500_000_000)
    // The last line may be in the making.
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    guard let first = lines.first else { throw .empty(log) }
    plan = try Self.decode(Plan.self, "started", from: first, log, line: 1)
    (layout, ranks) = (plan.layout, plan.ranks)
    predictions = try Self.optional("\(path)/\(RunDirectory.predictionsName)", atMost: 500_000_000).map {
      (bytes) throws(RunRecordError) in
      do {
        return try JSONDecoder().decode(Predictions.self, from: Data(bytes))
      } catch {
        throw .damaged(
          "\(path)/\(RunDirectory.predictionsName)", line: nil, expected: "answers to the test images",
          found: Self.explain(error))
      }
    }
    configuration = try Self.optional("\(path)/config.yaml", atMost: 1_000_000).map {
      String(decoding: $0, as: UTF8.self)
    }
    let isFinished = RunDirectory.isFinished(path)
    state = isFinished ? .finished : RunDirectory.isBeingWritten(path) ? .going : .interrupted
    for (index, line) in lines.enumerated().dropFirst() { try add(line, log, line: index + 1) }
  }

  /// The part of a line that all have.
  private struct Head: Decodable {
    let event: String
    let time: Double
  }

  private struct Body<Value: Decodable>: Decodable {
    let value: Value
  }

  private struct Resumption: Decodable {
    let ranks: Int
    let layout: RunLayout?
  }

  private mutating func add(_ line: ArraySlice<UInt8>, _ log: String, line number: Int) throws(RunRecordError) {
    guard let head = try? JSONDecoder().decode(Head.self, from: Data(line)), head.time.isFinite else {
      throw .damaged(log, line: number, expected: "an event as JSON", found: Self.excerpt(line))
    }
    seconds = max(seconds, head.time)
    switch head.event {
    case "resumed":
      let resumption = try Self.decode(Resumption.self, "resumed", from: line, log, line: number)
      layout = resumption.layout ?? layout
      resumptions += 1
    case "warmUpEpoch":
      let record = try Self.decode(Training.self, head.event, from: line, log, line: number)
      try check(record, warmUp.last?.epoch, log, line: number)
      warmUp.append(record)
    case "epoch":
      let epoch = try Self.decode(Epoch.self, head.event, from: line, log, line: number)
      try check(epoch.training, epochs.last?.training.epoch, log, line: number)
      try Self.check((0...100).contains(epoch.validationAccuracy), "a validation accuracy in percent", log, number)
      epochs.append(epoch)
    case "warning":
      let warning = try Self.decode([String: String].self, head.event, from: line, log, line: number)
      warnings.append(warning["message"] ?? "")
    case "finished":
      let result = try Self.decode(Result.self, head.event, from: line, log, line: number)
      try Self.check(
        result.architecture.family == plan.largest.family && (0...100).contains(result.testAccuracy)
          && (0...100).contains(result.validationAccuracy) && result.seconds >= 0, "the result of this search", log,
        number)
      self.result = result
    default: break
    }
  }

  private func check(
    _ record: Training, _ before: Int?, _ log: String, line: Int
  ) throws(RunRecordError) {
    let deepest = plan.largest.family.maximumDepth
    try Self.check((1...deepest).contains(record.depth), "a depth from 1 to \(deepest)", log, line)
    try Self.check((1...1_000_000_000).contains(record.epoch), "an epoch", log, line)
    try Self.check(record.epoch > before ?? 0, "an epoch after epoch \(before ?? 0)", log, line)
    try Self.check((0...100).contains(record.trainingAccuracy), "a training accuracy in percent", log, line)
    let amounts = [
      record.trainingLoss, record.trainingSeconds, record.validationSeconds, record.imagesPerSecond,
      record.waitingSeconds,
    ]
    try Self.check(
      amounts.allSatisfy { (0...1e12).contains($0) } && (0...1 << 50).contains(record.allreduceBytesPerStep),
      "times and amounts of at least 0", log, line)
  }

  private static func check(_ isFine: Bool, _ expected: String, _ log: String, _ line: Int) throws(RunRecordError) {
    if !isFine { throw .damaged(log, line: line, expected: expected, found: "something else") }
  }

  private static func decode<Value: Decodable>(
    _: Value.Type, _ event: String, from line: ArraySlice<UInt8>, _ log: String, line number: Int
  ) throws(RunRecordError) -> Value {
    do {
      return try JSONDecoder().decode(Body<Value>.self, from: Data(line)).value
    } catch {
      throw .damaged(log, line: number, expected: "the event \(event)", found: explain(error))
    }
  }

  private static func optional(_ path: String, atMost limit: Int) throws(RunRecordError) -> [UInt8]? {
    FileManager.default.fileExists(atPath: path) ? try read(path, atMost: limit) : nil
  }

  private static func read(_ path: String, atMost limit: Int) throws(RunRecordError) -> [UInt8] {
    do throws(FileError) {
      let file = try InputFile(path: path)
      guard file.size <= limit else { throw .unreadable(path: path, reason: "it has more than \(limit) bytes") }
      return try file.read(file.size, of: UInt8.self)
    } catch {
      throw .file(error)
    }
  }

  private static func excerpt(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.prefix(60), as: UTF8.self).debugDescription
  }

  private static func explain(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .dataCorrupted(let context): context.debugDescription
    case .keyNotFound(let key, _): "no \(key.stringValue.debugDescription)"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      "something else at \(context.codingPath.map(\.stringValue).joined(separator: ".").debugDescription)"
    default: "something else"
    }
  }
}

/// Why a run cannot be reported.
public enum RunRecordError: Error, Equatable, CustomStringConvertible {
  /// There is no run in the directory.
  case noRun(String)
  /// The run has not told anything yet.
  case empty(String)
  /// A file cannot be read.
  case file(FileError)
  /// A file does not hold what it should.
  case damaged(String, line: Int?, expected: String, found: String)

  /// What was expected, what was found, where, and what to do.
  public var description: String {
    switch self {
    case .noRun(let path): "\(path): expected the directory of a run, found no events.jsonl in it: check the path"
    case .empty(let path): "\(path): expected the beginning of a run, found no whole line: wait for the run to begin"
    case .file(let error): "\(error)"
    case .damaged(let path, let line, let expected, let found):
      """
      \(path)\(line.map { ", line \($0)" } ?? ""): expected \(expected), found \(found.prefix(200)): bring back the file as \
      the run wrote it, or search again
      """
    }
  }
}
