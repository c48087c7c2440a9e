// Where a run begins: in a directory of its own, or where another one was cut short.

import Checkpoints
import Configuration
import DistributedTraining
import Foundation
import Logging
import MPI
import Telemetry

/// Where a run begins. All ranks know whether there is anything to do; the rest is for rank 0.
struct RunStart {
  var directory = ""
  /// The right to write the run that the directory holds, and the checkpoint of it to continue from.
  var lock: RunLock?
  var checkpoint: SearchCheckpoint?
  /// Whether the run has ended already.
  var isFinished = false
  /// If it has, whether it met its target.
  var isTargetMet = false
}

/// Why a run cannot be continued.
enum ResumeError: Error, Equatable, CustomStringConvertible {
  case noRun(String)
  case noCheckpoint(String)
  case noSoundCheckpoint(String)
  case otherConfiguration(String, [ConfigurationDifference])

  /// What was expected, what was found, and what to do.
  var description: String {
    switch self {
    case .noRun(let path): "\(path): expected the directory of a run, found none: check the path after --resume"
    case .noCheckpoint(let path):
      "\(path): expected a run with a checkpoint, found none: begin again with --resume auto --output \(path)"
    case .noSoundCheckpoint(let path):
      """
      \(path): expected a sound checkpoint, found only damaged ones: bring one of them back, or search anew in another \
      --output
      """
    case .otherConfiguration(let path, let differences):
      """
      \(path) is of another configuration: \(differences.map(\.description).joined(separator: ", ")); give it the same \
      values, or --override to go on with the new ones
      """
    }
  }

  /// Whether the user asked for something impossible.
  var isUsage: Bool { if case .noSoundCheckpoint = self { false } else { true } }
}

extension RunOptions {
  /// Where the run of `configuration` begins, as rank 0 finds it. Collective.
  func start(_ configuration: Configuration, _ world: Communicator, _ logger: Logger) throws -> RunStart {
    var found = try world.agree(isUsage: Failure.isUsage) {
      world.rank == 0 ? try start(configuration, logger) : RunStart()
    }
    found.isFinished = try world.broadcast(found.isFinished, from: 0)
    found.isTargetMet = try world.broadcast(found.isTargetMet, from: 0)
    return found
  }

  private func start(_ configuration: Configuration, _ logger: Logger) throws -> RunStart {
    let name = URL(fileURLWithPath: config).deletingPathExtension().lastPathComponent
    let new = RunStart(directory: output ?? RunDirectory.unused("runs/\(name)"))
    switch resume {
    case nil:
      // Before data are read for it; it is looked at again when it is made.
      if RunDirectory.isRun(new.directory) { throw RunDirectoryError.occupied(new.directory) }
      return new
    case "auto":
      guard let last = output ?? RunDirectory.last("runs/\(name)"), RunDirectory.isRun(last) else { return new }
      if RunDirectory.isFinished(last) && output == nil { return new }
      return try continuing(last, configuration, logger)
    case let directory?:
      guard RunDirectory.isRun(directory) else { throw ResumeError.noRun(directory) }
      let start = try continuing(directory, configuration, logger)
      if !start.isFinished && start.checkpoint == nil { throw ResumeError.noCheckpoint(directory) }
      return start
    }
  }

  /// The run in `directory` with its newest sound checkpoint, if it has any. Damaged ones are warned of.
  private func continuing(_ directory: String, _ configuration: Configuration, _ logger: Logger) throws -> RunStart {
    // Before anything is read that another process could still write.
    let lock = try RunLock(run: directory)
    if RunDirectory.isFinished(directory) {
      let file = directory + "/config.yaml"
      try compare(configuration, with: Configuration(contentsOf: file).values, of: file, logger)
      return RunStart(directory: directory, isFinished: true, isTargetMet: try RunDirectory.metTarget(directory))
    }
    let files = CheckpointDirectory.files(in: RunDirectory.checkpoints(of: directory))
    if files.isEmpty { return RunStart(directory: directory, lock: lock) }
    for file in files {
      let checkpoint: SearchCheckpoint
      do throws(CheckpointError) {
        checkpoint = try SearchCheckpoint(path: file)
      } catch {
        logger.warning("\(error); trying the checkpoint before")
        continue
      }
      try compare(configuration, with: checkpoint.origin.configuration, of: file, logger)
      return RunStart(directory: directory, lock: lock, checkpoint: checkpoint)
    }
    throw ResumeError.noSoundCheckpoint(directory)
  }

  /// Refuses to continue what another configuration has begun, unless told to override that.
  private func compare(
    _ configuration: Configuration, with before: [String: String], of file: String, _ logger: Logger
  ) throws {
    let differences = configuration.differences(from: before)
    if differences.isEmpty { return }
    let error = ResumeError.otherConfiguration(file, differences)
    guard override else { throw error }
    logger.warning("--override: \(error)")
  }
}
