// Sums of buckets over ranks that travel as 16-bit floats, at half the bytes.

import MPI
import NeuralNetwork

/// Sums in three steps, all of which may be under way for several buckets at once: each rank rounds its values and sends
/// every rank a slice of them; sums its own slice of all ranks' values, as 32-bit floats and in the order of the ranks,
/// and rounds that; and receives the sums of all slices.
///
/// What the two roundings take away stays here as `residuals` and is added in the next step, so that over many steps
/// nothing is lost.
final class CompressedSummation: BucketSummation {
  let bytesPerStep: Int
  let buckets: [Bucket]
  /// Ranks may receive slices in different orders, but start the operations of one communicator in the same.
  let exchanges: Communicator
  private let gathers: Communicator
  private var requests: RequestPool
  /// What each request in the pool is for, by its slot.
  private var operations: [Operation]
  /// Those that have finished and are yet to be followed up.
  private var finished: [Operation] = []
  /// The buckets whose slices are here, and how many of them have gone on.
  private var hasArrived: [Bool]
  private var summed = 0
  private var unfinished = 0
  private var values: [FloatView?]

  /// Rounded values of this rank, and later sums; the slices of all ranks; the sums of this rank's slices.
  private let outgoing: AlignedBuffer<UInt16>
  private let incoming: AlignedBuffer<UInt16>
  private let sums: AlignedBuffer<UInt16>
  /// What rounding has taken away from this rank's values, as they lie in the arena, and from the sums of its slices.
  let valueResiduals: AlignedBuffer<Float>
  let sumResiduals: AlignedBuffer<Float>

  /// Where a bucket lies: in the arena, among all ranks' slices, and among this rank's.
  struct Bucket {
    let arena: Range<Int>
    let slices: Range<Int>
    let own: Range<Int>
  }

  private enum Operation {
    case exchange(Int)
    case gather(Int)
  }

  /// - Parameter communicators: two that nobody else starts operations on.
  init(_ communicators: (Communicator, Communicator), _ layout: GradientBuckets, arenaFloats: Int) {
    (exchanges, gathers) = communicators
    let ranks = exchanges.size
    var buckets: [Bucket] = []
    var (wire, own) = (0, 0)
    for range in layout.ranges {
      // The last slices may be short or empty: they are filled up, so that all have one length.
      let slice = (range.count + ranks - 1) / ranks
      buckets.append(Bucket(arena: range, slices: wire..<wire + slice * ranks, own: own..<own + slice))
      (wire, own) = (wire + slice * ranks, own + slice)
    }
    self.buckets = buckets
    bytesPerStep = wire * MemoryLayout<UInt16>.stride
    requests = RequestPool(capacity: max(2 * buckets.count, 1))
    operations = Array(repeating: .exchange(0), count: 2 * buckets.count)
    finished.reserveCapacity(2 * buckets.count)
    hasArrived = Array(repeating: false, count: buckets.count)
    values = Array(repeating: nil, count: buckets.count)
    outgoing = AlignedBuffer(count: wire)
    incoming = AlignedBuffer(count: wire)
    sums = AlignedBuffer(count: own)
    valueResiduals = AlignedBuffer(count: arenaFloats)
    sumResiduals = AlignedBuffer(count: own)
  }

  deinit { requests.abandonAll() }

  /// Its size in memory.
  var bytes: Int { outgoing.bytes + incoming.bytes + sums.bytes + valueResiduals.bytes + sumResiduals.bytes }

  /// About that size, for so many parameters.
  static func bytes(_ parameters: Int, ranks: Int) -> Int {
    let (half, float) = (MemoryLayout<UInt16>.stride, MemoryLayout<Float>.stride)
    return parameters * (2 * half + float) + (parameters + ranks - 1) / ranks * (half + float)
  }

  func start(_ index: Int, _ values: FloatView) throws(MPIError) {
    if index == 0 { beginStep() }
    let bucket = buckets[index]
    self.values[index] = values
    let slices = outgoing.view[bucket.slices]
    BFloat16.round(values, residuals: valueResiduals.view[bucket.arena], into: slices.prefix(values.count))
    let request = try exchanges.startAlltoall(
      UnsafeBufferPointer(slices.unsafeBuffer), into: incoming.view[bucket.slices].unsafeBuffer)
    operations[requests.add(request)] = .exchange(index)
    unfinished += 1
  }

  func advance() throws(MPIError) {
    try requests.testSome { finished.append(operations[$0]) }
    try followUp()
  }

  func finish() throws(MPIError) {
    while unfinished > 0 {
      try requests.waitSome { finished.append(operations[$0]) }
      try followUp()
    }
  }

  private func beginStep() {
    for index in hasArrived.indices { hasArrived[index] = false }
    summed = 0
  }

  private func followUp() throws(MPIError) {
    for place in finished.indices {
      switch finished[place] {
      case .exchange(let index): hasArrived[index] = true
      case .gather(let index):
        guard let values = values[index] else { continue }
        BFloat16.expand(outgoing.view[buckets[index].slices].prefix(values.count), into: values)
        unfinished -= 1
      }
    }
    finished.removeAll(keepingCapacity: true)
    while summed < hasArrived.count, hasArrived[summed] {
      try gather(summed)
      summed += 1
    }
  }

  private func gather(_ index: Int) throws(MPIError) {
    let bucket = buckets[index]
    let own = sums.view[bucket.own]
    BFloat16.roundSum(of: incoming.view[bucket.slices], residuals: sumResiduals.view[bucket.own], into: own)
    let request = try gathers.startAllgather(
      UnsafeBufferPointer(own.unsafeBuffer), into: outgoing.view[bucket.slices].unsafeBuffer)
    operations[requests.add(request)] = .gather(index)
  }
}
