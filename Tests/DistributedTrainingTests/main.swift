// Proves distributed training: mpirun -n 1…4 DistributedTrainingTests [--filter TEXT] [--timeout SECONDS].

import MPI
import RankTesting

RankTests.main { universe in
  let alone = universe.selfCommunicator
  return gradientReducerTests() + rankCountTests(alone: alone) + localBatchNormTests(alone: alone)
    + repeatabilityTests() + evaluationTests(alone: alone) + searchTests() + restartTests()
    + checkpointTests(alone: alone) + guardTests() + errorTests(alone: alone)
}
