// Finds out when ranks call different collective operations, which MPI itself answers with a hang, a crash or wrong
// numbers.
//
// Before a collective call, its description goes to all ranks over a duplicate of the communicator, always by the same
// operation, so that the comparison fits together where the calls do not. It cannot see a rank that makes no call at all.

internal import CMPI

/// Compares the collective calls of one communicator's ranks, one after the other.
final class CollectiveCheck {
  /// Bytes of a description. Lists of counts may be longer: they are cut, and told apart by a hash.
  private static let descriptionSize = 80

  private let channel: MPI_Comm
  private let rank: Int
  private let size: Int
  /// Calls so far.
  private var count = 0
  /// Comparisons under way, oldest first.
  private var comparisons: [Comparison] = []

  /// What goes around for one call.
  private struct Comparison {
    var request: CMPIRequest
    /// This rank's description, and then those of all ranks.
    let memory: UnsafeMutableBufferPointer<UInt8>
    let call: Call
  }

  /// A call that is made when it is compared.
  final class Call {
    fileprivate let check: CollectiveCheck
    fileprivate let number: Int
    fileprivate let start: () -> CMPIStarted
    /// Nil before it is made.
    fileprivate var started: CMPIStarted?

    fileprivate init(_ check: CollectiveCheck, number: Int, start: @escaping () -> CMPIStarted) {
      self.check = check
      self.number = number
      self.start = start
    }

    /// Waits until the call is compared, makes it, and returns its request.
    /// - Throws: `MPIError.collectiveMismatch` if it, or one before it, differs among the ranks.
    func make(_ function: StaticString) throws(MPIError) -> CMPIRequest? {
      while started == nil, try check.finishFirst(waiting: true) {}
      return try request(function)
    }

    /// Makes the call if it is compared by now, and returns its request; else nil.
    /// - Throws: `MPIError.collectiveMismatch` if it, or one before it, differs among the ranks.
    func makeIfCompared(_ function: StaticString) throws(MPIError) -> CMPIRequest? {
      while started == nil, try check.finishFirst(waiting: false) {}
      return try request(function)
    }

    private func request(_ function: StaticString) throws(MPIError) -> CMPIRequest? {
      if let started { try MPI.check(started.code, function, rank: check.rank) }
      return started?.request
    }
  }

  /// A check of the calls of `communicator`. Collective.
  init(_ communicator: MPI_Comm, rank: Int, size: Int) throws(MPIError) {
    let result = cmpi_comm_dup(communicator)
    try MPI.check(result.code, "MPI_Comm_dup", rank: rank)
    try MPI.check(cmpi_return_errors(result.value), "MPI_Comm_set_errhandler", rank: rank)
    channel = result.value
    self.rank = rank
    self.size = size
  }

  // Comparisons under way keep it alive: they still write to their memory.
  deinit { if !Universe.isFinalized { _ = cmpi_comm_free(channel) } }

  /// Starts the comparison of a call that is made by `start` once it and all before it are compared.
  func add(_ description: String, start: @escaping () -> CMPIStarted) throws(MPIError) -> Call {
    let length = Self.descriptionSize
    let memory = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: length * (size + 1))
    memory.initialize(repeating: 0)
    _ = memory.update(fromContentsOf: Self.shortened(description))
    let started = cmpi_iallgather(
      memory.baseAddress, memory.baseAddress.map { $0 + length }, Int32(length), UInt8.datatype.handle, channel)
    try MPI.check(started.code, "MPI_Iallgather", rank: rank)
    count += 1
    let call = Call(self, number: count, start: start)
    comparisons.append(Comparison(request: started.request, memory: memory, call: call))
    return call
  }

  /// Finishes the oldest comparison, and makes its call. Calls are made in the order in which they came, on every rank.
  ///
  /// - Returns: false if there is none, or it is still under way and not to be waited for.
  /// - Throws: `MPIError.collectiveMismatch` if the call differs among the ranks.
  private func finishFirst(waiting: Bool) throws(MPIError) -> Bool {
    if comparisons.isEmpty { return false }
    var status = MPI_Status()
    var flag: Int32 = 1
    if waiting {
      try MPI.check(cmpi_wait(&comparisons[0].request, &status), "MPI_Wait", rank: rank)
    } else {
      try MPI.check(cmpi_test(&comparisons[0].request, &flag, &status), "MPI_Test", rank: rank)
    }
    if flag == 0 { return false }
    try finish(comparisons.removeFirst())
    return true
  }

  private func finish(_ comparison: Comparison) throws(MPIError) {
    defer { comparison.memory.deallocate() }
    let length = Self.descriptionSize
    let calls = (1...size).map { place in
      let bytes = comparison.memory[place * length..<(place + 1) * length]
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    if calls.contains(where: { $0 != calls[0] }) {
      throw .collectiveMismatch(number: comparison.call.number, calls: calls)
    }
    comparison.call.started = comparison.call.start()
  }

  private static func shortened(_ description: String) -> [UInt8] {
    let bytes = Array(description.utf8)
    if bytes.count <= descriptionSize { return bytes }
    // FNV-1a (Fowler, Noll, Vo), 64 bits.
    let hash = bytes.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    let end = Array("… (hash \(String(hash, radix: 16)))".utf8)
    return bytes.prefix(descriptionSize - end.count) + end
  }
}

extension Communicator {
  /// Compares a blocking collective call with those of the other ranks, if that is asked for, and throws where they differ.
  @inline(__always)
  func compare(_ description: @autoclosure () -> String) throws(MPIError) {
    guard let collectiveCheck else { return }
    _ = try collectiveCheck.add(description()) { CMPIStarted() }.make("MPI_Iallgather")
  }
}
