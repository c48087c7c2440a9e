// What a search knows of a curve after one of its epochs, and what it came to.

import DepthSearch

/// A curve after one of its epochs, or before the first one.
struct Look {
  let course: CurveModel.Course
  /// Its epochs.
  let epoch: Int
  /// Those of the whole curve.
  let epochs: Int
  /// The last accuracy; before the first epoch that of the next shallower depth.
  let last: Accuracy
  /// The best accuracy so far, 0…1.
  let best: Double
  /// What the curve ends with.
  let end: Accuracy

  /// The share of the schedule that is over, 0…1.
  var progress: Double { Double(epoch) / Double(epochs) }
}

extension RecordedSearch {
  /// The looks at one curve: after each of the epochs after which a search may give it up.
  func looks(at index: Int) -> [Look] {
    let options = AdaptiveOptions(epochs: epochs, confidence: 0.5)
    return (1...epochs).filter(options.mayGiveUp).compactMap { look(at: index, afterEpochs: $0) }
  }

  /// The look at a curve before its first epoch; nil for the shallowest one.
  func forecast(of index: Int) -> Look? { look(at: index, afterEpochs: 0) }

  private func look(at index: Int, afterEpochs epoch: Int) -> Look? {
    let part = Array(curves[index].validation[..<epoch])
    let reference = reference(for: index)
    let course = CurveModel.Course(of: curves[index].depth, curve: part, epochs: epochs, reference: reference)
    guard let course, let last = part.last ?? (index > 0 ? end(of: index - 1) : nil) else { return nil }
    return Look(
      course: course, epoch: epoch, epochs: epochs, last: last, best: part.map(\.share).max() ?? 0,
      end: end(of: index))
  }

  /// What a curve ends with.
  func end(of index: Int) -> Accuracy { curves[index].validation[epochs - 1] }
}
