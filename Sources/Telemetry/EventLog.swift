// `events.jsonl`: a line of JSON for everything that happened in a run. A continued run goes on in the same file, from
// where its checkpoint was written, so that no epoch is in it twice.

import DistributedTraining
import Foundation

/// The log of a run.
struct EventLog {
  let path: String
  private let file: FileHandle
  /// When the run began; after an interruption, as if there had been none.
  private var start = ContinuousClock.now
  /// Bytes of whole lines in the file.
  private var length: UInt64
  /// Lines that the disk had no room for yet.
  private var pending = Data()
  /// What the lines that were there when the log was taken up tell of the search.
  private var told = Told()

  /// How far a log tells of a search.
  private struct Told {
    var epochs = 0
    var rollbacks = 0
    /// Levels that began.
    var depths: Set<Int> = []
    /// Epochs of levels that the search had not come to, by depth.
    var ahead: [Int: Int] = [:]
  }

  /// Opens the log at `path`, or makes one.
  init(path: String) throws {
    self.path = path
    if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
    file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    length = try file.seekToEnd()
  }

  /// Takes back everything that happened after a checkpoint, or simply everything.
  mutating func rewind(to point: ResumePoint?) throws {
    guard let point else { return try cut(to: 0) }
    try file.seek(toOffset: 0)
    let text = try file.readToEnd() ?? Data()
    var kept = 0
    var seconds = point.seconds
    while let end = text[kept...].firstIndex(of: UInt8(ascii: "\n")),
      let line = try? JSONDecoder().decode(Line.self, from: text[kept..<end]), !line.isAfter(point)
    {
      kept = end + 1
      seconds = max(seconds, line.time)
      line.note(in: &told)
    }
    try cut(to: UInt64(kept))
    start = .now.advanced(by: .seconds(-seconds))
  }

  /// Whether the log told of an event before it was taken up.
  func hasTold(_ event: SearchEvent) -> Bool {
    switch event {
    case .epoch(let record, _, _): record.epoch <= told.epochs
    case .ahead(let record, _): record.epoch <= told.ahead[record.depth] ?? 0
    case .rolledBack(let rollback): rollback.rollback <= told.rollbacks
    case .stageStarted(.level, let architecture): told.depths.contains(architecture.depth)
    default: false
    }
  }

  /// Appends a line: what happened, seconds since the start, and its particulars.
  ///
  /// A line that the disk has no room for is appended with the next one.
  /// - Returns: why not, where there was no room.
  mutating func append(_ event: String, _ value: some Encodable) throws -> String? {
    let line = EventLine(event: event, time: start.duration(to: .now) / .seconds(1), value: value)
    pending.append(Data((try JSON.text(line) + "\n").utf8))
    return try flush()
  }

  /// Writes the lines that the disk had no room for.
  /// - Returns: why not, where there still is none.
  mutating func flush() throws -> String? {
    if pending.isEmpty { return nil }
    do {
      try file.seek(toOffset: length)
      try file.write(contentsOf: pending)
      try file.synchronize()
      length += UInt64(pending.count)
      pending = Data()
      return nil
    } catch {
      let reason = SystemReason(error)
      guard reason.isLackOfSpace else { throw error }
      try? file.truncate(atOffset: length)
      return reason.text
    }
  }

  private mutating func cut(to length: UInt64) throws {
    try file.truncate(atOffset: length)
    self.length = length
  }

  /// What has to be known of a line to tell when it was written.
  private struct Line: Decodable {
    struct Value: Decodable {
      struct Training: Decodable {
        let epoch: Int
        let depth: Int?
      }
      let epoch: Int?
      let training: Training?
      let rollback: Int?
      /// The depth of a level that begins.
      let level: Int?
    }

    let event: String
    let time: Double
    let value: Value

    func isAfter(_ point: ResumePoint) -> Bool {
      switch event {
      case "warmUpEpoch": value.epoch ?? .max > point.warmUpEpochs
      case "warmedUp": point.stage == .warmUp
      case "epoch": value.training?.epoch ?? .max > point.searchEpochs
      case "rollback": value.rollback ?? .max > point.rollbacks
      case "finished": true
      default: false
      }
    }

    func note(in told: inout Told) {
      switch event {
      case "epoch": told.epochs = max(told.epochs, value.training?.epoch ?? 0)
      case "rollback": told.rollbacks = max(told.rollbacks, value.rollback ?? 0)
      case "ahead":
        guard let training = value.training, let depth = training.depth else { return }
        told.ahead[depth] = max(told.ahead[depth] ?? 0, training.epoch)
      case "stage": if let level = value.level { told.depths.insert(level) }
      default: break
      }
    }
  }
}
