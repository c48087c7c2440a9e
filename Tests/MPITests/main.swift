// Proves the MPI module: mpirun -n 1…4 MPITests [--filter TEXT] [--timeout SECONDS].

import MPI
import RankTesting

if let desertion = CommandLine.arguments.last.flatMap(Desertion.init) {
  try desertion.commit()
} else {
  RankTests.main { universe in
    let integers: [any (Number & FixedWidthInteger).Type] = [
      Int8.self, Int16.self, Int32.self, Int64.self, Int.self, UInt8.self, UInt16.self, UInt32.self, UInt64.self,
      UInt.self,
    ]
    let library = Universe.libraryVersion
    return universeTests(universe) + communicatorTests()
      + forEveryElementType { collectiveTests($0) + messageTests($0) }
      + integers.flatMap { integerReductionTests($0) + extremeValueTests($0, library: library) }
      + longBufferTests() + blockingMessageTests() + requestTests() + codableTests() + sharedMemoryTests()
      + errorTests() + mismatchTests()
  }
}
