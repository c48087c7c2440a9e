// What is refused before MPI sees it, what MPI refuses, and what the messages say. Refusals are local, so no rank
// waits in them for another.

import MPI
import RankTesting

func errorTests() -> [RankTest] { argumentTests() + sizeTests() + countTests() + failureTests() }

private func argumentTests() -> [RankTest] {
  [
    RankTest("a rank outside the communicator is refused, for every role") { world, expect in
      let buffer = StableBuffer([Float(0)])
      for rank in [-1, world.size, Int.max] {
        func refusal(_ function: String, _ role: String) -> MPIError {
          .invalidRank(function: function, role: role, rank: rank, size: world.size)
        }
        expect.throwing(refusal("MPI_Bcast", "root")) { try world.broadcast(buffer.all, from: rank) }
        expect.throwing(refusal("MPI_Bcast", "root")) { _ = try world.broadcast("x", from: rank) }
        expect.throwing(refusal("MPI_Ibcast", "root")) { try world.startBroadcast(buffer.all, from: rank).wait() }
        expect.throwing(refusal("MPI_Reduce", "root")) { try world.reduce(buffer.all, .sum, to: rank) }
        expect.throwing(refusal("MPI_Gather", "root")) { _ = try world.gather([1], to: rank) }
        expect.throwing(refusal("MPI_Gatherv", "root")) { _ = try world.gatherv([1], to: rank) }
        expect.throwing(refusal("MPI_Gatherv", "root")) { _ = try world.gatherCodable("x", to: rank) }
        expect.throwing(refusal("MPI_Scatter", "root")) {
          try world.scatter(buffer.readOnly, into: buffer.all, from: rank)
        }
        expect.throwing(refusal("MPI_Send", "destination")) { try world.send(1, to: rank) }
        expect.throwing(refusal("MPI_Isend", "destination")) { try world.startSend(buffer.readOnly, to: rank).wait() }
        expect.throwing(refusal("MPI_Recv", "source")) { try world.receive(into: buffer.all, from: rank) }
        expect.throwing(refusal("MPI_Irecv", "source")) { try world.startReceive(into: buffer.all, from: rank).wait() }
        expect.throwing(refusal("MPI_Probe", "source")) { _ = try world.probe(Int.self, from: rank) }
        expect.throwing(refusal("MPI_Iprobe", "source")) { _ = try world.probeIfArrived(Int.self, from: rank) }
      }
    },
    RankTest("tags and colours outside their range are refused") { world, expect in
      func refusal(_ function: String, _ argument: String, _ value: Int, _ maximum: Int) -> MPIError {
        .invalidArgument(function: function, argument: argument, value: value, maximum: maximum)
      }
      for tag in [-1, world.maximumTag + 1] {
        expect.throwing(refusal("MPI_Send", "tag", tag, world.maximumTag)) { try world.send(1, to: 0, tag: tag) }
        expect.throwing(refusal("MPI_Recv", "tag", tag, world.maximumTag)) {
          _ = try world.receive(Int.self, tag: tag)
        }
      }
      let largest = Int(Int32.max)
      expect.throwing(refusal("MPI_Comm_split", "color", -1, largest)) { _ = try world.split(color: -1) }
      expect.throwing(refusal("MPI_Comm_split", "key", 1 << 40, largest)) {
        _ = try world.split(color: 0, key: 1 << 40)
      }
    },
  ]
}

private func sizeTests() -> [RankTest] {
  [
    RankTest("buffers of the wrong length are refused") { world, expect in
      let three = StableBuffer([1, 2, 3])
      let many = StableBuffer([Int](repeating: 0, count: 3 * world.size + 1))
      func refusal(_ function: String, _ argument: String, _ expected: Int, _ found: Int) -> MPIError {
        .sizeMismatch(function: function, argument: argument, expected: expected, found: found)
      }
      let (all, found) = (3 * world.size, 3 * world.size + 1)
      expect.throwing(refusal("MPI_Allreduce", "the destination", 3, found)) {
        try world.allreduce(three.readOnly, into: many.all, .sum)
      }
      expect.throwing(refusal("MPI_Iallreduce", "the destination", 3, found)) {
        try world.startAllreduce(three.readOnly, into: many.all, .sum).wait()
      }
      expect.throwing(refusal("MPI_Allgather", "the destination", all, found)) {
        try world.allgather(three.readOnly, into: many.all)
      }
      expect.throwing(refusal("MPI_Iallgather", "the destination", all, found)) {
        try world.startAllgather(three.readOnly, into: many.all).wait()
      }
      let parts = StableBuffer([Int](repeating: 0, count: 3 * world.size))
      expect.throwing(refusal("MPI_Ialltoall", "the destination", all, found)) {
        try world.startAlltoall(parts.readOnly, into: many.all).wait()
      }
      expect.throwing(refusal("MPI_Gather", "the root's destination", all, found)) {
        try world.gather(three.readOnly, into: many.all, to: world.rank)
      }
      expect.throwing(refusal("MPI_Gather", "the root's destination", all, 0)) {
        try world.gather(three.readOnly, into: nil, to: world.rank)
      }
      expect.throwing(refusal("MPI_Scatter", "the root's source", all, found)) {
        try world.scatter(many.readOnly, into: three.all, from: world.rank)
      }
      expect.throwing(refusal("MPI_Gatherv", "the list of counts", world.size, world.size + 1)) {
        try world.gatherv(
          three.readOnly, counts: [Int](repeating: 3, count: world.size + 1), into: many.all, to: world.rank)
      }
      let counts = [Int](repeating: 2, count: world.size)
      expect.throwing(refusal("MPI_Allgatherv", "the source", 2, 3)) {
        try world.allgatherv(three.readOnly, counts: counts, into: many.all)
      }
      expect.throwing(refusal("MPI_Scatterv", "the destination", 2, 3)) {
        try world.scatterv(many.readOnly, counts: counts, into: three.all, from: world.rank)
      }
    },
    RankTest("what cannot be cut into equal parts is refused, on every rank", ranks: 2...) { world, expect in
      func refusal(_ function: String) -> MPIError {
        .notDivisible(function: function, count: world.size + 1, size: world.size)
      }
      let values = [Int](repeating: 0, count: world.size + 1)
      expect.throwing(refusal("MPI_Alltoall")) { _ = try world.alltoall(values) }
      let (parts, other) = (StableBuffer(values), StableBuffer(values))
      expect.throwing(refusal("MPI_Ialltoall")) { try world.startAlltoall(parts.readOnly, into: other.all).wait() }
      expect.throwing(refusal("MPI_Reduce_scatter_block")) { _ = try world.reduceScatter(values, .sum) }
      expect.throwing(refusal("MPI_Scatter")) { _ = try world.scatter(world.rank == 0 ? values : nil, from: 0) }
      try world.barrier()
    },
    RankTest("a scatter without data at the root is refused on every rank") { world, expect in
      expect.throwing(MPIError.missingAtRoot(function: "MPI_Scatter", root: 0)) {
        _ = try world.scatter([Int]?.none, from: 0)
      }
      expect.throwing(MPIError.missingAtRoot(function: "MPI_Scatterv", root: 0)) {
        _ = try world.scatterv([[Int]]?.none, from: 0)
      }
      expect.throwing(
        MPIError.sizeMismatch(
          function: "MPI_Scatterv", argument: "the root's list of parts", expected: world.size, found: world.size + 1)
      ) {
        _ = try world.scatterv([[Int]](repeating: [], count: world.size + 1), from: 0)
      }
      try world.barrier()
    },
  ]
}

private func countTests() -> [RankTest] {
  [
    RankTest("counts beyond 32 bits are refused where they cannot be passed in pieces") { world, expect in
      let limit = Int(Int32.max)
      let element = StableBuffer([UInt8(0)])
      // More elements than there is memory: the refusal comes before any is touched.
      let huge = UnsafeMutableBufferPointer(start: element.all.baseAddress, count: limit + 1)
      let source = UnsafeBufferPointer(huge)
      func refusal(_ function: String, _ maximum: Int = limit) -> MPIError {
        .countTooLarge(function: function, count: limit + 1, maximum: maximum)
      }
      expect.throwing(refusal("MPI_Allgather")) { try world.allgather(source, into: element.all) }
      expect.throwing(refusal("MPI_Gather")) { try world.gather(source, into: nil, to: 0) }
      expect.throwing(refusal("MPI_Scatter")) { try world.scatter(nil, into: huge, from: 0) }
      expect.throwing(refusal("MPI_Iallreduce")) { try world.startAllreduce(huge, .sum).wait() }
      expect.throwing(refusal("MPI_Iallgather")) { try world.startAllgather(source, into: element.all).wait() }
      expect.throwing(refusal("MPI_Ibcast")) { try world.startBroadcast(huge, from: 0).wait() }
      expect.throwing(refusal("MPI_Isend", limit - 1)) { try world.startSend(source, to: 0).wait() }
      expect.throwing(refusal("MPI_Irecv", limit - 1)) { try world.startReceive(into: huge).wait() }
    },
    RankTest("parts of more than 32 bits together are refused", ranks: 2...) { world, expect in
      let element = StableBuffer([UInt8(0)])
      let counts = [Int](repeating: Int(Int32.max), count: world.size)
      let error = expect.throwing(MPIError.self) {
        try world.allgatherv(element.readOnly, counts: counts, into: element.all)
      }
      guard case .countTooLarge("MPI_Allgatherv", _, Int(Int32.max))? = error else {
        return expect.fail("threw \(String(describing: error))")
      }
      expect.throwing(
        MPIError.invalidArgument(
          function: "MPI_Allgatherv", argument: "count", value: -1, maximum: Int(Int32.max))
      ) {
        try world.allgatherv(element.readOnly, counts: counts.map { _ in -1 }, into: element.all)
      }
    },
  ]
}

private func failureTests() -> [RankTest] {
  [
    RankTest("MPI's own errors carry the function, the class, a message and the rank", ranks: 2...) { world, expect in
      if world.rank == 0 { try world.send([1, 2, 3], to: 1) }
      if world.rank == 1 {
        let buffer = StableBuffer([0, 0])
        let error = expect.throwing(MPIError.self) { try world.receive(into: buffer.all, from: 0) }
        guard case .failed("MPI_Recv", .truncate, let message, 1)? = error else {
          return expect.fail("threw \(String(describing: error))")
        }
        expect(!message.isEmpty, "MPI's message")
        let text = error?.description ?? ""
        expect(text.contains("MPI_Recv failed on rank 1: \(message)"), "the description is '\(text)'")
      }
    },
    RankTest("a message of half an element is an error", ranks: 2...) { world, expect in
      if world.rank == 0 { try world.send([UInt8](repeating: 1, count: 6), to: 1, tag: 9) }
      if world.rank == 1 {
        let buffer = StableBuffer([UInt32](repeating: 0, count: 2))
        expect.throwing(MPIError.wrongElementType(function: "MPI_Recv", type: "UInt32", source: 0, tag: 9)) {
          try world.receive(into: buffer.all, from: 0)
        }
      }
    },
    RankTest("messages say what was expected, what was found and where") { _, expect in
      expect.equal(
        MPIError.invalidRank(function: "MPI_Send", role: "destination", rank: 4, size: 4).description,
        "MPI_Send: the destination is a rank in 0..<4, not 4")
      expect.equal(
        MPIError.sizeMismatch(function: "MPI_Gather", argument: "the source", expected: 6, found: 5).description,
        "MPI_Gather: the source needs 6 elements and has 5")
      expect.equal(
        MPIError.threadLevel(required: .multiple, provided: .single).description,
        "this program needs MPI thread level 'multiple', the library provides 'single'; "
          + "use an MPI built with thread support")
    },
  ]
}
