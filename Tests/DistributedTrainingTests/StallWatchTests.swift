// What is no hang does not end the program. What is one does, which tests of the command line show.

import DistributedTraining
import Files
import Foundation
import MPI
import RankTesting
import Synchronization

func stallWatchTests() -> [RankTest] {
  [
    RankTest("ranks that wait for one that makes progress do not hang", ranks: 2...) { world, expect in
      let heartbeat = Heartbeat()
      // A wait that counted as a hang would end this process after 2 s.
      let watch = try StallWatch(
        heartbeat, options: ReliabilityOptions(stallSeconds: 1, abortSeconds: 1), communicator: world)
      for busy in [0, world.size - 1] {
        if world.rank == busy {
          for _ in 0..<30 {
            Thread.sleep(forTimeInterval: 0.1)
            heartbeat.beat()
          }
        }
        try world.barrier()
      }
      expect.equal(heartbeat.state.beats, world.rank == 0 || world.rank == world.size - 1 ? 30 : 0)
      withExtendedLifetime(watch) {}
    },
    RankTest("long work shows life with every piece of it") { world, expect in
      // A network of two blocks is passed through 16 times, one of one block as often.
      let measured = Mutex(0)
      let heartbeat = Heartbeat { heartbeat in
        if heartbeat.state.operation == .measuringLatencies { measured.withLock { $0 += 1 } }
      }
      var trial = SearchTrial(
        data: SyntheticImages.contradictorySplits(train: 20), search: .impossible(), warmUp: WarmUpOptions(epochs: 0))
      trial.search.budget.latencyMilliseconds = 1e9
      _ = try trial.run(on: world, heartbeat: heartbeat)
      expect.equal(measured.withLock(\.self), world.rank == 0 ? 1 + 16 + 16 * 2 : 0)

      let directory = try SharedDirectory(world)
      defer { withExtendedLifetime(directory) {} }
      try world.barrier()
      let path = directory.file("\(world.rank)")
      let words = [UInt64](repeating: 1, count: 5_000_000)
      let pieces = Mutex(0)
      try LongWork.listen({ pieces.withLock { $0 += 1 } }) {
        var file = try AtomicFile(path: path)
        try file.write(words)
        try file.commit()
      }
      expect.equal(pieces.withLock(\.self), 3, "two pieces and the rest of 40 MB")
      try LongWork.listen({ pieces.withLock { $0 += 1 } }) {
        expect.equal(try InputFile(path: path).read(words.count, of: UInt64.self).count, words.count)
      }
      expect(pieces.withLock(\.self) >= 6, "read in pieces too")
      LongWork.progressed()
      expect(pieces.withLock(\.self) < 20, "nobody listens any more")
      // As many files as large folders have.
      pieces.withLock { $0 = 0 }
      LongWork.listen({ pieces.withLock { $0 += 1 } }) { for _ in 0..<1_000_000 { LongWork.progressed() } }
      expect.equal(pieces.withLock(\.self), 1_000_000)
      try world.barrier()
    },
    RankTest("a heartbeat remembers where the rank is") { _, expect in
      let heartbeat = Heartbeat()
      expect.equal(heartbeat.state.beats, 0)
      expect.equal(heartbeat.state.position, 0)
      expect.equal("\(heartbeat.state)", "starting")
      heartbeat.enter(.loadingData)
      heartbeat.beat()
      heartbeat.enter(.evaluation)
      expect.equal(heartbeat.state.beats, 3)
      expect.equal(heartbeat.state.position, 2, "what only shows life is no new place")
      expect.equal("\(heartbeat.state)", "evaluating")
    },
  ]
}
