// How events are written as JSON lines, in the run's log and for programs that watch it.

import DepthSearch
import DistributedTraining

/// A line of JSON: what happened, when, and its particulars.
struct EventLine<Value: Encodable>: Encodable {
  let event: String
  /// Seconds since the run began; left out where the reader sees events as they happen.
  var time: Double?
  let value: Value
}

/// What the warm-up left.
struct WarmUpLine: Encodable {
  /// Of each depth's classifier, from depth 1 on.
  let validation: [Accuracy]

  init(_ accuracies: [Accuracy]) {
    validation = accuracies
  }
}

/// An epoch of the search with its validation and what was decided.
struct EpochLine: Encodable {
  let training: EpochRecord
  let validation: Accuracy
  let validationAccuracy: Double
  let decision: Decision

  init(_ record: EpochRecord, _ result: EpochResult, _ decision: Decision) {
    training = record
    validation = result.validation
    validationAccuracy = result.validation.percent
    self.decision = decision
  }
}

/// An epoch of a level that the search has not come to yet.
struct AheadLine: Encodable {
  /// Counted within the level.
  let training: EpochRecord
  let validation: Accuracy
  let validationAccuracy: Double

  init(_ record: EpochRecord, _ validation: Accuracy) {
    training = record
    self.validation = validation
    validationAccuracy = validation.percent
  }
}

/// Where a run is continued.
struct ResumeLine: Encodable {
  let checkpoint: String
  let stage: SearchStage
  let depth: Int
  let warmUpEpochs: Int
  let searchEpochs: Int
  let step: Int
  /// Of the ranks that the checkpoint is from.
  let ranks: Int
  /// Of those that go on.
  let batchNormRanks: Int
  let layout: RunLayout?
  /// By the latencies that were measured when the search began.
  let affordable: AffordableDepths

  init(_ point: ResumePoint, _ plan: SearchPlan) {
    checkpoint = point.file
    stage = point.stage
    depth = point.depth
    warmUpEpochs = point.warmUpEpochs
    searchEpochs = point.searchEpochs
    step = point.step
    ranks = point.ranks
    batchNormRanks = plan.batchNorm.depths.size
    layout = plan.layout
    affordable = plan.affordable
  }
}
