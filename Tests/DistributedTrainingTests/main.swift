// Proves distributed training: mpirun -n 1…4 DistributedTrainingTests [--filter TEXT] [--timeout SECONDS].

import MPI
import RankTesting

RankTests.main { universe in
  let alone = universe.selfCommunicator
  return gradientReducerTests() + communicationTests() + rankCountTests(alone: alone)
    + localBatchNormTests() + normalizationGroupTests() + learningRateTests() + repeatabilityTests()
    + evaluationTests(alone: alone)
    + sharedDatasetTests() + searchTests() + restartTests() + placementTests(alone: alone)
    + checkpointTests(alone: alone) + groupTests() + guardTests() + stallWatchTests() + errorTests(alone: alone)
    + runLayoutTests() + memoryTests() + budgetTests()
}
