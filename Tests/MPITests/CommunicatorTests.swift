// The universe and groups of ranks.

import Foundation
import MPI
import RankTesting

func universeTests(_ universe: borrowing Universe) -> [RankTest] {
  let level = universe.threadLevel
  let host = universe.processorName
  let version = Universe.libraryVersion
  let standard = universe.standardVersion
  let alone = universe.selfCommunicator
  let times = [universe.wtime, universe.wtime]
  return [
    RankTest("the universe describes itself") { world, expect in
      expect(level >= .funneled, "thread level \(level)")
      expect(!host.isEmpty, "processor name")
      expect(version.contains("MPI") || version.contains("MPICH"), "library version '\(version)'")
      expect(standard.major >= 3, "standard \(standard)")
      expect(times[0] <= times[1], "the clock goes forward")
      expect(world.maximumTag >= 32767, "largest tag \(world.maximumTag)")
      expect(Universe.isInitialized && !Universe.isFinalized)
    },
    RankTest("the library has a short name", ranks: 1...1) { _, expect in
      let debian = "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022"
      expect.equal(Universe.libraryName(from: debian), "Open MPI 4.1.4")
      expect.equal(Universe.libraryName(from: "MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr"), "MPICH 4.0.2")
      expect.equal(Universe.libraryName(from: ""), "")
      expect(version.contains(Universe.libraryName.split(separator: " ").last ?? "-"), Universe.libraryName)
    },
    RankTest("the self communicator is a world of one") { world, expect in
      expect.equal([alone.rank, alone.size], [0, 1])
      expect.equal(try alone.allreduce(world.rank + 1, .sum), world.rank + 1)
      expect.equal(try alone.broadcast(world.rank, from: 0), world.rank)
    },
    RankTest("ranks share memory with those on the same host") { world, expect in
      let hosts = try world.allgatherv(Array(host.utf8)).map { String(decoding: $0, as: UTF8.self) }
      let neighbours = hosts.indices.filter { hosts[$0] == host }
      expect.equal(try world.splitSharedMemory().allgather(world.rank), neighbours)
    },
    RankTest("a second initialisation is an error") { _, expect in
      expect.throwing(MPIError.alreadyInitialized) { _ = try Universe.initialize().threadLevel }
    },
  ]
}

func communicatorTests() -> [RankTest] {
  [
    RankTest("ranks are numbered from 0") { world, expect in
      expect((0..<world.size).contains(world.rank))
      expect.equal(try world.allgather(world.rank), Array(0..<world.size))
    },
    RankTest("split groups by colour and orders by key") { world, expect in
      let color = world.rank % 2
      guard let half = try world.split(color: color, key: world.size - world.rank) else {
        return expect.fail("no communicator for a colour")
      }
      let members = (0..<world.size).filter { $0 % 2 == color }
      expect.equal(half.size, members.count)
      expect.equal(try half.allgather(world.rank), members.reversed())
      expect.equal(try half.allreduce(world.rank, .sum), members.reduce(0, +))
    },
    RankTest("ranks without a colour are in no group") { world, expect in
      let group = try world.split(color: world.rank == 0 ? nil : 1)
      expect.equal(group == nil, world.rank == 0)
      expect.equal(group?.size ?? 0, world.rank == 0 ? 0 : world.size - 1)
      if let group { expect.equal(try group.allreduce(1, .sum), world.size - 1) }
    },
    RankTest("a duplicate keeps its messages apart", ranks: 2...) { world, expect in
      let other = try world.duplicate()
      if world.rank == 0 {
        try world.send(1, to: 1, tag: 4)
        try other.send(2, to: 1, tag: 4)
      } else if world.rank == 1 {
        expect.equal(try other.receive(Int.self).values, [2])
        expect.equal(try world.receive(Int.self).values, [1])
      }
    },
    RankTest("a derived communicator inherits the count per call, within limits") { world, expect in
      world.maximumCountPerCall = 5
      expect.equal(try world.duplicate().maximumCountPerCall, 5)
      world.maximumCountPerCall = 0
      expect.equal(world.maximumCountPerCall, 1)
      world.maximumCountPerCall = .max
      expect.equal(world.maximumCountPerCall, Int(Int32.max))
    },
    RankTest("thousands of communicators can be made and dropped") { world, expect in
      // MPICH has 2048 communicator numbers: dropped ones must come back. Where ranks spin while they wait, more ranks
      // than cores make this slow.
      for _ in 0..<2200 { _ = try world.duplicate() }
      expect.equal(try world.duplicate().allreduce(1, .sum), world.size)
    },
    RankTest("a barrier holds every rank until the last has come") { world, expect in
      for late in 0..<world.size {
        if world.rank == late { Thread.sleep(forTimeInterval: 0.01) }
        // One clock for all processes of a host.
        let arrival = ProcessInfo.processInfo.systemUptime
        try world.barrier()
        let departure = ProcessInfo.processInfo.systemUptime
        expect(departure >= (try world.allreduce(arrival, .max)), "left before rank \(late) came")
      }
    },
  ]
}
