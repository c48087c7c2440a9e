// Many operations under way at once, waited for or tested together without allocating.

internal import CMPI

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Non-blocking operations that are completed together, in any order.
///
/// Requests get slots 0, 1, 2, … in the order in which they are added; numbering starts anew when all have finished.
/// Adding beyond the capacity doubles it; apart from that no call allocates. What receives were (`MessageStatus`) is
/// not kept: wait for the request itself where it matters. Like a request, a pool must not be dropped unfinished.
public struct RequestPool: ~Copyable {
  /// The number of requests that are not known to have finished.
  public private(set) var pendingCount = 0
  /// The number of requests for which there is memory.
  public private(set) var capacity: Int

  private var slotCount = 0
  /// Calls that are made only once they are compared with those of the other ranks.
  private var deferred: [DeferredCall] = []
  private var requests: UnsafeMutablePointer<CMPIRequest>
  private var statuses: UnsafeMutablePointer<MPI_Status>
  private var indices: UnsafeMutablePointer<Int32>

  private struct DeferredCall {
    let slot: Int
    let call: CollectiveCheck.Call
    let function: StaticString
  }

  /// An empty pool for `capacity` requests.
  public init(capacity: Int = 16) {
    precondition(capacity > 0, "a pool has room for 1 request or more, not \(capacity)")
    self.capacity = capacity
    requests = .allocate(capacity: capacity)
    statuses = .allocate(capacity: capacity)
    indices = .allocate(capacity: capacity)
  }

  deinit {
    if pendingCount > 0 {
      fatalError("a pool was dropped with \(pendingCount) unfinished requests: call waitAll() before")
    }
    requests.deallocate()
    statuses.deallocate()
    indices.deallocate()
  }

  /// Whether every request has finished.
  public var isEmpty: Bool { pendingCount == 0 }

  /// Takes over a request and returns its slot.
  @discardableResult
  public mutating func add(_ request: consuming Request) -> Int {
    if pendingCount == 0 { slotCount = 0 }
    if slotCount == capacity { grow() }
    let slot = slotCount
    requests[slot] = request.isFinished ? cmpi_request_null() : request.handle
    if !request.isFinished {
      pendingCount += 1
      if let call = request.deferred {
        deferred.append(DeferredCall(slot: slot, call: call, function: request.function))
      }
    }
    request.isFinished = true
    slotCount += 1
    return slot
  }

  /// Waits until every request has finished.
  ///
  /// - Throws: `MPIError.failed` if one failed, `MPIError.collectiveMismatch` if the ranks called different operations.
  ///   All are then over.
  public mutating func waitAll() throws(MPIError) {
    // Not MPI_Waitall: Open MPI 4.1's may wait forever if a request fails while it waits.
    while pendingCount > 0 { try waitSome() }
  }

  /// Calls `finished` with the slot of every request that has finished since the last call. Does not wait, and gives
  /// MPI a chance to progress.
  ///
  /// - Returns: how many they were.
  /// - Throws: as `waitAll()`.
  @discardableResult
  public mutating func testSome(_ finished: (Int) -> Void = { _ in }) throws(MPIError) -> Int {
    guard pendingCount > 0 else { return 0 }
    try makeDeferred()
    // As long as none is made, there are none for MPI to test.
    guard pendingCount > deferred.count else { return 0 }
    var count: Int32 = 0
    let code = cmpi_testsome(Int32(slotCount), requests, &count, indices, statuses)
    try take(code, count, "MPI_Testsome")
    for index in 0..<Int(count) { finished(Int(indices[index])) }
    return Int(count)
  }

  /// The same, but waits until one has finished, if there is any that has not.
  @discardableResult
  public mutating func waitSome(_ finished: (Int) -> Void = { _ in }) throws(MPIError) -> Int {
    // Calls that are not made yet have to be, before MPI can wait for all that there are.
    while !deferred.isEmpty {
      let count = try testSome(finished)
      if count > 0 { return count }
      sched_yield()
    }
    guard pendingCount > 0 else { return 0 }
    var count: Int32 = 0
    let code = cmpi_waitsome(Int32(slotCount), requests, &count, indices, statuses)
    try take(code, count, "MPI_Waitsome")
    for index in 0..<Int(count) { finished(Int(indices[index])) }
    return Int(count)
  }

  /// Gives all operations up without waiting, as `Request.abandon()` does.
  public mutating func abandonAll() {
    pendingCount = 0
    deferred = []
  }

  /// Counts finished requests, or throws the first failed request's own error where the call only says that there is one.
  private mutating func take(_ code: Int32, _ finished: Int32, _ function: StaticString) throws(MPIError) {
    if code == cmpi_success() {
      pendingCount -= Int(finished)
      return
    }
    abandonAll()
    if errorClass(of: code) == .inStatus {
      for index in 0..<Int(max(finished, 0)) {
        let error = statuses[index].MPI_ERROR
        if error != cmpi_success() && errorClass(of: error) != .pending { try MPI.check(error, function) }
      }
    }
    try MPI.check(code, function)
  }

  /// Puts the requests of the calls that are made by now into their slots; an error ends all.
  private mutating func makeDeferred() throws(MPIError) {
    do {
      var waiting: [DeferredCall] = []
      for entry in deferred {
        if let request = try entry.call.makeIfCompared(entry.function) {
          requests[entry.slot] = request
        } else {
          waiting.append(entry)
        }
      }
      if waiting.count < deferred.count { deferred = waiting }
    } catch {
      abandonAll()
      throw error
    }
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<CMPIRequest>.allocate(capacity: capacity * 2)
    larger.update(from: requests, count: slotCount)
    requests.deallocate()
    statuses.deallocate()
    indices.deallocate()
    requests = larger
    statuses = .allocate(capacity: capacity * 2)
    indices = .allocate(capacity: capacity * 2)
    capacity *= 2
  }
}
