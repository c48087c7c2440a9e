// What is no hang does not end the program. What is one does, which tests of the command line show.

import DistributedTraining
import Foundation
import MPI
import RankTesting

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
