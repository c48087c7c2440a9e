// Shows that steps allocate nothing once the first are done. A program of its own, because it counts the allocations of
// all threads and so cannot share a process with other tests.

import CAllocations
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

allocations_start()
let buffer = AlignedBuffer<Float>(count: 1)
let counted = allocations_stop()
// An object and its memory.
report("a buffer is counted (\(buffer.count) float)", counted >= 2, counted)
for allocationCase in AllocationCase.all {
  let training = try allocationCase.trainingStep()
  report("training \(allocationCase.name)", training == 0, training)
  let evaluation = try allocationCase.evaluation()
  report("evaluation \(allocationCase.name)", evaluation == 0, evaluation)
}
print("\(passed) passed, \(failed) failed")
if failed > 0 { exit(1) }
