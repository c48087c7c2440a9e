// An operation under way, which must be waited for.

internal import CMPI

/// A non-blocking operation that has started.
///
/// Its buffer must stay where it is, untouched, until the operation has finished: memory of an arena, never a pointer
/// out of `withUnsafe…`. A request that goes out of scope unfinished ends the program, since MPI would write to or
/// read from memory that may be gone. MPI makes progress when it is called: test now and then.
public struct Request: ~Copyable {
  var handle: CMPIRequest
  /// The C function that started it, for messages.
  let function: StaticString
  let rank: Int
  /// The element type of a receive, to count what came.
  let receives: Datatype?
  /// The call itself, where it is made only once it is compared with those of the other ranks.
  private(set) var deferred: CollectiveCheck.Call?
  var isFinished = false

  init(_ started: CMPIStarted, _ function: StaticString, rank: Int, receives: Datatype? = nil) throws(MPIError) {
    handle = started.request
    self.function = function
    self.rank = rank
    self.receives = receives
    isFinished = started.code != cmpi_success()
    try check(started.code, function, rank: rank)
  }

  init(_ deferred: CollectiveCheck.Call, _ function: StaticString, rank: Int) {
    handle = cmpi_request_null()
    self.function = function
    self.rank = rank
    receives = nil
    self.deferred = deferred
  }

  deinit {
    // Not a precondition: its message is left out of release builds.
    if !isFinished {
      fatalError("rank \(rank) dropped a request of \(function) unfinished: wait() for it, or add it to a pool")
    }
  }

  /// Waits until the operation has finished.
  ///
  /// - Returns: what was received; nil if the operation is not a receive, or `test()` has already returned true.
  /// - Throws: `MPIError.failed` if the operation failed, `MPIError.collectiveMismatch` if the ranks called different
  ///   ones. It is then over too.
  @discardableResult
  public consuming func wait() throws(MPIError) -> MessageStatus? {
    if isFinished { return nil }
    isFinished = true
    if let request = try deferred?.make(function) { handle = request }
    var status = MPI_Status()
    try check(cmpi_wait(&handle, &status), "MPI_Wait", rank: rank)
    guard let receives else { return nil }
    return try MessageStatus(status, receives, name: "element", function)
  }

  /// Whether the operation has finished; gives MPI a chance to progress. Does not wait.
  ///
  /// - Throws: `MPIError.failed` if the operation failed, `MPIError.collectiveMismatch` if the ranks called different
  ///   ones. It is then over too.
  public mutating func test() throws(MPIError) -> Bool {
    if isFinished { return true }
    if deferred != nil, try !isMade() { return false }
    var status = MPI_Status()
    var flag: Int32 = 0
    let code = cmpi_test(&handle, &flag, &status)
    isFinished = code != cmpi_success() || flag != 0
    try check(code, "MPI_Test", rank: rank)
    return isFinished
  }

  /// Makes the call if it is compared by now, and tells whether it is made.
  private mutating func isMade() throws(MPIError) -> Bool {
    do {
      guard let request = try deferred?.makeIfCompared(function) else { return false }
      handle = request
      deferred = nil
      return true
    } catch {
      isFinished = true
      throw error
    }
  }

  /// Gives the operation up without waiting.
  ///
  /// Only for a rank that is about to end after an error: MPI may still use the buffer, and the operation stays open
  /// on the other ranks. Needed before `Communicator.abort(_:)` too, since Swift destroys what is in scope before a call
  /// that never returns.
  public consuming func abandon() {
    isFinished = true
  }
}
