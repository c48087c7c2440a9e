// Messages from rank to rank: blocking, probed and non-blocking.

import MPI
import RankTesting

func messageTests<T: Number>(_: T.Type) -> [RankTest] {
  [
    RankTest("\(T.self): a message goes around the ring", ranks: 2...) { world, expect in
      let next = (world.rank + 1) % world.size
      let previous = (world.rank + world.size - 1) % world.size
      let values: [T] = numbers((0..<5).map { 10 * world.rank + $0 })
      let expected: [T] = numbers((0..<5).map { 10 * previous + $0 })
      // Odd ranks receive first, so that somebody always does and no rank waits for ever.
      let buffer = StableBuffer([T](repeating: .zero, count: 8))
      func receive() throws {
        let status = try world.receive(into: buffer.all, from: previous, tag: 3)
        expect.equal(status, MessageStatus(source: previous, tag: 3, count: 5))
        expect.equal(Array(buffer.array.prefix(5)), expected)
      }
      if world.rank.isMultiple(of: 2) {
        try world.send(values, to: next, tag: 3)
        try receive()
      } else {
        try receive()
        try world.send(values, to: next, tag: 3)
      }
    },
    RankTest("\(T.self): non-blocking send, receive, allreduce and broadcast deliver") { world, expect in
      let next = (world.rank + 1) % world.size
      let previous = (world.rank + world.size - 1) % world.size
      let outgoing = StableBuffer<T>(numbers((0..<5).map { 10 * world.rank + $0 }))
      let incoming = StableBuffer([T](repeating: .zero, count: 6))
      let reduced = StableBuffer<T>(numbers((0..<4).map { world.rank + $0 }))
      let combined = StableBuffer([T](repeating: .zero, count: 4))
      let shared = StableBuffer<T>(numbers((0..<3).map { world.rank == world.size - 1 ? $0 + 7 : 0 }))

      let receive = try world.startReceive(into: incoming.all, from: previous, tag: 1)
      let send = try world.startSend(outgoing.readOnly, to: next, tag: 1)
      let fromBoth = StableBuffer(reduced.array)
      let outOfPlace = try world.startAllreduce(fromBoth.readOnly, into: combined.all, .sum)
      let inPlace = try world.startAllreduce(reduced.all, .sum)
      let broadcast = try world.startBroadcast(shared.all, from: world.size - 1)
      let parts = StableBuffer<T>(numbers((0..<2 * world.size).map { 20 * world.rank + $0 }))
      let exchanged = StableBuffer([T](repeating: .zero, count: 2 * world.size))
      let gathered = StableBuffer([T](repeating: .zero, count: 5 * world.size))
      let alltoall = try world.startAlltoall(parts.readOnly, into: exchanged.all)
      let allgather = try world.startAllgather(outgoing.readOnly, into: gathered.all)
      let barrier = try world.startBarrier()

      expect.equal(try receive.wait(), MessageStatus(source: previous, tag: 1, count: 5), "what arrived")
      expect.equal(try send.wait(), nil, "a send receives nothing")
      try outOfPlace.wait()
      try inPlace.wait()
      try broadcast.wait()
      try alltoall.wait()
      try allgather.wait()
      try barrier.wait()
      expect.equal(Array(incoming.array.prefix(5)), numbers((0..<5).map { 10 * previous + $0 }), "received")
      let sums: [T] = numbers((0..<4).map { world.size * (world.size - 1) / 2 + world.size * $0 })
      expect.equal(combined.array, sums, "combined out of place")
      expect.equal(reduced.array, sums, "combined in place")
      expect.equal(shared.array, numbers([7, 8, 9]), "broadcast")
      let ranks = 0..<world.size
      expect.equal(
        exchanged.array, numbers(ranks.flatMap { r in (0..<2).map { 20 * r + 2 * world.rank + $0 } }), "exchanged")
      expect.equal(gathered.array, numbers(ranks.flatMap { r in (0..<5).map { 10 * r + $0 } }), "gathered")
    },
  ]
}

func blockingMessageTests() -> [RankTest] {
  [
    RankTest("messages are told apart by tag, and taken from any rank in any order", ranks: 2...) { world, expect in
      if world.rank > 0 {
        try world.send([Double(world.rank)], to: 0, tag: 7)
        try world.send(Int32(world.rank), to: 0, tag: 5)
        return
      }
      var seen: [Int] = []
      for _ in 1..<world.size {
        var value: Int32 = 0
        let status = try world.receive(into: &value, tag: 5)
        expect.equal(status.source, Int(value), "tag 5 says who sent it")
        seen.append(status.source)
      }
      expect.equal(seen.sorted(), Array(1..<world.size), "each rank once")
      for source in 1..<world.size {
        let (values, status) = try world.receive(Double.self, from: source)
        expect.equal(values, [Double(source)], "tag 7")
        expect.equal(status.tag, 7)
      }
    },
    RankTest("probe says what is coming without taking it", ranks: 2...) { world, expect in
      let last = world.size - 1
      if world.rank == last {
        try world.send([UInt16](repeating: 9, count: 12), to: 0, tag: 2)
        try world.barrier()
      } else if world.rank == 0 {
        let expected = MessageStatus(source: last, tag: 2, count: 12)
        expect.equal(try world.probe(UInt16.self), expected, "probe")
        expect.equal(try world.probe(UInt8.self, from: last, tag: 2).count, 24, "counted in bytes")
        expect.equal(try world.probeIfArrived(UInt16.self, from: last), expected, "probeIfArrived")
        expect.equal(try world.receive(UInt16.self).status, expected, "receive")
        expect.equal(try world.probeIfArrived(UInt16.self), nil, "nothing is left")
        try world.barrier()
      } else {
        try world.barrier()
      }
    },
    RankTest("long messages travel in pieces, whatever their length", ranks: 2...) { world, expect in
      world.maximumCountPerCall = 4
      let lengths = [0, 1, 3, 4, 5, 8, 11]
      if world.rank == 0 {
        for length in lengths {
          try world.send((0..<length).map { Float($0) }, to: 1, tag: length)
          try world.send((0..<length).map { Float($0) }, to: 1, tag: length)
        }
      } else if world.rank == 1 {
        for length in lengths {
          let buffer = StableBuffer([Float](repeating: -1, count: 12))
          let status = try world.receive(into: buffer.all, from: 0)
          expect.equal(status, MessageStatus(source: 0, tag: length, count: length), "into a buffer")
          expect.equal(buffer.array, (0..<12).map { $0 < length ? Float($0) : -1 })
          let (values, _) = try world.receive(Float.self, from: 0, tag: length)
          expect.equal(values, (0..<length).map { Float($0) }, "as an array")
        }
      }
    },
    RankTest("a message that exactly fills the buffer is received, in pieces too", ranks: 2...) { world, expect in
      world.maximumCountPerCall = 4
      if world.rank == 0 { try world.send((0..<8).map { Int8($0) }, to: 1) }
      if world.rank == 1 {
        let buffer = StableBuffer([Int8](repeating: -1, count: 8))
        expect.equal(try world.receive(into: buffer.all).count, 8)
        expect.equal(buffer.array, (0..<8).map { Int8($0) })
      }
    },
    RankTest("8 MB messages arrive intact", ranks: 2...) { world, expect in
      let count = 1_000_003
      if world.rank == 0 { try world.send((0..<count).map { Double($0) }, to: world.size - 1) }
      if world.rank == world.size - 1 {
        let values = try world.receive(Double.self, from: 0).values
        expect(values == (0..<count).map { Double($0) })
      }
    },
  ]
}
