// Ranks that call different collectives on purpose: instead of hanging, all of them are told who called what.

import MPI
import RankTesting

func mismatchTests() -> [RankTest] { blockingMismatchTests() + nonBlockingMismatchTests() + comparisonTests() }

/// What the last rank calls in place of what all others call.
private struct Mismatch {
  let usual: String
  let odd: String
  let call: (_ world: Communicator, _ isOdd: Bool) throws -> Void

  init(_ usual: String, _ odd: String, _ call: @escaping (_ world: Communicator, _ isOdd: Bool) throws -> Void) {
    self.usual = usual
    self.odd = odd
    self.call = call
  }

  /// Runs it as the first call on `world`.
  func check(_ world: Communicator, _ expect: Expectations) {
    let last = world.size - 1
    let calls = (0..<world.size).map { $0 == last ? odd : usual }
    expect.throwing(MPIError.collectiveMismatch(number: 1, calls: calls)) { try call(world, world.rank == last) }
  }
}

private func blockingMismatchTests() -> [RankTest] {
  let mismatches = [
    // Another operation, count, element type, root, and way to combine.
    Mismatch("MPI_Barrier", "MPI_Allreduce of 1 Int (sum)") { world, isOdd in
      if isOdd { _ = try world.allreduce(1, .sum) } else { try world.barrier() }
    },
    Mismatch("MPI_Bcast of 3 Int from rank 0", "MPI_Allreduce of 3 Int (sum)") { world, isOdd in
      let buffer = StableBuffer([1, 2, 3])
      if isOdd { try world.allreduce(buffer.all, .sum) } else { try world.broadcast(buffer.all, from: 0) }
    },
    Mismatch("MPI_Allreduce of 1000 Float (sum)", "MPI_Allreduce of 999 Float (sum)") { world, isOdd in
      _ = try world.allreduce([Float](repeating: 1, count: isOdd ? 999 : 1000), .sum)
    },
    Mismatch("MPI_Allgather of 1 Int32", "MPI_Allgather of 1 Int64") { world, isOdd in
      if isOdd { _ = try world.allgather(Int64(1)) } else { _ = try world.allgather(Int32(1)) }
    },
    Mismatch("MPI_Bcast of 1 Int from rank 0", "MPI_Bcast of 1 Int from rank 1") { world, isOdd in
      var value = 1
      try world.broadcast(&value, from: isOdd ? 1 : 0)
    },
    Mismatch("MPI_Reduce of 1 Double (max) to rank 1", "MPI_Reduce of 1 Double (min) to rank 1") { world, isOdd in
      _ = try world.reduce(1.0, isOdd ? .min : .max, to: 1)
    },
    Mismatch("MPI_Gather of 2 UInt8 to rank 0", "MPI_Gather of 3 UInt8 to rank 0") { world, isOdd in
      _ = try world.gather([UInt8](repeating: 0, count: isOdd ? 3 : 2), to: 0)
    },
    Mismatch("MPI_Comm_dup", "MPI_Comm_split") { world, isOdd in
      _ = isOdd ? try world.split(color: 0) : try world.duplicate()
    },
  ]
  return mismatches.map { mismatch in
    RankTest("\(mismatch.usual) does not go with \(mismatch.odd)", ranks: 2...) { world, expect in
      mismatch.check(world, expect)
    }
  } + [
    RankTest("parts of varying lengths have to be the same ones on all ranks", ranks: 2...) { world, expect in
      // The same total, so that MPI itself could not tell.
      let counts = Array(repeating: 2, count: world.size)
      var odd = counts
      odd[0] += 1
      odd[world.size - 1] -= 1
      Mismatch("MPI_Allgatherv of \(counts) Int", "MPI_Allgatherv of \(odd) Int") { world, isOdd in
        let own = isOdd ? odd : counts
        let source = StableBuffer([Int](repeating: 0, count: own[world.rank]))
        let all = StableBuffer([Int](repeating: 0, count: 2 * world.size))
        try world.allgatherv(source.readOnly, counts: own, into: all.all)
      }.check(world, expect)
    },
    RankTest("long lists of counts are told apart beyond what a message shows", ranks: 4...4) { world, expect in
      let counts = [1_000_000, 1_000_000, 1_000_000, 1_000_000]
      let isOdd = world.rank == 1
      let own = isOdd ? [1_000_000, 1_000_000, 1_000_001, 999_999] : counts
      let source = StableBuffer([UInt16](repeating: 0, count: 4_000_000))
      let part = StableBuffer([UInt16](repeating: 0, count: own[world.rank]))
      let error = expect.throwing(MPIError.self) {
        try world.reduceScatter(source.readOnly, counts: own, into: part.all, .bitwiseXor)
      }
      guard case .collectiveMismatch(1, let calls)? = error else {
        return expect.fail("threw \(String(describing: error))")
      }
      expect.equal(Set(calls).count, 2)
      expect(calls[0] == calls[2] && calls[0] == calls[3])
      expect(
        calls.allSatisfy { $0.hasPrefix("MPI_Reduce_scatter of [1000000, ") && $0.contains("… (hash ") }, "\(calls)")
    },
  ]
}

private func nonBlockingMismatchTests() -> [RankTest] {
  let memory = StableBuffer([1, 2, 3, 4])
  func startOdd(_ world: Communicator, _ isOdd: Bool) throws -> Request {
    isOdd ? try world.startBarrier() : try world.startAllreduce(memory.all, .sum)
  }
  let usual = "MPI_Iallreduce of 4 Int (sum)"
  return [
    RankTest("a call that does not block is compared when it is waited for", ranks: 2...) { world, expect in
      Mismatch(usual, "MPI_Ibarrier") { try startOdd($0, $1).wait() }.check(world, expect)
    },
    RankTest("or when it is tested", ranks: 2...) { world, expect in
      Mismatch(usual, "MPI_Ibarrier") { world, isOdd in
        var request = try startOdd(world, isOdd)
        while try !request.test() {}
      }.check(world, expect)
    },
    RankTest("or in a pool", ranks: 2...) { world, expect in
      Mismatch(usual, "MPI_Ibarrier") { world, isOdd in
        var pool = RequestPool()
        pool.add(try startOdd(world, isOdd))
        try pool.waitAll()
      }.check(world, expect)
      Mismatch(usual, "MPI_Ibarrier") { world, isOdd in
        var pool = RequestPool()
        pool.add(try startOdd(world, isOdd))
        while !pool.isEmpty { try pool.testSome() }
      }.check(try world.duplicate(), expect)
    },
    RankTest("a blocking call does not go with one that does not block", ranks: 2...) { world, expect in
      Mismatch("MPI_Ibcast of 4 Int from rank 0", "MPI_Bcast of 4 Int from rank 0") { world, isOdd in
        if isOdd {
          try world.broadcast(memory.all, from: 0)
        } else {
          try world.startBroadcast(memory.all, from: 0).wait()
        }
      }.check(world, expect)
    },
  ]
}

private func comparisonTests() -> [RankTest] {
  [
    RankTest("calls on different communicators may come in any order", ranks: 2...) { world, expect in
      let other = try world.duplicate()
      let sum = StableBuffer([1])
      let largest = StableBuffer([world.rank])
      var pool = RequestPool()
      if world.rank == 0 {
        pool.add(try world.startAllreduce(sum.all, .sum))
        pool.add(try other.startAllreduce(largest.all, .max))
      } else {
        pool.add(try other.startAllreduce(largest.all, .max))
        pool.add(try world.startAllreduce(sum.all, .sum))
      }
      try pool.waitAll()
      expect.equal(sum.array, [world.size])
      expect.equal(largest.array, [world.size - 1])
    },
    RankTest("the message names ranks, calls and their number") { _, expect in
      let error = MPIError.collectiveMismatch(
        number: 17,
        calls: ["MPI_Barrier", "MPI_Allreduce of 1000 Float (sum)", "MPI_Barrier", "MPI_Barrier"])
      expect.equal(
        error.description,
        "the ranks' collective calls differ, each rank's number 17 of this communicator: ranks 0, 2 and 3: MPI_Barrier; "
          + "rank 1: MPI_Allreduce of 1000 Float (sum)")
    },
  ]
}
