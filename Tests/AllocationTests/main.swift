// Shows that steps allocate nothing once the first are done. A program of its own, because it counts the allocations of
// all threads and so cannot share a process with other tests: `AllocationTests`, and `mpirun -n 2 AllocationTests --ranks`.

import CAllocations
import MPI
import NumericKernels

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

var passed = 0
var failed = 0

@MainActor
func report(_ name: String, _ isRight: Bool, _ allocations: Int) {
  if isRight { passed += 1 } else { failed += 1 }
  print("\(isRight ? "passed" : "FAILED"): \(name): \(allocations) allocations")
  if !isRight { allocations_print_first() }
}

@MainActor
func countOnOneRank() throws {
  for allocationCase in AllocationCase.all {
    let training = try allocationCase.trainingStep()
    report("training \(allocationCase.name)", training == 0, training)
    let evaluation = try allocationCase.evaluation()
    report("evaluation \(allocationCase.name)", evaluation == 0, evaluation)
  }
}

/// Rank 0 reports for all.
@MainActor
func countOnAllRanks() throws -> Bool {
  let universe = try Universe.initialize()
  let world = universe.world
  for rankCase in RankCase.all {
    let training = try rankCase.trainingStep(world)
    if world.rank == 0 { report("training on \(world.size) ranks, \(rankCase.name)", training == 0, training) }
  }
  try universe.finalize()
  return world.rank == 0
}

/// Counts the memory of a buffer, and its object unless that is on the stack.
func countBuffer(_ start: () -> Void) -> Int {
  start()
  let buffer = AlignedBuffer<Float>(count: 1)
  return withExtendedLifetime(buffer) { allocations_stop() }
}

for (name, start) in [("a buffer", allocations_start), ("a buffer of this program", allocations_start_own)] {
  let counted = countBuffer(start)
  report("\(name) is counted", counted >= 1, counted)
}
var isReporting = true
if CommandLine.arguments.dropFirst() == ["--ranks"] {
  isReporting = try countOnAllRanks()
} else {
  try countOnOneRank()
}
if isReporting { print("\(passed) passed, \(failed) failed") }
if failed > 0 { exit(1) }
