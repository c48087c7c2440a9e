// Event files for TensorBoard, in a directory of the run: one of TensorBoard's "runs" for the warm-up, one for each depth,
// so that their curves lie over each other, and one for the search as a whole. A step is an epoch.

import DepthSearch
import DistributedTraining
import Files
import Foundation
import NeuralNetwork
import TensorBoardMessages

/// Writes what a search comes to for TensorBoard. Nothing that goes wrong here ends the search.
public struct TensorBoardLog: SearchObserver {
  /// Path of the directory.
  public let path: String
  private let warn: (String) -> Void
  /// What follows where the disk is full at the end; nil for a warning.
  public var fullDisk: FullDisk?
  /// The file of each of TensorBoard's runs that this process has written to.
  private var files: [String: RecordFile] = [:]
  /// Whether a file could not be written; then there is no more.
  private var hasFailed = false
  /// Epochs of the search so far.
  private var epoch = 0
  private var best = 0.0

  /// The name of the directory in a run's.
  public static let directoryName = "tensorboard"
  private static let search = "search"
  private static let warmUp = "warm-up"
  /// What belongs to the end of a search, which comes again where that is repeated.
  private static let resultPrefix = "result/"

  /// A log in the run at `run`, whose directory is there already.
  /// - Parameter warn: told once if no more can be written.
  public init(run: String, warn: @escaping (String) -> Void) {
    path = "\(run)/\(Self.directoryName)"
    self.warn = warn
  }

  /// Writes what belongs to an event. What a full disk has no room for is kept for the next event, and at the end waited for.
  /// - Throws: what ends that wait.
  public mutating func observe(_ event: SearchEvent) throws {
    if hasFailed { return }
    do {
      try write(event)
      guard case .finished = event else { return }
      let flush = { [files] in for name in files.keys.sorted() { try files[name]?.flush() } }
      if let fullDisk { try fullDisk.retrying(flush) } else { try flush() }
    } catch let stop as TrainingError {
      throw stop
    } catch {
      hasFailed = true
      files = [:]
      warn("TensorBoard is told no more: \(error)")
    }
  }

  private mutating func write(_ event: SearchEvent) throws {
    switch event {
    case .started: try? FileManager.default.removeItem(atPath: path)
    case .resumed(_, let point): try rewind(to: point)
    case .stageStarted(.level, let network): try describe(network)
    case .parameters(let snapshot): try describe(snapshot)
    case .warmUpEpoch(let record): try add(Self.values(record), to: Self.warmUp, step: record.epoch)
    case .epoch(let record, let result, let decision): try add(record, result, decision)
    case .rolledBack(let rollback):
      try add([.text("rollback", rollback.reason)], to: Self.search, step: epoch)
    case .tested(let predictions):
      let image = PNGImage(confusion: predictions.confusion)
      try add([.image(Self.resultPrefix + "confusion matrix", image)], to: Self.search, step: epoch)
    case .finished(let result, _): try describe(result)
    default: break
    }
  }

  // MARK: Events

  private mutating func add(_ record: EpochRecord, _ result: EpochResult, _ decision: Decision) throws {
    epoch = record.epoch
    best = max(best, result.validation.percent)
    let validation = result.validation.percent
    try add(
      Self.values(record) + [
        .scalar("accuracy/validation", validation), .scalar("time/validation seconds", record.validationSeconds),
      ], to: Self.name(ofDepth: record.depth), step: record.epoch)
    var values: [TensorBoardSummary.Value] = [
      .scalar("search/depth", Double(record.depth)), .scalar("search/best validation accuracy", best),
    ]
    if !decision.explanation.isEmpty { values.append(.text("search/decision", decision.explanation)) }
    try add(values, to: Self.search, step: record.epoch)
  }

  private mutating func describe(_ network: Architecture) throws {
    try add([.text("network", Format.size(of: network))], to: Self.name(ofDepth: network.depth), step: epoch)
  }

  private mutating func describe(_ snapshot: ParameterSnapshot) throws {
    let values = snapshot.layout.parameters.flatMap { tensor in
      [
        TensorBoardSummary.Value.histogram("weights/" + tensor.name, snapshot.values[tensor.range]),
        .histogram("gradients/" + tensor.name, snapshot.gradients[tensor.range]),
      ]
    }
    let run = snapshot.stage == .warmUp ? Self.warmUp : Self.name(ofDepth: snapshot.depth)
    try add(values, to: run, step: snapshot.epoch)
  }

  private mutating func describe(_ result: SearchResult) throws {
    try add(
      [
        .scalar(Self.resultPrefix + "test accuracy", result.testAccuracy),
        .text(Self.resultPrefix + "summary", "\(result.outcome)"),
      ], to: Self.search, step: epoch)
  }

  private static func values(_ record: EpochRecord) -> [TensorBoardSummary.Value] {
    [
      .scalar("accuracy/training", record.trainingAccuracy), .scalar("loss/training", record.trainingLoss),
      .scalar("learning rate", record.learningRate), .scalar("time/training seconds", record.trainingSeconds),
      .scalar("time/images per second", record.imagesPerSecond),
      .scalar("time/waiting for gradients, seconds", record.waitingSeconds),
    ]
  }

  private static func name(ofDepth depth: Int) -> String { String(format: "depth-%02d", depth) }

  // MARK: Files

  private mutating func add(_ values: [TensorBoardSummary.Value], to run: String, step: Int) throws {
    let isNew = files[run] == nil
    let file = files[run] ?? RecordFile(in: "\(path)/\(run)")
    files[run] = file
    var events: [TensorBoardEvent] = []
    if isNew {
      events.append(.now(step: 0, .fileVersion("brain.Event:2")))
      // A TensorBoard that has read what was taken back drops it.
      var start = TensorBoardSessionLog()
      start.status = .start
      events.append(.now(step: step, .sessionLog(start)))
    }
    var summary = TensorBoardSummary()
    summary.value = values
    events.append(.now(step: step, .summary(summary)))
    try file.append(events.map { try $0.serializedBytes() })
  }

  // MARK: Continued runs

  /// Takes back what was written after a checkpoint.
  private mutating func rewind(to point: ResumePoint) throws {
    epoch = point.searchEpochs
    best = point.depths.compactMap { $0.accuracy?.percent }.max() ?? 0
    for run in (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] {
      let last = run == Self.warmUp ? point.warmUpEpochs : point.searchEpochs
      for name in try RecordFile.files(in: "\(path)/\(run)") {
        try Self.cut("\(path)/\(run)/\(name)", after: last)
      }
    }
  }

  /// Cuts a file before its first event that is of a later epoch, of the end of the search, or damaged.
  private static func cut(_ path: String, after epoch: Int) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    var records = RecordReader(Array(try file.readToEnd() ?? Data()))
    var end = 0
    while let record = records.next(), let event = try? TensorBoardEvent(serializedBytes: record),
      event.step <= epoch, !event.summary.value.contains(where: { $0.tag.hasPrefix(resultPrefix) })
    {
      end = records.position
    }
    try file.truncate(atOffset: UInt64(end))
  }
}
