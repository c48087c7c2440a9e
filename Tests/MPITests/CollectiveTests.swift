// Collectives on every element type. Rank r's element i is r + 1 + i % 3 unless a test says otherwise; expected values
// are computed from the formulas, without MPI.

import MPI
import RankTesting

private func element(_ rank: Int, _ index: Int) -> Int { rank + 1 + index % 3 }

private func row<T: Numeric>(_ rank: Int, _ count: Int) -> [T] { numbers((0..<count).map { element(rank, $0) }) }

func collectiveTests<T: Number>(_: T.Type) -> [RankTest] {
  reductionTests(T.self) + equalPartTests(T.self) + varyingPartTests(T.self)
}

/// The reductions of any number type, with what they do to two of them.
private func reductions<T: Number>(_: T.Type) -> [(String, ReductionOperation<T>, (Int, Int) -> Int)] {
  [("sum", .sum, +), ("product", .product, *), ("min", .min, Swift.min), ("max", .max, Swift.max)]
}

private func reductionTests<T: Number>(_: T.Type) -> [RankTest] {
  let count = 7
  return reductions(T.self).flatMap { name, operation, combine in
    // Products of r + 1 + i % 2 for four ranks stay below 128.
    func contribution(_ rank: Int, _ index: Int) -> Int {
      name == "product" ? rank + 1 + index % 2 : element(rank, index)
    }
    func mine(_ world: Communicator, _ count: Int) -> [T] {
      numbers((0..<count).map { contribution(world.rank, $0) })
    }
    func expected(_ world: Communicator, _ indices: Range<Int>) -> [T] {
      numbers(
        indices.map { index in (1..<world.size).reduce(contribution(0, index)) { combine($0, contribution($1, index)) }
        })
    }
    return [
      RankTest("\(T.self): allreduce \(name) combines arrays, scalars and buffers, in place or not") { world, expect in
        let result = expected(world, 0..<count)
        expect.equal(try world.allreduce(mine(world, count), operation), result, "array")
        expect.equal([try world.allreduce(mine(world, 1)[0], operation)], expected(world, 0..<1), "scalar")
        let source = StableBuffer(mine(world, count))
        let destination = StableBuffer([T](repeating: .zero, count: count))
        try world.allreduce(source.readOnly, into: destination.all, operation)
        expect.equal(destination.array, result, "out of place")
        expect.equal(source.array, mine(world, count), "the source is unchanged")
        try world.allreduce(source.all, operation)
        expect.equal(source.array, result, "in place")
      },
      RankTest("\(T.self): reduce \(name) reaches each root and leaves the others' buffers") { world, expect in
        for root in 0..<world.size {
          let isRoot = world.rank == root
          let result = expected(world, 0..<count)
          expect.equal(try world.reduce(mine(world, count), operation, to: root), isRoot ? result : nil, "array")
          expect.equal(try world.reduce(mine(world, 1)[0], operation, to: root), isRoot ? result[0] : nil, "scalar")
          let buffer = StableBuffer(mine(world, count))
          try world.reduce(buffer.all, operation, to: root)
          expect.equal(buffer.array, isRoot ? result : mine(world, count), "buffer")
        }
      },
      RankTest("\(T.self): reduceScatter \(name) leaves each rank its part, equal or not") { world, expect in
        let total = 2 * world.size
        let part = 2 * world.rank..<2 * world.rank + 2
        expect.equal(try world.reduceScatter(mine(world, total), operation), expected(world, part), "equal parts")
        let counts = (0..<world.size).map { $0 + 1 }
        let start = counts[..<world.rank].reduce(0, +)
        let source = StableBuffer(mine(world, counts.reduce(0, +)))
        let destination = StableBuffer([T](repeating: .zero, count: counts[world.rank]))
        try world.reduceScatter(source.readOnly, counts: counts, into: destination.all, operation)
        expect.equal(destination.array, expected(world, start..<start + counts[world.rank]), "varying parts")
      },
    ]
  }
}

private func equalPartTests<T: Number>(_: T.Type) -> [RankTest] {
  [
    RankTest("\(T.self): broadcast copies every root's buffer, array and scalar") { world, expect in
      for root in 0..<world.size {
        let isRoot = world.rank == root
        let buffer = StableBuffer<T>(isRoot ? row(root, 5) : row(9, 5))
        try world.broadcast(buffer.all, from: root)
        expect.equal(buffer.array, row(root, 5), "buffer")
        var array: [T] = isRoot ? row(root, 6) : row(9, world.rank)
        try world.broadcast(&array, from: root)
        expect.equal(array, row(root, 6), "array, of the root's length")
        var value: T = number(world.rank + 1)
        try world.broadcast(&value, from: root)
        expect.equal(value, number(root + 1), "scalar")
      }
    },
    RankTest("\(T.self): gather and allgather keep rank order") { world, expect in
      let all: [T] = (0..<world.size).flatMap { row($0, 3) as [T] }
      let firsts: [T] = numbers((0..<world.size).map { element($0, 0) })
      for root in 0..<world.size {
        let isRoot = world.rank == root
        expect.equal(try world.gather(row(world.rank, 3) as [T], to: root), isRoot ? all : nil, "array")
        expect.equal(try world.gather(number(element(world.rank, 0)) as T, to: root), isRoot ? firsts : nil, "scalar")
      }
      expect.equal(try world.allgather(row(world.rank, 3) as [T]), all, "array on all")
      expect.equal(try world.allgather(number(element(world.rank, 0)) as T), firsts, "scalar on all")
      expect.equal(try world.allgather([] as [T]), [], "nothing")
    },
    RankTest("\(T.self): scatter hands each rank its part") { world, expect in
      for root in 0..<world.size {
        let values: [T]? = world.rank == root ? row(root, 3 * world.size) : nil
        let part = 3 * world.rank..<3 * world.rank + 3
        expect.equal(try world.scatter(values, from: root), numbers(part.map { element(root, $0) }))
      }
    },
    RankTest("\(T.self): alltoall transposes") { world, expect in
      // Rank r sends 8 r + 2 s + k to rank s.
      let sent: [T] = numbers((0..<world.size).flatMap { s in (0..<2).map { 8 * world.rank + 2 * s + $0 } })
      let expected: [T] = numbers((0..<world.size).flatMap { r in (0..<2).map { 8 * r + 2 * world.rank + $0 } })
      expect.equal(try world.alltoall(sent), expected)
    },
  ]
}

private func varyingPartTests<T: Number>(_: T.Type) -> [RankTest] {
  [
    RankTest("\(T.self): gatherv, allgatherv and scatterv take parts of any length, also none") { world, expect in
      // Rank r has r elements, and rank 0 none.
      let parts: [[T]] = (0..<world.size).map { row($0, $0) }
      let counts = parts.map(\.count)
      let joined = Array(parts.joined())
      let mine = StableBuffer(parts[world.rank])
      for root in 0..<world.size {
        let isRoot = world.rank == root
        expect.equal(try world.gatherv(parts[world.rank], to: root), isRoot ? parts : nil, "gatherv, arrays")
        let destination = StableBuffer([T](repeating: .zero, count: isRoot ? joined.count : 0))
        try world.gatherv(mine.readOnly, counts: counts, into: isRoot ? destination.all : nil, to: root)
        expect.equal(destination.array, isRoot ? joined : [], "gatherv, buffers")

        expect.equal(try world.scatterv(isRoot ? parts : nil, from: root), parts[world.rank], "scatterv, arrays")
        let source = StableBuffer(isRoot ? joined : [])
        let received = StableBuffer([T](repeating: .zero, count: counts[world.rank]))
        try world.scatterv(isRoot ? source.readOnly : nil, counts: counts, into: received.all, from: root)
        expect.equal(received.array, parts[world.rank], "scatterv, buffers")
      }
      expect.equal(try world.allgatherv(parts[world.rank]), parts, "allgatherv, arrays")
      let destination = StableBuffer([T](repeating: .zero, count: joined.count))
      try world.allgatherv(mine.readOnly, counts: counts, into: destination.all)
      expect.equal(destination.array, joined, "allgatherv, buffers")
    }
  ]
}

func integerReductionTests<T: Number & FixedWidthInteger>(_: T.Type) -> [RankTest] {
  [
    RankTest("\(T.self): logical and bitwise reductions") { world, expect in
      // Columns: not 0 everywhere, on rank 0 only, nowhere.
      let flags: [T] = [2, world.rank == 0 ? 4 : 0, 0]
      let alone = world.size == 1
      expect.equal(try world.allreduce(flags, .logicalAnd).map { $0 != 0 }, [true, alone, false], "logical and")
      expect.equal(try world.allreduce(flags, .logicalOr).map { $0 != 0 }, [true, true, false], "logical or")
      let bits: T = 0b1_0000 | 1 << T(world.rank)
      let ranksMask: T = (1 << T(world.size)) - 1
      expect.equal(try world.allreduce(bits, .bitwiseAnd), alone ? 0b1_0001 : 0b1_0000, "bitwise and")
      expect.equal(try world.allreduce(bits, .bitwiseOr), 0b1_0000 | ranksMask, "bitwise or")
      let odd = !world.size.isMultiple(of: 2)
      expect.equal(try world.allreduce(bits, .bitwiseXor), ranksMask | (odd ? 0b1_0000 : 0), "bitwise exclusive or")
    }
  ]
}

/// MPICH 4.0 compares unsigned integers as if they were signed, called from C too: there, only the others are ordered.
func extremeValueTests<T: Number & FixedWidthInteger>(_: T.Type, library: String) -> [RankTest] {
  let ordering = RankTest("\(T.self): min and max order the extreme values") { world, expect in
    expect.equal(try world.allreduce(world.rank == 0 ? T.min : T.max, .min), .min, "min")
    expect.equal(try world.allreduce(world.rank == 0 ? T.max : T.min, .max), .max, "max")
  }
  let passing = RankTest("\(T.self): the extreme values pass unchanged") { world, expect in
    let pair = [T.min, T.max]
    expect.equal(try world.allgather(pair), Array(repeatElement(pair, count: world.size).joined()))
  }
  let isMPICH40 = library.hasPrefix("MPICH Version:\t4.0")
  return isMPICH40 && !T.isSigned ? [passing] : [passing, ordering]
}

/// Checks that do not depend on the element type.
func longBufferTests() -> [RankTest] {
  [
    RankTest("buffers longer than one call's count are passed in pieces") { world, expect in
      world.maximumCountPerCall = 4
      let last = world.size - 1
      for count in [0, 1, 3, 4, 5, 8, 11] {
        let mine = (0..<count).map { 10 * world.rank + $0 }
        let sum = (0..<count).map { index in (0..<world.size).reduce(0) { $0 + 10 * $1 + index } }
        expect.equal(try world.allreduce(mine, .sum), sum, "allreduce of \(count)")
        expect.equal(try world.reduce(mine, .sum, to: last), world.rank == last ? sum : nil, "reduce of \(count)")
        let source = StableBuffer(mine)
        let destination = StableBuffer([Int](repeating: 0, count: count))
        try world.allreduce(source.readOnly, into: destination.all, .sum)
        expect.equal(destination.array, sum, "allreduce of \(count) out of place")
        var array = world.rank == last ? mine : []
        try world.broadcast(&array, from: last)
        expect.equal(array, (0..<count).map { 10 * last + $0 }, "broadcast of \(count)")
      }
    },
    RankTest("an allreduce of 20 MB is exact") { world, expect in
      // Whole numbers below 2^24 are exact in Float.
      let buffer = StableBuffer((0..<5_000_000).map { Float($0 % 1000 + world.rank) })
      try world.allreduce(buffer.all, .sum)
      let ranks = world.size * (world.size - 1) / 2
      let wrong = buffer.all.indices.first { buffer.all[$0] != Float($0 % 1000 * world.size + ranks) }
      expect.equal(wrong, nil, "index of the first wrong element")
    },
  ]
}
