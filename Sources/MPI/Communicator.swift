// A group of ranks that exchange data: who they are, how groups are made from groups, and the checks that every
// operation shares. The operations are in the extensions beside this file.

internal import CMPI

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// A group of processes, numbered by `rank` from 0, that exchange data.
///
/// All operations are for the thread that initialised MPI. Collective operations (all but `send`, `receive`, `probe`
/// and their kin) must be called by every rank of the communicator, in the same order and with matching arguments.
///
/// Operations on unsafe buffers never allocate; those on arrays and scalars are conveniences for small data.
/// Wrong ranks, tags and lengths are refused before MPI sees them.
public final class Communicator {
  let handle: MPI_Comm
  private let isDerived: Bool
  /// Compares the ranks' collective calls; nil where that is not asked for, or there is nothing to compare.
  let collectiveCheck: CollectiveCheck?
  /// This process's number in the group, `0..<size`.
  public let rank: Int
  /// The number of processes.
  public let size: Int
  /// The largest tag of a message; at least 32767.
  public let maximumTag: Int

  /// The number of elements that blocking broadcasts, reductions, sends and receives hand to MPI at once.
  ///
  /// Longer buffers are passed in several calls. It must be the same on all ranks. The default is the largest count
  /// that MPI takes; a few MB are faster where a cache-sized piece matters. Communicators made from this one inherit
  /// it. Values are clamped to `1...Int32.max`.
  public var maximumCountPerCall = Communicator.largestCount {
    didSet { maximumCountPerCall = min(max(maximumCountPerCall, 1), Self.largestCount) }
  }

  /// MPI counts elements in C's `int`.
  static let largestCount = Int(Int32.max)

  init(
    handle: MPI_Comm, isDerived: Bool, maximumCountPerCall: Int = Communicator.largestCount, checksCollectives: Bool
  ) throws(MPIError) {
    var rank: Int32 = 0
    var size: Int32 = 0
    try MPI.check(cmpi_return_errors(handle), "MPI_Comm_set_errhandler")
    try MPI.check(MPI_Comm_rank(handle, &rank), "MPI_Comm_rank")
    try MPI.check(MPI_Comm_size(handle, &size), "MPI_Comm_size", rank: Int(rank))
    self.handle = handle
    self.isDerived = isDerived
    self.rank = Int(rank)
    self.size = Int(size)
    self.maximumTag = Int(cmpi_largest_tag())
    self.maximumCountPerCall = maximumCountPerCall
    collectiveCheck =
      checksCollectives && size > 1 ? try CollectiveCheck(handle, rank: Int(rank), size: Int(size)) : nil
  }

  deinit {
    if isDerived && !Universe.isFinalized { _ = cmpi_comm_free(handle) }
  }

  // MARK: Groups from groups

  /// The same group with its own messages: what is sent here is never received there. Collective.
  ///
  /// A library that takes a communicator duplicates it, to keep its messages apart from its caller's.
  public func duplicate() throws(MPIError) -> Communicator {
    try compare("MPI_Comm_dup")
    let result = cmpi_comm_dup(handle)
    try check(result.code, "MPI_Comm_dup")
    return try derived(result.value)
  }

  /// The group of all ranks that pass the same `color`, ordered by `key`, then by rank. Collective.
  ///
  /// - Returns: nil on ranks that pass a nil colour: they are in no group.
  /// - Throws: `MPIError.invalidArgument` for a colour or a key outside `0...Int32.max`.
  public func split(color: Int?, key: Int = 0) throws(MPIError) -> Communicator? {
    if let color { try validate(color, "color", in: 0...Self.largestCount, "MPI_Comm_split") }
    try validate(key, "key", in: 0...Self.largestCount, "MPI_Comm_split")
    try compare("MPI_Comm_split")
    let result = cmpi_comm_split(handle, color.map(Int32.init) ?? cmpi_undefined(), Int32(key))
    try check(result.code, "MPI_Comm_split")
    return result.is_null != 0 ? nil : try derived(result.value)
  }

  /// The ranks of this group that share memory with this one: usually, those on the same host. Collective.
  public func splitSharedMemory() throws(MPIError) -> Communicator {
    try compare("MPI_Comm_split_type")
    let result = cmpi_comm_split_shared(handle, Int32(rank))
    try check(result.code, "MPI_Comm_split_type")
    return try derived(result.value)
  }

  private func derived(_ handle: MPI_Comm) throws(MPIError) -> Communicator {
    try Communicator(
      handle: handle, isDerived: true, maximumCountPerCall: maximumCountPerCall,
      checksCollectives: collectiveCheck != nil)
  }

  // MARK: Together

  /// Returns when every rank has called it. Collective.
  public func barrier() throws(MPIError) {
    try compare("MPI_Barrier")
    try check(MPI_Barrier(handle), "MPI_Barrier")
  }

  /// Ends all processes of the run at once, with `code` (0...255) as the launcher's exit code where it can.
  public func abort(_ code: Int) -> Never {
    fflush(nil)
    MPI_Abort(handle, Int32(truncatingIfNeeded: code))
    exit(Int32(truncatingIfNeeded: code))
  }
}

// MARK: - Checks shared by all operations

extension Communicator {
  func check(_ code: Int32, _ function: StaticString) throws(MPIError) {
    try MPI.check(code, function, rank: rank)
  }

  func validate(rank other: Int, as role: StaticString, _ function: StaticString) throws(MPIError) {
    guard (0..<size).contains(other) else {
      throw .invalidRank(function: "\(function)", role: "\(role)", rank: other, size: size)
    }
  }

  func validate(
    _ value: Int, _ argument: StaticString, in range: ClosedRange<Int>, _ function: StaticString
  ) throws(MPIError) {
    guard range.contains(value) else {
      throw .invalidArgument(
        function: "\(function)", argument: "\(argument)", value: value, maximum: range.upperBound)
    }
  }

  func validate(tag: Int, _ function: StaticString) throws(MPIError) {
    try validate(tag, "tag", in: 0...maximumTag, function)
  }

  func validate(
    _ found: Int, equals expected: Int, _ argument: StaticString, _ function: StaticString
  ) throws(MPIError) {
    guard found == expected else {
      throw .sizeMismatch(function: "\(function)", argument: "\(argument)", expected: expected, found: found)
    }
  }

  /// `count` as MPI takes it, for operations that cannot be cut into several calls.
  func cCount(_ count: Int, _ function: StaticString) throws(MPIError) -> Int32 {
    guard count <= Self.largestCount else {
      throw .countTooLarge(function: "\(function)", count: count, maximum: Self.largestCount)
    }
    return Int32(count)
  }

  /// The length of each of `size` equal parts of `count` elements.
  func equalParts(of count: Int, _ function: StaticString) throws(MPIError) -> Int {
    guard count.isMultiple(of: size) else {
      throw .notDivisible(function: "\(function)", count: count, size: size)
    }
    return count / size
  }

  /// Calls `body` with the offset and length of consecutive pieces of at most `maximumCountPerCall` elements; once
  /// if there are none, since the other ranks may be waiting.
  @inline(__always)
  func forEachPiece(of count: Int, _ body: (Int, Int32) throws(MPIError) -> Void) throws(MPIError) {
    var start = 0
    repeat {
      let length = min(count - start, maximumCountPerCall)
      try body(start, Int32(length))
      start += length
    } while start < count
  }
}
