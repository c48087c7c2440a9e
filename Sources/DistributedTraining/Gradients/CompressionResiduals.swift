// What compressed sums remember from step to step, of all ranks together: gathered on rank 0, and given back.

import MPI
import NeuralNetwork

/// What rounding has taken away and the next step adds again. It lies as the gradients do, whatever the buckets were.
struct CompressionResiduals: Sendable {
  /// Of each rank's own gradients, by rank.
  let values: [[Float]]
  /// Of their sums.
  let sums: [Float]
}

extension CompressionResiduals {
  /// What each of `ranks` goes on with. Where they were another number, the first takes over what all of them owe.
  fileprivate func values(for ranks: Int) -> [[Float]] {
    if values.count == ranks { return values }
    var total = [Float](repeating: 0, count: sums.count)
    for own in values {
      for i in total.indices { total[i] += own[i] }
    }
    return [total] + Array(repeating: [Float](repeating: 0, count: total.count), count: ranks - 1)
  }
}

extension CompressedSummation {
  /// The residuals of all ranks on rank 0, nil on the others. Collective, between steps.
  func gatherResiduals() throws(MPIError) -> CompressionResiduals? {
    var sums = [Float](repeating: 0, count: valueResiduals.count)
    for (place, range) in ownSlices { sums.replaceSubrange(range, with: sumResiduals.view[place].array) }
    // Every place is one rank's, and 0 on the others.
    let all = try exchanges.reduce(sums, .sum, to: 0)
    guard exchanges.rank == 0, let all else {
      try exchanges.send(valueResiduals.view.array, to: 0)
      return nil
    }
    // One after the other: together they may be more than MPI counts in a call.
    var values = [valueResiduals.view.array]
    for rank in 1..<exchanges.size {
      var own = [Float](repeating: 0, count: valueResiduals.count)
      try own.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in
        _ = try exchanges.receive(into: buffer, from: rank)
      }
      values.append(own)
    }
    return CompressionResiduals(values: values, sums: all)
  }

  /// Gives the ranks what rank 0's `residuals`, of this network, hold, if it has any; the others' argument is ignored.
  /// Collective, between steps.
  func restoreResiduals(_ residuals: CompressionResiduals?) throws(MPIError) {
    var isThere: Int32 = residuals == nil ? 0 : 1
    try exchanges.broadcast(&isThere, from: 0)
    guard isThere == 1 else { return }
    var sums = residuals?.sums ?? []
    try exchanges.broadcast(&sums, from: 0)
    for (place, range) in ownSlices { sumResiduals.view[place].copy(from: Array(sums[range])) }
    guard let residuals, exchanges.rank == 0 else {
      try exchanges.receive(into: valueResiduals.view.unsafeBuffer, from: 0)
      return
    }
    let values = residuals.values(for: exchanges.size)
    valueResiduals.view.copy(from: values[0])
    for rank in 1..<exchanges.size { try exchanges.send(values[rank], to: rank) }
  }

  /// Where this rank's slices lie among its sums, and in the arena.
  private var ownSlices: [(place: Range<Int>, arena: Range<Int>)] {
    buckets.map { bucket in
      let start = min(bucket.arena.lowerBound + exchanges.rank * bucket.own.count, bucket.arena.upperBound)
      let end = min(start + bucket.own.count, bucket.arena.upperBound)
      return (bucket.own.lowerBound..<bucket.own.lowerBound + end - start, start..<end)
    }
  }
}
