// Gather, scatter and allgather with a length of its own for every rank. The parts lie one behind the other.

internal import CMPI

/// Where each rank's part begins in a buffer of consecutive parts of different lengths, as MPI takes it.
struct VaryingLayout {
  let counts: [Int32]
  let displacements: [Int32]
  let total: Int

  /// - Throws: `MPIError.sizeMismatch` unless there is a count for every rank, `MPIError.countTooLarge` if the parts
  ///   have more than `Int32.max` elements in all, since displacements are C's `int` too.
  init(_ counts: [Int], of communicator: Communicator, _ function: StaticString) throws(MPIError) {
    try communicator.validate(counts.count, equals: communicator.size, "the list of counts", function)
    var starts: [Int32] = []
    var total = 0
    for count in counts {
      try communicator.validate(count, "count", in: 0...Communicator.largestCount, function)
      starts.append(try communicator.cCount(total, function))
      total += count
    }
    _ = try communicator.cCount(total, function)
    self.counts = counts.map { Int32($0) }
    self.displacements = starts
    self.total = total
  }

  /// The part of each rank, as arrays.
  func parts<T>(of values: [T]) -> [[T]] {
    zip(displacements, counts).map { Array(values[Int($0)..<Int($0 + $1)]) }
  }
}

extension Communicator {
  // MARK: Gather

  /// Copies `counts[rank]` elements of every rank, in rank order, into the root's `destination`; others pass nil.
  /// Collective; all ranks pass the same counts.
  ///
  /// - Throws: `MPIError.sizeMismatch` if `counts` has not one entry per rank, `source` not this rank's count, or
  ///   the root's `destination` not their sum.
  public func gatherv<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, counts: [Int], into destination: UnsafeMutableBufferPointer<T>?, to root: Int
  ) throws(MPIError) {
    let function: StaticString = "MPI_Gatherv"
    try validate(rank: root, as: "root", function)
    let layout = try VaryingLayout(counts, of: self, function)
    try validate(source.count, equals: counts[rank], "the source", function)
    if rank == root {
      try validate(destination?.count ?? 0, equals: layout.total, "the root's destination", function)
    }
    try compare("MPI_Gatherv of \(counts) \(T.self) to rank \(root)")
    try check(
      MPI_Gatherv(
        source.baseAddress, layout.counts[rank], T.datatype.handle, destination?.baseAddress, layout.counts,
        layout.displacements, T.datatype.handle, Int32(root), handle),
      function)
  }

  /// Every rank's `values`, of any length, by rank, on the root; nil on the others. Collective.
  public func gatherv<T: MPIScalar>(_ values: [T], to root: Int) throws(MPIError) -> [[T]]? {
    try validate(rank: root, as: "root", "MPI_Gatherv")
    let counts = try allgather(values.count)
    let layout = try VaryingLayout(counts, of: self, "MPI_Gatherv")
    var joined = [T](repeating: .zero, count: rank == root ? layout.total : 0)
    try joined.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      try values.withUnsafeBufferPointer { (source) throws(MPIError) in
        try gatherv(source, counts: counts, into: destination, to: root)
      }
    }
    return rank == root ? layout.parts(of: joined) : nil
  }

  // MARK: Allgather

  /// Copies `counts[rank]` elements of every rank, in rank order, into every rank's `destination`. Collective; all
  /// ranks pass the same counts.
  ///
  /// - Throws: `MPIError.sizeMismatch` if `counts` has not one entry per rank, `source` not this rank's count, or
  ///   `destination` not their sum.
  public func allgatherv<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>, counts: [Int], into destination: UnsafeMutableBufferPointer<T>
  ) throws(MPIError) {
    let function: StaticString = "MPI_Allgatherv"
    let layout = try VaryingLayout(counts, of: self, function)
    try validate(source.count, equals: counts[rank], "the source", function)
    try validate(destination.count, equals: layout.total, "the destination", function)
    try compare("MPI_Allgatherv of \(counts) \(T.self)")
    try check(
      MPI_Allgatherv(
        source.baseAddress, layout.counts[rank], T.datatype.handle, destination.baseAddress, layout.counts,
        layout.displacements, T.datatype.handle, handle),
      function)
  }

  /// Every rank's `values`, of any length, by rank, on every rank. Collective.
  public func allgatherv<T: MPIScalar>(_ values: [T]) throws(MPIError) -> [[T]] {
    let counts = try allgather(values.count)
    let layout = try VaryingLayout(counts, of: self, "MPI_Allgatherv")
    var joined = [T](repeating: .zero, count: layout.total)
    try joined.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      try values.withUnsafeBufferPointer { (source) throws(MPIError) in
        try allgatherv(source, counts: counts, into: destination)
      }
    }
    return layout.parts(of: joined)
  }

  // MARK: Scatter

  /// Copies `counts[rank]` elements of the root's `source`, in rank order, into every rank's `destination`; the
  /// others pass a nil source. Collective; all ranks pass the same counts.
  ///
  /// - Throws: `MPIError.sizeMismatch` if `counts` has not one entry per rank, `destination` not this rank's count,
  ///   or the root's `source` not their sum.
  public func scatterv<T: MPIScalar>(
    _ source: UnsafeBufferPointer<T>?, counts: [Int], into destination: UnsafeMutableBufferPointer<T>,
    from root: Int
  ) throws(MPIError) {
    let function: StaticString = "MPI_Scatterv"
    try validate(rank: root, as: "root", function)
    let layout = try VaryingLayout(counts, of: self, function)
    try validate(destination.count, equals: counts[rank], "the destination", function)
    if rank == root {
      try validate(source?.count ?? 0, equals: layout.total, "the root's source", function)
    }
    try compare("MPI_Scatterv of \(counts) \(T.self) from rank \(root)")
    try check(
      MPI_Scatterv(
        source?.baseAddress, layout.counts, layout.displacements, T.datatype.handle, destination.baseAddress,
        layout.counts[rank], T.datatype.handle, Int32(root), handle),
      function)
  }

  /// Entry `rank` of the root's `parts`, which may be of any lengths; the others pass nil. Collective.
  ///
  /// - Throws: on every rank, `MPIError.missingAtRoot` or `MPIError.sizeMismatch`, if the root's parts are nil or
  ///   not one per rank.
  public func scatterv<T: MPIScalar>(_ parts: [[T]]?, from root: Int) throws(MPIError) -> [T] {
    let function: StaticString = "MPI_Scatterv"
    // The root's counts go first, so that all ranks refuse together and allocate what they need.
    var partCount = rank == root ? parts?.count ?? -1 : 0
    try broadcast(&partCount, from: root)
    guard partCount >= 0 else { throw .missingAtRoot(function: "\(function)", root: root) }
    try validate(partCount, equals: size, "the root's list of parts", function)
    var counts = rank == root ? (parts ?? []).map(\.count) : []
    try broadcast(&counts, from: root)
    var result = [T](repeating: .zero, count: counts[rank])
    try result.withUnsafeMutableBufferPointer { (destination) throws(MPIError) in
      let joined = rank == root ? Array((parts ?? []).joined()) : []
      try joined.withUnsafeBufferPointer { (source) throws(MPIError) in
        try scatterv(source, counts: counts, into: destination, from: root)
      }
    }
    return result
  }
}
