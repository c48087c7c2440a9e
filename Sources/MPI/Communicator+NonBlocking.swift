// Operations that start now and finish later. Each returns a `Request`, whose documentation says what holds for the
// buffers: they are stable memory, untouched until the request has finished.
//
// One request is one MPI call, so counts have MPI's limit; longer buffers are several requests.

internal import CMPI

extension Communicator {
  /// Starts sending `buffer` to rank `destination`.
  ///
  /// - Throws: `MPIError.countTooLarge` for `maximumCountPerCall` elements or more.
  public func startSend<T: MPIScalar>(
    _ buffer: UnsafeBufferPointer<T>, to destination: Int, tag: Int = 0
  ) throws(MPIError) -> Request {
    try validate(rank: destination, as: "destination", "MPI_Isend")
    try validate(tag: tag, "MPI_Isend")
    let started = cmpi_isend(
      buffer.baseAddress, try messageCount(buffer.count, "MPI_Isend"), T.datatype.handle, Int32(destination),
      Int32(tag), handle)
    return try Request(started, "MPI_Isend", rank: rank)
  }

  /// Starts receiving a message into the start of `buffer`; the request's `wait()` says what it was.
  ///
  /// - Parameters:
  ///   - buffer: where it goes, to the start.
  ///   - source: the rank it comes from; nil takes it from any rank.
  ///   - tag: the tag it has; nil takes any.
  /// - Throws: `MPIError.countTooLarge` for `maximumCountPerCall` elements or more.
  public func startReceive<T: MPIScalar>(
    into buffer: UnsafeMutableBufferPointer<T>, from source: Int? = nil, tag: Int? = nil
  ) throws(MPIError) -> Request {
    let envelope = try Envelope(source: source, tag: tag, of: self, "MPI_Irecv")
    let started = cmpi_irecv(
      buffer.baseAddress, try messageCount(buffer.count, "MPI_Irecv"), T.datatype.handle, envelope.source,
      envelope.tag, handle)
    return try Request(started, "MPI_Irecv", rank: rank, receives: T.datatype)
  }

  /// Starts combining every rank's `buffer` in place. Collective.
  ///
  /// - Throws: `MPIError.countTooLarge` for more than `Int32.max` elements.
  public func startAllreduce<T: MPIScalar>(
    _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation<T>
  ) throws(MPIError) -> Request {
    let count = try cCount(buffer.count, "MPI_Iallreduce")
    func start() -> CMPIStarted {
      cmpi_iallreduce(cmpi_in_place(), buffer.baseAddress, count, T.datatype.handle, operation.handle, handle)
    }
    guard let collectiveCheck else { return try Request(start(), "MPI_Iallreduce", rank: rank) }
    let call = try collectiveCheck.add("MPI_Iallreduce of \(count) \(T.self) (\(operation.name))", start: start)
    return Request(call, "MPI_Iallreduce", rank: rank)
  }

  /// Starts combining every rank's `source` into every rank's `destination`, which must not overlap it. Collective.
  ///
  /// - Throws: `MPIError.sizeMismatch` if the two differ in length, `MPIError.countTooLarge` for more than
  ///   `Int32.max` elements.
  public func startAllreduce<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>,
    _ operation: ReductionOperation<T>
  ) throws(MPIError) -> Request {
    try validate(destination.count, equals: source.count, "the destination", "MPI_Iallreduce")
    let count = try cCount(source.count, "MPI_Iallreduce")
    func start() -> CMPIStarted {
      cmpi_iallreduce(
        source.baseAddress, destination.baseAddress, count, T.datatype.handle, operation.handle, handle)
    }
    guard let collectiveCheck else { return try Request(start(), "MPI_Iallreduce", rank: rank) }
    let call = try collectiveCheck.add("MPI_Iallreduce of \(count) \(T.self) (\(operation.name))", start: start)
    return Request(call, "MPI_Iallreduce", rank: rank)
  }

  /// Starts sending part `r` of `source` to rank `r`, and receiving that of every rank, in rank order, in `destination`,
  /// which must not overlap it. Collective; all ranks pass the same counts.
  ///
  /// - Throws: `MPIError.notDivisible` if `source` has no `size` equal parts, `MPIError.sizeMismatch` if
  ///   `destination` is not as long, `MPIError.countTooLarge` if a part has more than `Int32.max` elements.
  public func startAlltoall<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>
  ) throws(MPIError) -> Request {
    let function: StaticString = "MPI_Ialltoall"
    let count = try cCount(try equalParts(of: source.count, function), function)
    try validate(destination.count, equals: source.count, "the destination", function)
    func start() -> CMPIStarted {
      cmpi_ialltoall(source.baseAddress, destination.baseAddress, count, T.datatype.handle, handle)
    }
    guard let collectiveCheck else { return try Request(start(), function, rank: rank) }
    let call = try collectiveCheck.add("\(function) of \(count) \(T.self)", start: start)
    return Request(call, function, rank: rank)
  }

  /// Starts copying every rank's `source`, in rank order, into every rank's `destination`, which must not overlap it.
  /// Collective; all ranks pass the same count.
  ///
  /// - Throws: `MPIError.sizeMismatch` if the destination has not `size` times the source's length,
  ///   `MPIError.countTooLarge` for more than `Int32.max` elements.
  public func startAllgather<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>
  ) throws(MPIError) -> Request {
    let function: StaticString = "MPI_Iallgather"
    let count = try cCount(source.count, function)
    try validate(destination.count, equals: source.count * size, "the destination", function)
    func start() -> CMPIStarted {
      cmpi_iallgather(source.baseAddress, destination.baseAddress, count, T.datatype.handle, handle)
    }
    guard let collectiveCheck else { return try Request(start(), function, rank: rank) }
    let call = try collectiveCheck.add("\(function) of \(count) \(T.self)", start: start)
    return Request(call, function, rank: rank)
  }

  /// Starts copying the root's `buffer` into every rank's. Collective.
  ///
  /// - Throws: `MPIError.countTooLarge` for more than `Int32.max` elements.
  public func startBroadcast<T: MPIScalar>(
    _ buffer: UnsafeMutableBufferPointer<T>, from root: Int
  ) throws(MPIError) -> Request {
    try validate(rank: root, as: "root", "MPI_Ibcast")
    let count = try cCount(buffer.count, "MPI_Ibcast")
    func start() -> CMPIStarted {
      cmpi_ibcast(buffer.baseAddress, count, T.datatype.handle, Int32(root), handle)
    }
    guard let collectiveCheck else { return try Request(start(), "MPI_Ibcast", rank: rank) }
    let call = try collectiveCheck.add("MPI_Ibcast of \(count) \(T.self) from rank \(root)", start: start)
    return Request(call, "MPI_Ibcast", rank: rank)
  }

  /// Starts a barrier: the request finishes when every rank has started it. Collective.
  public func startBarrier() throws(MPIError) -> Request {
    func start() -> CMPIStarted { cmpi_ibarrier(handle) }
    guard let collectiveCheck else { return try Request(start(), "MPI_Ibarrier", rank: rank) }
    return Request(try collectiveCheck.add("MPI_Ibarrier", start: start), "MPI_Ibarrier", rank: rank)
  }

  /// A blocking receiver takes a piece of `maximumCountPerCall` elements for one that is followed by another.
  private func messageCount(_ count: Int, _ function: StaticString) throws(MPIError) -> Int32 {
    guard count < maximumCountPerCall else {
      throw .countTooLarge(function: "\(function)", count: count, maximum: maximumCountPerCall - 1)
    }
    return Int32(count)
  }
}
