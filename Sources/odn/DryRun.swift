// `--dry-run`: everything that comes before training, and what training would take.

import Configuration
import CostModel
import Datasets
import DistributedTraining
import MPI
import NeuralNetwork
import Telemetry

/// A search that does not begin: what each of its levels costs, how long it takes, and how much memory.
struct DryRun {
  let configuration: Configuration
  let data: DatasetSplits
  let layout: RunLayout
  /// Where the results of the search would be.
  let directory: String

  /// Measures some steps on the ranks that there are, and prints what follows from them. Collective.
  func run(_ world: Communicator) throws {
    try configuration.checkMeasurable()
    let group = world.size / configuration.search.groups
    let deepest = try configuration.deepestArchitecture(for: data.facts)
    let share = (configuration.training.batchSize + group - 1) / group
    let calibration = try Calibration.measure(
      Calibration.Subject(
        networks: [deepest], images: min(share, configuration.measuredBatch), training: configuration.training),
      world: world, layout: layout, communication: configuration.communication)
    let mode = configuration.communication.mode
    let plan = try SearchPlan(
      configuration, data.facts, costs: calibration.costs,
      // One rank sums nothing.
      network: SearchPlan.Network(measured: calibration, mode: mode) ?? SearchPlan.Network(.sharedMemory, mode: mode),
      ranks: group, warmUpRanks: min(world.size, configuration.training.batchSize), hosts: world.hosts(),
      epochsPerDepth: nil)
    guard world.rank == 0 else { return }
    let memory = try Memory(plan, configuration, data, ranks: world.size)
    let warnings =
      plan.batchNorm.warnings
      + [configuration.search.resolutionWarning(images: data.validation.count)].compactMap(\.self)
    for warning in warnings { Failure.warn(warning) }
    show(plan, memory)
  }

  /// Bytes of the rank that needs most, in training.
  private struct Memory {
    var warmUp: Int?
    var levels: [Int]

    init(_ plan: SearchPlan, _ configuration: Configuration, _ data: DatasetSplits, ranks: Int) throws {
      func bytes(_ depth: Int, _ heads: HeadSelection, _ ranks: Int) throws -> Int {
        MemoryDemand.training(
          try plan.workload.architecture.withDepth(depth), heads: heads, trainImages: data.train.count,
          training: configuration.training, communication: configuration.communication, ranks: ranks,
          threads: plan.threads)
      }
      if configuration.warmUp.epochs > 0 { warmUp = try bytes(plan.workload.depths.upperBound, .all, ranks) }
      levels = try plan.workload.depths.map { try bytes($0, .deepest, plan.forecast.ranks) }
    }
  }

  private func show(_ plan: SearchPlan, _ memory: Memory) {
    let (workload, forecast) = (plan.workload, plan.forecast)
    print(
      """
      \(layout), \(plan.batchNorm)
      \(configuration.dataset.name.rawValue): \(Format.count(data.train.count)) images to train, \
      \(Format.count(data.validation.count)) to validate, \(Format.count(data.test.count)) to test; batches of \
      \(workload.batch), \(forecast.imagesPerRank) on a rank
      \(workload.architecture.name), images \(workload.architecture.input), \
      \(workload.architecture.classes) classes

      """)
    print(table(plan, memory))
    if !"\(plan.affordable)".isEmpty { print(plan.affordable) }
    if let bytes = memory.warmUp {
      print(
        """
        warm-up of all depths: \(workload.warmUpEpochs) epoch\(workload.warmUpEpochs == 1 ? "" : "s"), \
        \(Format.duration(forecast.warmUp)), \(Self.megabytes(bytes)) MB per rank
        """)
    }
    print(
      """
      \(plan.memory)
      \(plan.assumption)\(configuration.search.groups > 1 ? "; by one of \(configuration.search.groups) groups" : "")
      results would be in \(directory); nothing was written
      """)
  }

  private func table(_ plan: SearchPlan, _ memory: Memory) -> TextTable {
    var table = TextTable([
      ("depth", .right), ("parameters", .right), ("MB", .right), ("multiply-adds", .right), ("MB per rank", .right),
      ("step ms", .right), ("images/s", .right), ("epoch", .right), ("search, if it ends here", .right),
    ])
    for (level, bytes) in zip(plan.forecast.levels, memory.levels) {
      var network = plan.workload.architecture
      network.depth = level.depth
      table.add([
        "\(level.depth)", Format.count(network.parameterCount), Format.decimal(network.megabytes, 2),
        Format.decimal(Double(network.multiplyAdds) / 1e6, 2) + " M", Self.megabytes(bytes),
        Format.decimal(1e3 * level.time.step, 1), Format.decimal(level.imagesPerSecond, 1),
        Format.duration(level.epoch), Format.duration(level.searchUntilHere),
      ])
    }
    return table
  }

  private static func megabytes(_ bytes: Int) -> String { Format.decimal(Double(bytes) / 1e6, 0) }
}
