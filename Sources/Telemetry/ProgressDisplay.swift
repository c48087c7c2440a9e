// A search as a person watches it: a line per epoch and decision, and on a terminal a line that moves.

import DepthSearch
import DistributedTraining
import Foundation
import NeuralNetwork

/// Standard output without a buffer, so that a log file shows what has happened so far.
enum StandardOutput {
  /// Writes `text`. A reader who has gone away does not end a search.
  static func write(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
}

/// Prints a search's progress on standard output.
public struct ProgressDisplay: SearchObserver {
  /// The terminal's width; nil where no line may be overwritten.
  private let columns: (() -> Int)?
  private let nextSteps: (SearchResult) -> NextSteps?
  private var plan: SearchPlan?
  private var table: DepthTable?
  private var lastUpdate = ContinuousClock.now

  /// - Parameters:
  ///   - columns: asked for the width of the terminal before a line is overwritten; nil if there is none.
  ///   - nextSteps: what to do with a result.
  public init(columns: (() -> Int)? = nil, nextSteps: @escaping (SearchResult) -> NextSteps? = { _ in nil }) {
    self.columns = columns
    self.nextSteps = nextSteps
  }

  /// Prints what belongs to an event.
  public mutating func observe(_ event: SearchEvent) {
    switch event {
    case .started(let plan):
      begin(plan)
      show(Self.describe(plan))
    case .stageStarted(let stage, let architecture): show(Self.describe(stage, architecture))
    case .step(let progress): showStep(progress)
    case .warmUpEpoch(let record): show(Self.describe(record))
    case .warmedUp(let accuracies):
      let all = accuracies.map { Format.decimal($0.percent, 2) }
      show("  validation of depths 1 to \(all.count) after the warm-up: \(all.joined(separator: ", ")) %")
    case .resumed(let plan, let point):
      begin(plan)
      for record in point.depths where record.epochs > 0 { table?.add(record) }
      show(Self.describe(plan) + "\n" + Self.describe(point))
    case .ahead(let record, let validation):
      show("  ahead: depth \(record.depth)" + Self.describe(record) + "  validation \(validation)")
    case .cancelled(let level): show(Self.describe(level))
    case .rolledBack(let rollback): show(Self.describe(rollback))
    case .best, .warning, .parameters, .tested: break
    case .epoch(let record, let result, let decision):
      table?.add(record, result, decision)
      let mark = decision.keepsWeights ? "  kept" : ""
      show(Self.describe(record) + "  validation \(result.validation)" + mark)
      if decision.restart != nil, let table { show("\n\(table)\n") }
      // An outcome is told below the table that follows it.
      if decision.outcome == nil && !decision.explanation.isEmpty { show("→ " + decision.explanation) }
    case .finished(let result, _):
      show("\n" + ResultTable(result).description)
      if let steps = nextSteps(result) { show("\n\(steps)") }
    }
  }

  private mutating func begin(_ plan: SearchPlan) {
    self.plan = plan
    table = DepthTable(largest: plan.largest)
  }

  private func show(_ text: String) {
    StandardOutput.write((columns != nil ? "\r\u{1B}[K" : "") + text + "\n")
  }

  /// Overwrites the moving line, ten times a second at most.
  private mutating func showStep(_ progress: StepProgress) {
    let now = ContinuousClock.now
    guard let columns, let plan, lastUpdate.duration(to: now) > .milliseconds(100) else { return }
    lastUpdate = now
    // The last batch may have more images than the others.
    let imagesLeft = progress.step < progress.steps ? max(0, plan.trainImages - progress.step * plan.batchSize) : 0
    let line = LiveLine(
      progress, imagesLeft: imagesLeft, best: table?.best,
      target: plan.options.objective == .target ? plan.options.target : nil, columns: columns())
    StandardOutput.write("\r\u{1B}[K\(line)")
  }

  private static func describe(_ plan: SearchPlan) -> String {
    let groups = plan.options.groups == 1 ? "" : " in \(plan.options.groups) groups"
    return (plan.layout.map { "\($0), " } ?? "") + "\(plan.batchNorm)\n" + """
      \(plan.largest.name) on \(plan.largest.input) images: \(Format.count(plan.trainImages)) for training, \
      \(Format.count(plan.validationImages)) for validation, \(Format.count(plan.testImages)) for testing
      \(plan.ranks) \(plan.ranks == 1 ? "rank" : "ranks")\(groups), \(plan.batchSize) images per step; \
      \(describe(plan.options))\(resolution(of: plan)), depths \(plan.options.initialDepth) to \
      \(plan.largest.depth)
      """ + ("\(plan.affordable)".isEmpty ? "" : "\n\(plan.affordable)")
  }

  /// What the validation images can tell.
  private static func resolution(of plan: SearchPlan) -> String {
    plan.options.standardErrorOfTarget(images: plan.validationImages).map {
      ", measured to within \(Format.decimal($0, 2)) points"
    } ?? ""
  }

  private static func describe(_ options: SearchOptions) -> String {
    switch options.objective {
    case .target: "target \(options.target) % within \(options.tolerance) points"
    case .bestWithinBudget: "the best within the budget"
    case .knee: "the knee of accuracy against parameters"
    }
  }

  private static func describe(_ point: ResumePoint) -> String {
    let place =
      switch point.stage {
      case .warmUp: "warm-up of depths 1 to \(point.depth), epoch \(point.warmUpEpochs + 1)"
      case .level: "depth \(point.depth), epoch \(point.searchEpochs + 1)"
      }
    return "continued from \(point.file): \(place), after step \(point.step)"
  }

  private static func describe(_ stage: SearchStage, _ architecture: Architecture) -> String {
    switch stage {
    case .warmUp: "warm-up of depths 1 to \(architecture.depth) together"
    case .level: Format.size(of: architecture)
    }
  }

  private static func describe(_ level: CancelledLevel) -> String {
    let best = level.best.map { ", best validation \($0)" } ?? ""
    let epochs = "\(level.epochs) \(level.epochs == 1 ? "epoch" : "epochs")"
    return "→ depth \(level.depth) is not needed any more, after \(epochs)\(best)"
  }

  private static func describe(_ rollback: Rollback) -> String {
    """
    → \(rollback.reason): back to the beginning of epoch \(rollback.epoch), learning rates times \
    \(String(format: "%.3g", rollback.rateFactor)) (rollback \(rollback.rollback) of \(rollback.limit))
    """
  }

  private static func describe(_ record: EpochRecord) -> String {
    "  epoch \(String(format: "%3d", record.epoch))  rate \(String(format: "%-9.3g", record.learningRate))"
      + "loss \(Format.decimal(record.trainingLoss, 4))  "
      + "training \(String(format: "%6.2f", record.trainingAccuracy)) %  "
      + "\(String(format: "%5.0f", record.imagesPerSecond)) images/s  "
      + Format.duration(record.trainingSeconds + record.validationSeconds)
  }
}

/// A search's progress for programs: every step and epoch as one JSON object per line on standard output.
public struct JSONProgress: SearchObserver {
  /// There is nothing to set.
  public init() {}

  /// Prints the event's line, if it has one.
  public mutating func observe(_ event: SearchEvent) throws {
    switch event {
    case .started(let plan): try show("started", plan)
    case .resumed(let plan, let point): try show("resumed", ResumeLine(point, plan))
    case .stageStarted(let stage, let architecture): try show("stage", [stage.rawValue: architecture.depth])
    case .step(let progress): try show("step", progress)
    case .warmUpEpoch(let record): try show("warmUpEpoch", record)
    case .warmedUp(let accuracies): try show("warmedUp", WarmUpLine(accuracies))
    case .ahead(let record, let validation): try show("ahead", AheadLine(record, validation))
    case .cancelled(let level): try show("cancelled", level)
    case .rolledBack(let rollback): try show("rollback", rollback)
    case .epoch(let record, let result, let decision):
      try show("epoch", EpochLine(record, result, decision))
    case .best, .parameters, .tested: break
    case .warning(let text): try show("warning", ["message": text])
    case .finished(let result, _): try show("finished", Summary(result))
    }
  }

  private func show(_ event: String, _ value: some Encodable) throws {
    StandardOutput.write(try JSON.text(EventLine(event: event, value: value)) + "\n")
  }
}

/// Passes every event on to several observers, in order.
public struct Observers: SearchObserver {
  private var observers: [any SearchObserver]

  /// Those who are told, in this order.
  public init(_ observers: [any SearchObserver]) {
    self.observers = observers
  }

  /// Tells all of them; the first error ends it.
  public mutating func observe(_ event: SearchEvent) throws {
    for index in observers.indices { try observers[index].observe(event) }
  }
}
