// Running a command's body on all ranks, and ending all of them when one fails.

import Foundation
import MPI

/// What started this process.
enum Launcher {
  /// The rank that mpirun or srun gave this process, known before MPI starts; 0 without them.
  static var rank: Int {
    let environment = ProcessInfo.processInfo.environment
    let variables = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID"]
    return variables.lazy.compactMap { environment[$0].flatMap(Int.init) }.first ?? 0
  }

  /// Whether standard output is a terminal that a line may be overwritten on. Under mpirun it looks like one even where
  /// mpirun writes to a file, so there Launch/mpirun.sh has to say so.
  static var isTerminal: Bool {
    let environment = ProcessInfo.processInfo.environment
    if let answer = environment["ODN_TERMINAL"] { return answer == "1" }
    return environment["OMPI_COMM_WORLD_RANK"] == nil && isatty(STDOUT_FILENO) == 1
  }

  /// Runs `body` on every rank. An error on one rank is printed there and ends all of them at once.
  static func onAllRanks(_ body: (Communicator) throws -> Void) throws {
    let universe = try Universe.initialize(requiring: .funneled)
    let world = universe.world
    do {
      try body(world)
    } catch {
      end(world, Failure(error))
    }
    try universe.finalize()
  }

  private static func end(_ world: Communicator, _ failure: Failure) -> Never {
    if failure.isShared && world.rank > 0 {
      // Rank 0 prints and ends everyone; this rank is only waiting for it.
      Thread.sleep(forTimeInterval: 10)
    } else {
      failure.print(rank: failure.isShared || world.size == 1 ? nil : world.rank)
    }
    if world.size == 1 { exit(failure.exitCode) }
    world.abort(Int(failure.exitCode))
  }
}
