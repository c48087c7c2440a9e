// `odn search` and `odn train`: a depth search, and its baseline of one fixed depth.

import ArgumentParser
import Configuration
import Datasets
import DepthSearch
import DistributedTraining
import Files
import MPI
import Telemetry

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Search the depth that meets the target, and extract that network.",
    discussion: """
      Trains depths, each from the weights of a warm-up of all of them, until one has a validation accuracy of at least \
      target minus tolerance and the one before it has not; keeps the best weights of every depth, and tests the network \
      found. With search.policy: paper it trains depth after depth, and fine-tunes the first that meets the target. A run's \
      directory holds:

        config.yaml           the configuration with every default filled in
        events.jsonl          every epoch and decision
        depth-DD.safetensors  the best weights of each depth
        odn.safetensors       the result, with its architecture in the metadata
        summary.json          the result in numbers
        test-predictions.json its answer to each test image
        tensorboard/          the curves and decisions for TensorBoard
        checkpoints/          where the search can be continued, until it has ended

      Under mpirun the batch is shared among the ranks:

        mpirun -n 4 odn search Configs/mnist-resnet18.yaml --set search.target=99.0

      At SIGUSR1, SIGTERM, SIGINT (Ctrl-C) or SIGHUP the search finishes its step, writes a checkpoint and exits with \
      code 75; a second signal ends it at once. The same command with --resume auto begins a search or continues it, \
      whatever has ended it, with the same result as if nothing had:

        mpirun -n 4 odn search Configs/mnist-resnet18.yaml --resume auto

      With search.groups the ranks form groups of equal size, each of which trains another depth at the same time; the \
      shallowest that meets the target wins, as in a search without groups:

        mpirun -n 8 odn search Configs/mnist-resnet18.yaml --set search.groups=8

      Where a rank makes no progress for reliability.stallSeconds, each says where it stands and which ones it waits for; \
      reliability.abortSeconds later the search ends with code 76.
      """)

  @OptionGroup var options: RunOptions

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: options.check.checkCollectives) { world in
      try options.search(options.settings.configuration(options.config, world), world)
    }
  }
}

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train one fixed depth: the baseline of a search.",
    discussion: """
      Trains the network cut after DEPTH blocks with the search's learning-rate schedule, without warm-up and without \
      growing: for search.adaptive.epochs epochs, or with search.policy: paper until it has not improved for \
      search.patience epochs. Writes the same files as a search.

        mpirun -n 2 odn train Configs/quickstart.yaml --depth 2
      """)

  @OptionGroup var options: RunOptions

  @Option(help: "Residual blocks to keep, from 1 to the whole network's.")
  var depth: Int

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: options.check.checkCollectives) { world in
      var configuration = try options.settings.configuration(options.config, world)
      configuration.search = configuration.search.atFixedDepth(depth)
      configuration.warmUp.epochs = 0
      let family = configuration.network.architecture
      guard (1...family.maximumDepth).contains(depth) else { throw ArchitectureError.depth(depth, family) }
      try options.search(configuration, world)
    }
  }
}

extension RunOptions {
  /// Runs the search of `configuration` on all ranks, or what is left of it. Collective.
  fileprivate func search(_ configuration: Configuration, _ world: Communicator) throws {
    _ = try configuration.search.ranksPerGroup(of: world.size)
    StopSignal.install()
    let fault = try InjectedFault(rank: world.rank)
    let heartbeat = Heartbeat { fault?.noted($0) }
    // Measurements for a dry run do not tell how far they are.
    let watch = dryRun ? nil : try StallWatch(heartbeat, options: configuration.reliability, communicator: world)
    defer { withExtendedLifetime(watch) {} }
    try LongWork.listen(heartbeat.beat) { try search(configuration, world, heartbeat, fault) }
  }

  private func search(
    _ configuration: Configuration, _ world: Communicator, _ heartbeat: Heartbeat, _ fault: InjectedFault?
  ) throws {
    let logger = logger(world)
    let layout = try RunLayout(world, threads: configuration.training.threads)
    try layout.check(configuration.training)
    heartbeat.enter(world.rank == 0 ? .starting : .waitingForOther)
    // What budget and memory leave does not wait for the data set.
    let demand = try world.agree(isUsage: Failure.isUsage) {
      world.rank == 0
        ? try configuration.memoryDemand(
          configuration.dataset.facts(), ranks: world.size, threads: layout.hosts.flatMap(\.threads).max() ?? 1) : nil
    }
    for warning in try MemoryDemand.check(demand, on: layout, world) { logger.warning("\(warning)") }
    if requireTarget && configuration.search.objective != .target {
      throw TargetRequirement.noTarget(configuration.search.objective)
    }
    let run = try start(configuration, world, logger)
    if run.isFinished {
      tell(world, "\(run.directory) holds the whole run: there is nothing to continue")
      return try checkTarget(isMet: run.isTargetMet)
    }
    var images = configuration.dataset
    images.keepsDecoded = !dryRun
    let data = try DatasetSplits(images, sharedBy: world, heartbeat: heartbeat) {
      logger.warning("\($0)")
    }
    try configuration.search.checkTarget(
      classCounts: data.validation.classCounts, classNames: data.train.dataset.classNames.map(Format.printable))
    let coordinator = try SearchCoordinator(
      configuration.architecture(depth: 1, for: data.facts), data: data, communicator: world,
      search: configuration.search, warmUp: configuration.warmUp, training: configuration.training,
      communication: configuration.communication, latencies: run.checkpoint?.latencies,
      heartbeat: heartbeat)
    if dryRun {
      return try DryRun(configuration: configuration, data: data, layout: layout, directory: run.directory).run(world)
    }
    coordinator.layout = layout
    coordinator.reliability = configuration.reliability
    coordinator.showsParameters = configuration.telemetry.tensorboard && configuration.telemetry.histograms
    coordinator.checkpoints = CheckpointPlan(
      directory: RunDirectory.checkpoints(of: run.directory),
      origin: CheckpointOrigin(configuration: configuration.values, configurationHash: configuration.hash),
      isStopRequested: {
        // Ranks that wait for work are asked as well, without a step.
        if heartbeat.state.operation != .waitingForWork { try fault?.step(world, heartbeat) }
        return StopSignal.isRequested
      })
    // After everything that the user may have asked for in vain, so that a mistake leaves no directory behind.
    let files = try observers(configuration, data, run, heartbeat, world)
    if let files { logger.info("files of this run: \(files.directory.path)") }
    coordinator.observer = files?.observers
    let result = try coordinator.run(from: run.checkpoint)
    try checkTarget(isMet: result.outcome.targetMet)
  }

  /// - Throws: `TargetRequirement.missed` on all ranks if the target had to be met, and was not.
  private func checkTarget(isMet: Bool) throws {
    if requireTarget && !isMet { throw TargetRequirement.missed }
  }

  /// Prints a text on rank 0, for people.
  private func tell(_ world: Communicator, _ text: String) {
    if world.rank == 0 && !quiet && !jsonProgress { print(text) }
  }
}

/// Why `--require-target` ends a run.
enum TargetRequirement: Error, CustomStringConvertible {
  /// The search has come to its end without it.
  case missed
  /// There is no target to be met.
  case noTarget(SearchOptions.Objective)

  /// What was expected, and what was found.
  var description: String {
    switch self {
    case .missed: "--require-target: the search ended, and its target was missed"
    case .noTarget(let objective):
      "--require-target needs search.objective: target, found \(objective.rawValue): leave it out"
    }
  }
}
