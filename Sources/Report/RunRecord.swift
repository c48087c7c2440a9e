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

  /// The beginning of a run: what is shown of it, so that runs whose search had other options can be read too.
  struct Plan: Decodable {
    struct Options: Decodable {
      let target: Double
      let tolerance: Double
      /// What is looked for; nil is a target.
      let objective: SearchOptions.Objective?

      /// The accuracy that a depth has to have, in percent; nil where there is none that is known before.
      var goal: Double? { objective ?? .target == .target ? target - tolerance : nil }

      /// What is looked for, in words.
      var aim: String {
        switch objective ?? .target {
        case .target: "target \(target) % within \(tolerance) points"
        case .bestWithinBudget: "the best within the budget"
        case .knee: "the knee of accuracy against parameters"
        }
      }
    }
    let largest: Architecture
    let trainImages: Int
    let validationImages: Int
    let testImages: Int
    let batchSize: Int
    let ranks: Int
    /// Nil in runs of versions that did not say.
    let batchNorm: BatchSharing?
    let layout: RunLayout?
    let options: Options
  }

  /// An epoch of the search.
  struct Epoch: Decodable {
    struct Decision: Decodable {
      let keepsWeights: Bool
      let explanation: String
    }
    let training: EpochRecord
    let validationAccuracy: Double
    let decision: Decision
  }

  /// Path of the directory.
  public let path: String
  /// How far the run is.
  public let state: State
  let plan: Plan
  /// Where the ranks were at last.
  private(set) var layout: RunLayout?
  private(set) var resumptions = 0
  private(set) var warmUp: [EpochRecord] = []
  private(set) var epochs: [Epoch] = []
  private(set) var warnings: [String] = []
  private(set) var result: SearchResult?
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
    layout = try Self.checked(plan.layout, log, line: 1)
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
      layout = try Self.checked(resumption.layout, log, line: number) ?? layout
      resumptions += 1
    case "warmUpEpoch":
      let record = try Self.decode(EpochRecord.self, head.event, from: line, log, line: number)
      try check(record, warmUp.last?.epoch, log, line: number)
      warmUp.append(record)
    case "epoch":
      let epoch = try Self.decode(Epoch.self, head.event, from: line, log, line: number)
      try check(epoch.training, epochs.last?.training.epoch, log, line: number)
      try Self.check(
        epoch.validationAccuracy, in: 0...100, "a validation accuracy in percent", log, line: number)
      epochs.append(epoch)
    case "warning":
      let warning = try Self.decode([String: String].self, head.event, from: line, log, line: number)
      warnings.append(warning["message"] ?? "")
    case "finished":
      let result = try Self.decode(SearchResult.self, head.event, from: line, log, line: number)
      let (expected, found) = (plan.largest.name, result.architecture.name)
      if expected != found {
        throw .damaged(log, line: number, expected: "a \(expected)", found: "a \(found)")
      }
      try Self.check(result.testAccuracy, in: 0...100, "a test accuracy in percent", log, line: number)
      try Self.check(result.validationAccuracy, in: 0...100, "a validation accuracy in percent", log, line: number)
      try Self.check(result.seconds, in: Self.amounts, "seconds", log, line: number)
      try Self.check(result.ranks, in: 1...Self.most, "ranks", log, line: number)
      try checkDepths(of: result, log, line: number)
      self.result = result
    default: break
    }
  }

  private func check(
    _ record: EpochRecord, _ before: Int?, _ log: String, line: Int
  ) throws(RunRecordError) {
    try Self.check(record.depth, in: 1...plan.largest.family.maximumDepth, "a depth", log, line: line)
    try Self.check(record.epoch, in: min((before ?? 0) + 1, Self.most)...Self.most, "the next epoch", log, line: line)
    try Self.check(record.trainingAccuracy, in: 0...100, "a training accuracy in percent", log, line: line)
    for (value, name) in [
      (record.trainingLoss, "a loss"), (record.trainingSeconds, "seconds"), (record.validationSeconds, "seconds"),
      (record.imagesPerSecond, "images per second"), (record.waitingSeconds, "seconds"),
    ] {
      try Self.check(value, in: Self.amounts, name, log, line: line)
    }
    try Self.check(record.allreduceBytesPerStep, in: 0...1 << 50, "bytes per step", log, line: line)
  }

  /// Everything in a result that the trade-off between depths is computed from.
  private func checkDepths(of result: SearchResult, _ log: String, line: Int) throws(RunRecordError) {
    let (outcome, range) = (result.outcome, 1...plan.largest.family.maximumDepth)
    let ends = (result.affordable?.depths).map { [$0.lowerBound, $0.upperBound] } ?? []
    let times = result.times ?? []
    for depth in [outcome.depth, outcome.bestDepth] + ends + result.depths.map(\.depth) + times.map(\.depth) {
      try Self.check(depth, in: range, "a depth", log, line: line)
    }
    for epochs in result.depths.map(\.epochs) + times.map(\.epochs) {
      try Self.check(epochs, in: 0...Self.most, "epochs of a depth", log, line: line)
    }
    for time in times { try Self.check(time.seconds, in: Self.amounts, "seconds of a depth", log, line: line) }
    for percent in [outcome.target, outcome.tolerance].compactMap(\.self) {
      try Self.check(percent, in: 0...100, "a target in percent", log, line: line)
    }
  }

  /// A layout whose numbers can be added up.
  private static func checked(_ layout: RunLayout?, _ log: String, line: Int) throws(RunRecordError) -> RunLayout? {
    for host in layout?.hosts ?? [] {
      try check(host.ranks, in: 1...most, "ranks of a host", log, line: line)
      try check(host.cores, in: 1...most, "cores of a host", log, line: line)
    }
    return layout
  }

  private static func check<Value>(
    _ value: Value, in range: ClosedRange<Value>, _ name: String, _ log: String, line: Int
  ) throws(RunRecordError) {
    guard !range.contains(value) else { return }
    throw .damaged(
      log, line: line, expected: "\(name) from \(range.lowerBound) to \(range.upperBound)", found: "\(value)")
  }

  /// More than any run has of epochs or ranks.
  private static let most = 1_000_000_000
  private static let amounts = 0...1e12

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
