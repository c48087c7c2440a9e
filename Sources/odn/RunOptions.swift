// Options that the training commands share, and what they set up.

import ArgumentParser
import Configuration
import Datasets
import DistributedTraining
import Foundation
import Logging
import MPI
import ModelExchange
import Telemetry

/// How much is written to standard error besides errors.
enum LogLevel: String, CaseIterable, ExpressibleByArgument {
  case debug
  case info
  case warning
  case error

  var level: Logger.Level {
    switch self {
    case .debug: .debug
    case .info: .info
    case .warning: .warning
    case .error: .error
    }
  }
}

/// Overrides of a configuration's keys.
struct SettingOptions: ParsableArguments {
  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Override a key of the configuration, such as search.target=99.0. May be repeated.", valueName: "key=value"))
  var set: [String] = []

  /// The configuration in a file with these overrides, read by rank 0 and sent to all. Collective.
  func configuration(_ path: String, _ world: Communicator) throws -> Configuration {
    let read = try world.agree(isUsage: Failure.isUsage) {
      world.rank == 0 ? try Configuration(contentsOf: path, settings: set) : nil
    }
    return try world.broadcast(read, from: 0)
  }
}

/// Checks of the program itself.
struct CheckOptions: ParsableArguments {
  @Flag(
    help: """
      Compare every collective call of MPI among the ranks before it is made, and end with both calls where they differ. \
      For the search of errors: each call takes several times as long.
      """)
  var checkCollectives = false
}

/// The configuration file, its overrides, and where the run goes.
struct RunOptions: ParsableArguments {
  @Argument(help: "Configuration file (YAML); see Configs/ for examples.", completion: .file(extensions: ["yaml"]))
  var config: String

  @OptionGroup var settings: SettingOptions
  @OptionGroup var check: CheckOptions

  @Option(help: "Directory for the run's files. (default: runs/ and the configuration's name, numbered if taken)")
  var output: String?

  @Option(
    help: ArgumentHelp(
      """
      Continue the run in this directory from its newest checkpoint. auto: the run in --output, or the last one of \
      this configuration, if it has not ended; otherwise begin one.
      """, valueName: "dir|auto"))
  var resume: String?

  @Flag(help: "Continue with --resume although keys of the configuration have changed.")
  var override = false

  @Flag(
    help: """
      Do not train: check what a run needs, measure some steps, and print what each depth costs, how long the search may \
      take, and how much memory.
      """)
  var dryRun = false

  @Flag(
    help: "End with exit code 3 if the search misses its target, for scripts that must not go on with what it left.")
  var requireTarget = false

  @Flag(help: "Print nothing but errors.")
  var quiet = false

  @Flag(help: "Print every step and epoch as a line of JSON instead of text.")
  var jsonProgress = false

  @Option(help: "What to log on standard error, at least.")
  var logLevel = LogLevel.warning

  func validate() throws {
    if quiet && jsonProgress { throw ValidationError("--quiet and --json-progress contradict each other; give one") }
    if override && resume == nil {
      throw ValidationError("--override needs --resume, whose configuration it overrides")
    }
    if dryRun && resume != nil {
      throw ValidationError("--dry-run tells of a search from its beginning: leave --resume out")
    }
    if let resume, resume != "auto", output != nil {
      throw ValidationError("--resume DIR writes to DIR; leave --output out, or give --resume auto")
    }
  }

  /// What watches the run on rank 0: its files, and a display. Nil on other ranks. Collective.
  ///
  /// - Parameter heartbeat: told that the run goes on while it waits for room on a full disk.
  func observers(
    _ configuration: Configuration, _ data: DatasetSplits, _ run: RunStart, _ heartbeat: Heartbeat,
    _ world: Communicator
  ) throws -> Watch? {
    try world.agree(isUsage: Failure.isUsage) {
      guard world.rank == 0 else { return nil }
      var directory = try RunDirectory(
        path: run.directory, configuration: configuration.withAbsolutePaths.yaml(),
        modelMetadata: try data.modelMetadata(named: configuration.dataset.name), continuing: run.lock)
      let logger = logger(world)
      directory.warn = { logger.warning("\($0)") }
      let fullDisk = FullDisk(wait: { try waitForRoom(heartbeat) }, warn: { logger.warning("\($0)") })
      directory.fullDisk = fullDisk
      var observers: [any SearchObserver] = [directory, WarningLog(logger: logger)]
      let telemetry = configuration.telemetry
      if telemetry.tensorboard {
        var log = TensorBoardLog(run: run.directory) { logger.warning("\($0)") }
        log.fullDisk = fullDisk
        observers.append(log)
      }
      if jsonProgress {
        observers.append(JSONProgress())
      } else if !quiet {
        observers.append(
          ProgressDisplay(columns: Launcher.isTerminal ? { Launcher.terminalColumns } : nil) {
            NextSteps(
              run: run.directory, result: $0, seed: configuration.training.seed,
              hasTensorBoard: telemetry.tensorboard)
          })
      }
      return Watch(observers: Observers(observers), directory: directory)
    }
  }

  /// Lets a moment pass in which somebody may make room, and ends the wait where the run is told to stop.
  private func waitForRoom(_ heartbeat: Heartbeat) throws {
    heartbeat.beat()
    if StopSignal.isRequested { throw TrainingError.stopped(checkpoint: nil) }
    Thread.sleep(forTimeInterval: 0.2)
  }

  /// The observers of a run and the directory that one of them fills.
  struct Watch {
    let observers: Observers
    let directory: RunDirectory
  }

  /// A log as the options say.
  func logger(_ world: Communicator) -> Logger { Logger(world, from: logLevel.level) }
}

/// Prints warnings on standard error, whatever else is shown.
private struct WarningLog: SearchObserver {
  let logger: Logger

  mutating func observe(_ event: SearchEvent) {
    if case .warning(let text) = event { logger.warning("\(text)") }
  }
}

extension DatasetSplits {
  /// What a saved network has to know of the images it was made for.
  fileprivate func modelMetadata(named name: DatasetSource) throws -> [String: String] {
    try ImageDescription(
      dataset: name.rawValue, classNames: train.dataset.classNames, normalization: normalization,
      idxLayout: name.descriptor?.idxLayout, fit: .centerCrop
    ).metadata()
  }
}
