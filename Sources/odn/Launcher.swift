// Running a command's body on all ranks, and ending all of them when one fails.

import Foundation
import MPI
import NumericKernels

/// What started this process.
enum Launcher {
  /// The rank that mpirun or srun gave this process, known before MPI starts; 0 without them.
  static var rank: Int { rank(in: ProcessInfo.processInfo.environment) ?? 0 }

  /// The rank of a process in an MPI job; nil if it is in none.
  ///
  /// A number alone makes no job: shells that srun starts, and tasks that know nothing of each other, have one too. A
  /// launcher that connects its processes says besides how to reach it.
  static func rank(in environment: [String: String]) -> Int? {
    let launchers = [
      ("OMPI_COMM_WORLD_RANK", ["OMPI_COMM_WORLD_SIZE"]), ("PMIX_RANK", ["PMIX_NAMESPACE"]),
      ("PMI_RANK", ["PMI_FD", "PMI_PORT"]),
    ]
    return launchers.lazy.compactMap { rank, connections in
      connections.contains { environment[$0] != nil } ? environment[rank].flatMap { Int($0) } : nil
    }.first
  }

  /// Lets a process that no launcher started be a job of one rank. Within an allocation Open MPI would take it for a task
  /// of srun, and end it for want of a connection.
  private static func standAlone() {
    guard rank(in: ProcessInfo.processInfo.environment) == nil else { return }
    for variable in ["SLURM_STEP_ID", "SLURM_STEPID", "SLURM_PROCID", "PMI_RANK", "PMIX_RANK"] { unsetenv(variable) }
  }

  /// Whether standard output is a terminal that a line may be overwritten on. Under mpirun it looks like one even where
  /// mpirun writes to a file, so there Launch/mpirun.sh has to say so.
  static var isTerminal: Bool {
    let environment = ProcessInfo.processInfo.environment
    if let answer = environment["ODN_TERMINAL"] { return answer == "1" }
    return environment["OMPI_COMM_WORLD_RANK"] == nil && isatty(STDOUT_FILENO) == 1
  }

  /// Columns of the terminal, as it is now: as it says itself, or else the variable COLUMNS, or else 80.
  static var terminalColumns: Int {
    var size = winsize()
    if ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 { return Int(size.ws_col) }
    return ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 80
  }

  /// Runs `body` on every rank. An error on one rank is printed there and ends all of them at once.
  static func onAllRanks(checkingCollectives: Bool = false, _ body: (Communicator) throws -> Void) throws {
    standAlone()
    let universe = try Universe.initialize(requiring: .funneled, checkingCollectives: checkingCollectives)
    do {
      try body(universe.world)
    } catch {
      end(universe, Failure(error))
    }
    try universe.finalize()
  }

  /// Ends this rank in a way that lets rank 0, which has the same to say, print it first. A launcher ends all ranks as
  /// soon as one exits with a failure.
  static func exitAfterFirstRank(_ code: Int32) -> Never {
    if code != 0 { Thread.sleep(forTimeInterval: patience) }
    exit(code)
  }

  /// Ends this rank, whatever it does, and with it all others.
  static func end(for shortage: MemoryShortage) -> Never {
    let failure = Failure(shortage)
    failure.print(rank: rank)
    _exit(failure.exitCode)
  }

  /// Seconds that ranks wait for each other at the end.
  private static let patience = 10.0

  private static func end(_ universe: consuming Universe, _ failure: Failure) -> Never {
    let world = universe.world
    guard failure.isShared || world.size == 1 else {
      failure.print(rank: world.rank)
      world.abort(Int(failure.exitCode))
    }
    // All ranks know the error and come here. Leaving together spares the user what MPI prints when one aborts.
    if world.rank == 0 { failure.print() }
    let rank = world.rank
    DispatchQueue.global().asyncAfter(deadline: .now() + patience) {
      // The others were somewhere else, and may know nothing of it.
      if rank != 0 { failure.print(rank: rank) }
      _exit(failure.exitCode)
    }
    try? universe.finalize()
    exit(failure.exitCode)
  }
}
