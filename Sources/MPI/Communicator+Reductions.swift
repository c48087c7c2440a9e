// Reductions: the ranks' buffers combined element by element. Results of one communicator are the same on all ranks.

internal import CMPI

extension Communicator {
  // MARK: Allreduce

  /// Combines every rank's `buffer` in place; every rank gets the result. Collective.
  ///
  /// All ranks pass the same count. Buffers longer than `maximumCountPerCall` take several calls.
  public func allreduce<T: MPIScalar>(
    _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation<T>
  ) throws(MPIError) {
    try forEachPiece(of: buffer.count) { (start, count) throws(MPIError) in
      try compare("MPI_Allreduce of \(count) \(T.self) (\(operation.name))")
      try check(
        MPI_Allreduce(
          cmpi_in_place(), buffer.baseAddress.map { $0 + start }, count, T.datatype.handle, operation.handle, handle),
        "MPI_Allreduce")
    }
  }

  /// Combines every rank's `source` into every rank's `destination`, which must not overlap it. Collective.
  ///
  /// - Throws: `MPIError.sizeMismatch` if the two differ in length.
  public func allreduce<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>,
    _ operation: ReductionOperation<T>
  ) throws(MPIError) {
    try validate(destination.count, equals: source.count, "the destination", "MPI_Allreduce")
    try forEachPiece(of: source.count) { (start, count) throws(MPIError) in
      try compare("MPI_Allreduce of \(count) \(T.self) (\(operation.name))")
      try check(
        MPI_Allreduce(
          source.baseAddress.map { $0 + start }, destination.baseAddress.map { $0 + start }, count,
          T.datatype.handle, operation.handle, handle),
        "MPI_Allreduce")
    }
  }

  /// The ranks' `values` combined element by element, on every rank. Collective.
  public func allreduce<T: MPIScalar>(_ values: [T], _ operation: ReductionOperation<T>) throws(MPIError) -> [T] {
    var result = values
    try result.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in try allreduce(buffer, operation) }
    return result
  }

  /// The ranks' values combined, on every rank. Collective.
  public func allreduce<T: MPIScalar>(_ value: T, _ operation: ReductionOperation<T>) throws(MPIError) -> T {
    var result = value
    try withOneElement(&result) { (buffer) throws(MPIError) in try allreduce(buffer, operation) }
    return result
  }

  // MARK: Reduce

  /// Combines every rank's `buffer` into the root's; the other ranks' buffers keep their contents. Collective.
  public func reduce<T: MPIScalar>(
    _ buffer: UnsafeMutableBufferPointer<T>, _ operation: ReductionOperation<T>, to root: Int
  ) throws(MPIError) {
    try validate(rank: root, as: "root", "MPI_Reduce")
    try forEachPiece(of: buffer.count) { (start, count) throws(MPIError) in
      let piece = buffer.baseAddress.map { UnsafeMutableRawPointer($0 + start) }
      try compare("MPI_Reduce of \(count) \(T.self) (\(operation.name)) to rank \(root)")
      try check(
        MPI_Reduce(
          rank == root ? cmpi_in_place() : piece, rank == root ? piece : nil, count, T.datatype.handle,
          operation.handle, Int32(root), handle),
        "MPI_Reduce")
    }
  }

  /// The ranks' `values` combined element by element, on the root; nil on the others. Collective.
  public func reduce<T: MPIScalar>(
    _ values: [T], _ operation: ReductionOperation<T>, to root: Int
  ) throws(MPIError) -> [T]? {
    var result = values
    try result.withUnsafeMutableBufferPointer { (buffer) throws(MPIError) in
      try reduce(buffer, operation, to: root)
    }
    return rank == root ? result : nil
  }

  /// The ranks' values combined, on the root; nil on the others. Collective.
  public func reduce<T: MPIScalar>(
    _ value: T, _ operation: ReductionOperation<T>, to root: Int
  ) throws(MPIError) -> T? {
    var result = value
    try withOneElement(&result) { (buffer) throws(MPIError) in try reduce(buffer, operation, to: root) }
    return rank == root ? result : nil
  }

  // MARK: Reduce-scatter

  /// Combines every rank's `source` and leaves part `rank` of the result, cut into equal parts, in `destination`.
  /// Collective.
  ///
  /// - Throws: `MPIError.notDivisible` if `source` has no `size` equal parts, `MPIError.sizeMismatch` if
  ///   `destination` has not the length of one, `MPIError.countTooLarge` if a part has more than `Int32.max` elements.
  public func reduceScatter<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, into destination: UnsafeMutableBufferPointer<T>,
    _ operation: ReductionOperation<T>
  ) throws(MPIError) {
    let function: StaticString = "MPI_Reduce_scatter_block"
    let part = try equalParts(of: source.count, function)
    try validate(destination.count, equals: part, "the destination", function)
    let count = try cCount(part, function)
    try compare("MPI_Reduce_scatter_block of \(count) \(T.self) (\(operation.name))")
    try check(
      MPI_Reduce_scatter_block(
        source.baseAddress, destination.baseAddress, count, T.datatype.handle, operation.handle,
        handle),
      function)
  }

  /// Part `rank` of the ranks' `values` combined element by element and cut into `size` equal parts. Collective.
  ///
  /// - Throws: `MPIError.notDivisible` if `values` has no `size` equal parts.
  public func reduceScatter<T: MPIScalar>(_ values: [T], _ operation: ReductionOperation<T>) throws(MPIError) -> [T] {
    var result = [T](repeating: .zero, count: try equalParts(of: values.count, "MPI_Reduce_scatter_block"))
    try result.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      try values.withUnsafeBufferPointer { (source) throws(MPIError) in
        try reduceScatter(source, into: destination, operation)
      }
    }
    return result
  }

  /// Combines every rank's `source` and leaves a part of `counts[rank]` elements of the result, behind the parts of
  /// the lower ranks, in `destination`. Collective.
  ///
  /// - Throws: `MPIError.sizeMismatch` if `counts` has not one entry per rank, `source` not their sum, or
  ///   `destination` not this rank's; `MPIError.countTooLarge` beyond `Int32.max` elements in all.
  public func reduceScatter<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, counts: [Int], into destination: UnsafeMutableBufferPointer<T>,
    _ operation: ReductionOperation<T>
  ) throws(MPIError) {
    let function: StaticString = "MPI_Reduce_scatter"
    let layout = try VaryingLayout(counts, of: self, function)
    try validate(source.count, equals: layout.total, "the source", function)
    try validate(destination.count, equals: counts[rank], "the destination", function)
    try compare("MPI_Reduce_scatter of \(counts) \(T.self) (\(operation.name))")
    try check(
      MPI_Reduce_scatter(
        source.baseAddress, destination.baseAddress, layout.counts, T.datatype.handle, operation.handle, handle),
      function)
  }
}

extension Communicator {
  /// Passes one scalar as a buffer of one element.
  func withOneElement<T: MPIScalar, Result>(
    _ value: inout T, _ body: (UnsafeMutableBufferPointer<T>) throws(MPIError) -> Result
  ) throws(MPIError) -> Result {
    try withUnsafeMutablePointer(to: &value) { (pointer) throws(MPIError) in
      try body(UnsafeMutableBufferPointer(start: pointer, count: 1))
    }
  }
}
