// Collectives that move data in equal parts: broadcast, gather, scatter, allgather, all-to-all.
// Parts of different lengths are in Communicator+VaryingCounts.swift.

internal import CMPI

extension Communicator {
  // MARK: Broadcast

  /// Copies the root's `buffer` into every rank's. Collective.
  ///
  /// All ranks pass the same count. Buffers longer than `maximumCountPerCall` take several calls.
  public func broadcast<T: MPIScalar>(
    _ buffer: UnsafeMutableBufferPointer<T>, from root: Int
  ) throws(MPIError) {
    try validate(rank: root, as: "root", "MPI_Bcast")
    try forEachPiece(of: buffer.count) { (start, count) throws(MPIError) in
      try compare("MPI_Bcast of \(count) \(T.self) from rank \(root)")
      try check(
        MPI_Bcast(buffer.baseAddress.map { $0 + start }, count, T.datatype.handle, Int32(root), handle),
        "MPI_Bcast")
    }
  }

  /// Makes every rank's array equal to the root's, in length too. Collective.
  public func broadcast<T: MPIScalar>(_ values: inout [T], from root: Int) throws(MPIError) {
    var count = values.count
    try broadcast(&count, from: root)
    if values.count != count { values = [T](repeating: .zero, count: count) }
    try values.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in try broadcast(buffer, from: root) }
  }

  /// Sets every rank's value to the root's. Collective.
  public func broadcast<T: MPIScalar>(_ value: inout T, from root: Int) throws(MPIError) {
    try withOneElement(&value) { (buffer) throws(MPIError) in try broadcast(buffer, from: root) }
  }

  // MARK: Gather

  /// Copies every rank's `source`, in rank order, into the root's `destination`; others pass nil. Collective.
  ///
  /// All ranks pass the same count.
  /// - Throws: `MPIError.sizeMismatch` if the root's destination has not `size` times the source's length.
  public func gather<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>?, to root: Int
  ) throws(MPIError) {
    let function: StaticString = "MPI_Gather"
    try validate(rank: root, as: "root", function)
    let count = try cCount(source.count, function)
    if rank == root {
      try validate(destination?.count ?? 0, equals: source.count * size, "the root's destination", function)
    }
    try compare("MPI_Gather of \(count) \(T.self) to rank \(root)")
    try check(
      MPI_Gather(
        source.baseAddress, count, T.datatype.handle, destination?.baseAddress, count, T.datatype.handle,
        Int32(root), handle),
      function)
  }

  /// Every rank's `values`, in rank order, on the root; nil on the others. Collective; all ranks pass the same count.
  public func gather<T: MPIScalar>(_ values: [T], to root: Int) throws(MPIError) -> [T]? {
    var result = [T](repeating: .zero, count: rank == root ? values.count * size : 0)
    try result.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      try values.withUnsafeBufferPointer { (source) throws(MPIError) in
        try gather(source, into: destination, to: root)
      }
    }
    return rank == root ? result : nil
  }

  /// Every rank's value, in rank order, on the root; nil on the others. Collective.
  public func gather<T: MPIScalar>(_ value: T, to root: Int) throws(MPIError) -> [T]? {
    try gather([value], to: root)
  }

  // MARK: Scatter

  /// Copies part `rank` of the root's `source`, cut into equal parts, into every rank's `destination`; the others
  /// pass a nil source. Collective.
  ///
  /// All ranks pass destinations of the same count.
  /// - Throws: `MPIError.sizeMismatch` if the root's source has not `size` times the destination's length.
  public func scatter<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>?, into destination: UnsafeMutableBufferPointer<T>, from root: Int
  ) throws(MPIError) {
    let function: StaticString = "MPI_Scatter"
    try validate(rank: root, as: "root", function)
    let count = try cCount(destination.count, function)
    if rank == root {
      try validate(source?.count ?? 0, equals: destination.count * size, "the root's source", function)
    }
    try compare("MPI_Scatter of \(count) \(T.self) from rank \(root)")
    try check(
      MPI_Scatter(
        source?.baseAddress, count, T.datatype.handle, destination.baseAddress, count, T.datatype.handle,
        Int32(root), handle),
      function)
  }

  /// Part `rank` of the root's `values`, cut into `size` equal parts; the others pass nil. Collective.
  ///
  /// - Throws: on every rank, `MPIError.missingAtRoot` or `MPIError.notDivisible`, if the root's values are nil or
  ///   have no `size` equal parts.
  public func scatter<T: MPIScalar>(_ values: [T]?, from root: Int) throws(MPIError) -> [T] {
    let function: StaticString = "MPI_Scatter"
    // The root's count goes first, so that all ranks refuse together and allocate what they need.
    var count = rank == root ? values?.count ?? -1 : 0
    try broadcast(&count, from: root)
    guard count >= 0 else { throw .missingAtRoot(function: "\(function)", root: root) }
    var result = [T](repeating: .zero, count: try equalParts(of: count, function))
    try result.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      try (values ?? []).withUnsafeBufferPointer { (source) throws(MPIError) in
        try scatter(source, into: destination, from: root)
      }
    }
    return result
  }

  // MARK: Allgather

  /// Copies every rank's `source`, in rank order, into every rank's `destination`. Collective.
  ///
  /// All ranks pass the same count.
  /// - Throws: `MPIError.sizeMismatch` if the destination has not `size` times the source's length.
  public func allgather<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>
  ) throws(MPIError) {
    let function: StaticString = "MPI_Allgather"
    let count = try cCount(source.count, function)
    try validate(destination.count, equals: source.count * size, "the destination", function)
    try compare("MPI_Allgather of \(count) \(T.self)")
    try check(
      MPI_Allgather(
        source.baseAddress, count, T.datatype.handle, destination.baseAddress, count, T.datatype.handle, handle),
      function)
  }

  /// Every rank's `values`, in rank order, on every rank. Collective; all ranks pass the same count.
  public func allgather<T: MPIScalar>(_ values: [T]) throws(MPIError) -> [T] {
    var result = [T](repeating: .zero, count: values.count * size)
    try result.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      try values.withUnsafeBufferPointer { (source) throws(MPIError) in try allgather(source, into: destination) }
    }
    return result
  }

  /// Every rank's value, in rank order, on every rank. Collective.
  public func allgather<T: MPIScalar>(_ value: T) throws(MPIError) -> [T] {
    try allgather([value])
  }

  // MARK: All-to-all

  /// Sends part `r` of `source` to rank `r`, and receives that of every rank, in rank order, in `destination`.
  /// Collective; all ranks pass the same counts.
  ///
  /// - Throws: `MPIError.notDivisible` if `source` has no `size` equal parts, `MPIError.sizeMismatch` if
  ///   `destination` is not as long.
  public func alltoall<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>
  ) throws(MPIError) {
    let function: StaticString = "MPI_Alltoall"
    let count = try cCount(try equalParts(of: source.count, function), function)
    try validate(destination.count, equals: source.count, "the destination", function)
    try compare("MPI_Alltoall of \(count) \(T.self)")
    try check(
      MPI_Alltoall(
        source.baseAddress, count, T.datatype.handle, destination.baseAddress, count, T.datatype.handle, handle),
      function)
  }

  /// What every rank has for this one: part `rank` of its `values`, in rank order. Collective.
  ///
  /// - Throws: `MPIError.notDivisible` if `values` has no `size` equal parts.
  public func alltoall<T: MPIScalar>(_ values: [T]) throws(MPIError) -> [T] {
    var result = [T](repeating: .zero, count: values.count)
    try result.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      try values.withUnsafeBufferPointer { (source) throws(MPIError) in try alltoall(source, into: destination) }
    }
    return result
  }
}
