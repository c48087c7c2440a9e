// Requests and pools of them: completion, order, reuse, and what happens to one that is dropped.

import Foundation
import MPI
import RankTesting

/// What this program does with requests that nothing will ever answer, for the tests that watch it end.
enum Desertion: String {
  case dropRequest = "--drop-request"
  case dropPool = "--drop-pool"
  case abandon = "--abandon"

  /// Does it, in a world of one.
  func commit() throws {
    let universe = try Universe.initialize()
    let buffer = StableBuffer([0])
    let request = try universe.world.startReceive(into: buffer.all, from: 0)
    switch self {
    case .dropRequest: _ = consume request
    case .dropPool: dropPool(of: request)
    case .abandon:
      request.abandon()
      var pool = RequestPool()
      pool.add(try universe.world.startReceive(into: buffer.all, from: 0))
      pool.abandonAll()
    }
    // Not finalised: MPI would have to wait for the receives.
    exit(0)
  }

  private func dropPool(of request: consuming Request) {
    var pool = RequestPool()
    pool.add(request)
  }

  /// Runs this program to do it, and returns how that ended and what it wrote to its standard error.
  func commitInChild() throws -> (reason: Process.TerminationReason, code: Int32, errors: String) {
    let child = Process()
    child.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    child.arguments = [rawValue]
    // Without the launcher's variables the process is a world of one; a crash needs no report.
    child.environment = ProcessInfo.processInfo.environment.filter { name, _ in
      !["OMPI_COMM", "OMPI_MCA_", "PMIX_", "PMI_"].contains { name.hasPrefix($0) }
    }
    child.environment?["SWIFT_BACKTRACE"] = "enable=no"
    let pipe = Pipe()
    child.standardError = pipe
    try child.run()
    let errors = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    child.waitUntilExit()
    return (child.terminationReason, child.terminationStatus, errors)
  }
}

func requestTests() -> [RankTest] {
  [
    RankTest("test() is false until the message is there, then true for good", ranks: 2...) { world, expect in
      if world.rank == 0 {
        let buffer = StableBuffer([Int](repeating: 0, count: 1))
        var request = try world.startReceive(into: buffer.all, from: 1)
        expect.equal(try request.test(), false, "before it is sent")
        try world.barrier()
        while try !request.test() {}
        expect.equal(buffer.array, [42])
        expect.equal(try request.test(), true, "again")
        expect.equal(try request.wait(), nil, "wait after the end")
      } else {
        try world.barrier()
        if world.rank == 1 { try world.send(42, to: 0) }
      }
    },
    RankTest("a barrier's request finishes only when every rank has come", ranks: 2...) { world, expect in
      if world.rank == 0 {
        // The others report that theirs are still open before rank 0 starts its own.
        for _ in 1..<world.size { _ = try world.receive(Int.self) }
        try world.startBarrier().wait()
      } else {
        var barrier = try world.startBarrier()
        for _ in 0..<1000 { expect.equal(try barrier.test(), false, "without rank 0") }
        try world.send(world.rank, to: 0)
        try barrier.wait()
      }
    },
    RankTest("testSome reports every slot once, as overlapped allreduces finish") { world, expect in
      let buckets = (0..<12).map { bucket in StableBuffer([Float](repeating: Float(world.rank + bucket), count: 5000)) }
      var pool = RequestPool(capacity: 4)
      var finished: [Int] = []
      for (index, bucket) in buckets.enumerated() {
        expect.equal(pool.add(try world.startAllreduce(bucket.all, .sum)), index, "slot")
      }
      expect(pool.capacity >= 12, "the pool grows")
      while !pool.isEmpty {
        let count = finished.count
        let some = try pool.testSome { finished.append($0) }
        expect.equal(finished.count, count + some, "the count says how many")
      }
      expect.equal(finished.sorted(), Array(0..<12), "slots")
      let ranks = world.size * (world.size - 1) / 2
      for (index, bucket) in buckets.enumerated() {
        expect(bucket.array.allSatisfy { $0 == Float(ranks + world.size * index) }, "bucket \(index)")
      }
      expect.equal(try pool.testSome(), 0, "an empty pool has nothing")
    },
    RankTest("waitAll finishes what testSome has left, and the pool starts anew") { world, expect in
      var pool = RequestPool(capacity: 8)
      for round in 1...3 {
        let buckets = (0..<8).map { StableBuffer([$0 * round, world.rank]) }
        for (index, bucket) in buckets.enumerated() {
          expect.equal(pool.add(try world.startAllreduce(bucket.all, .sum)), index, "slot in round \(round)")
        }
        try pool.testSome()
        try pool.waitAll()
        expect(pool.isEmpty)
        expect.equal(pool.capacity, 8, "no growth")
        for (index, bucket) in buckets.enumerated() {
          expect.equal(bucket.array, [index * round * world.size, world.size * (world.size - 1) / 2])
        }
      }
    },
    RankTest("waitSome returns with some that have finished, and at last with all") { world, expect in
      var pool = RequestPool(capacity: 8)
      let buckets = (0..<8).map { StableBuffer([Float](repeating: Float($0), count: 3_000)) }
      for bucket in buckets { pool.add(try world.startAllreduce(bucket.all, .sum)) }
      var finished: [Int] = []
      while !pool.isEmpty {
        let count = finished.count
        let some = try pool.waitSome { finished.append($0) }
        expect(some > 0, "it did not wait")
        expect.equal(finished.count, count + some, "the count says how many")
      }
      expect.equal(finished.sorted(), Array(0..<8), "slots")
      for (index, bucket) in buckets.enumerated() {
        expect(bucket.array.allSatisfy { $0 == Float(world.size * index) }, "bucket \(index)")
      }
      expect.equal(try pool.waitSome(), 0, "an empty pool has nothing to wait for")
    },
    RankTest("a pool takes a request that has already finished") { world, expect in
      var barrier = try world.startBarrier()
      while try !barrier.test() {}
      var pool = RequestPool(capacity: 1)
      pool.add(barrier)
      expect(pool.isEmpty)
      pool.add(try world.startBarrier())
      try pool.waitAll()
      expect.equal(pool.pendingCount, 0)
    },
    RankTest("a truncated receive makes waitAll throw MPI's reason", ranks: 2...) { world, expect in
      let incoming = StableBuffer([Int](repeating: 0, count: 2))
      if world.rank == 1 { try world.send([1, 2, 3], to: 0) }
      if world.rank == 0 {
        var pool = RequestPool()
        pool.add(try world.startReceive(into: incoming.all, from: 1))
        let error = expect.throwing(MPIError.self) { try pool.waitAll() }
        guard case .failed("MPI_Waitsome", .truncate, let message, _)? = error else {
          return expect.fail("threw \(String(describing: error))")
        }
        expect(!message.isEmpty, "MPI's message")
        expect(pool.isEmpty, "the pool is empty after an error")
      }
    },
    RankTest("an unfinished request or pool that is dropped ends the program and says so", ranks: 1...1) { _, expect in
      let request = try Desertion.dropRequest.commitInChild()
      expect(request.reason == .uncaughtSignal, "the request: it ended with code \(request.code)")
      expect(request.errors.contains("dropped a request of MPI_Irecv unfinished"), "it wrote '\(request.errors)'")
      let pool = try Desertion.dropPool.commitInChild()
      expect(pool.reason == .uncaughtSignal, "the pool: it ended with code \(pool.code)")
      expect(pool.errors.contains("dropped with 1 unfinished requests"), "it wrote '\(pool.errors)'")
    },
    RankTest("abandoned requests let a program end", ranks: 1...1) { _, expect in
      let child = try Desertion.abandon.commitInChild()
      expect(child.reason == .exit && child.code == 0, "it ended with code \(child.code), '\(child.errors)'")
    },
  ]
}
