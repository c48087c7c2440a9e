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
