// Which processors the threads of the ranks of a host stay on.

import DistributedTraining
import MPI
import RankTesting

func placementTests(alone: Communicator) -> [RankTest] {
  [
    RankTest("no two ranks' threads stay on one processor") { world, expect in
      let threads = try ThreadPlacement(threads: nil, communicator: world)
      expect(threads.threads >= 1, "a rank has a thread")
      expect(
        threads.processors.isEmpty || threads.processors.count == threads.threads, "each thread has a processor or none"
      )
      let all = try world.allgatherv(threads.processors).flatMap { $0 }
      expect(Set(all).count == all.count, "processors \(all) of all ranks differ")
    },
    RankTest("threads that are more than the cores stay nowhere") { world, expect in
      let threads = try ThreadPlacement(threads: 4096, communicator: world)
      expect(threads.threads == 4096 && threads.processors.isEmpty, "\(threads)")
    },
    RankTest("a rank that is alone has all the cores it is bound to") { world, expect in
      let (one, shared) = (
        try ThreadPlacement(threads: nil, communicator: alone), try ThreadPlacement(threads: nil, communicator: world)
      )
      expect(one.threads >= shared.threads, "\(one.threads) threads alone, \(shared.threads) among others")
    },
  ]
}
