// `odn plan`: how long a search will take, and how many ranks are worth it.

import ArgumentParser
import Configuration
import CostModel
import Datasets
import DepthSearch
import DistributedTraining
import Foundation
import NeuralNetwork
import Telemetry

extension NetworkModel.Known: ExpressibleByArgument {}

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Predict how long a search will take, and how many ranks are worth it.",
    discussion: """
      Measures the kernels of the configuration's network in some steps on one rank, half a minute at most, or takes \
      what odn calibrate has measured. A step is then the kernels of a rank's share of the batch, and what of the sums of \
      gradients the backward pass does not cover; a message of b bytes between ranks takes latency + b/bandwidth. The \
      batch is the configuration's whatever the ranks, so that each does less the more there are.

      Latency and bandwidth are usual ones of the --network, others that are given, or measured ones:

        odn plan Configs/svhn-resnet34.yaml --ranks 16 --network 25gbit
        mpirun -n 2 --host a,b odn calibrate Configs/svhn-resnet34.yaml
        odn plan Configs/svhn-resnet34.yaml --ranks 16 --calibration calibration.json

      The epochs of a depth are those of the adaptive policy's schedule, and an assumption for the published policy: 3.5 \
      times search.patience, as in the published searches. Depths are added up as if each was trained, in ascending order; \
      the adaptive policy leaves some out, and gives hopeless ones up. With search.groups, ranks are those of one group. \
      Efficiency is the speed as a share of one rank's times the number of ranks. Ranks are worth it as long as the whole \
      search keeps half of it and a search with so many gives no warning. With a budget, depths beyond it are left out; the latency that it may limit is predicted here, while a search \
      measures it. Images are counted as published, or as dataset.trainLimit says, and no file of them is read; your own \
      images are counted where they are.
      """)

  @Argument(help: "Configuration file (YAML); see Configs/ for examples.", completion: .file(extensions: ["yaml"]))
  var config: String

  @OptionGroup var settings: SettingOptions

  @Option(help: "Ranks that share the batch.")
  var ranks = 1

  @Option(help: "What is between them. (default: what was calibrated, or 10gbit)")
  var network: NetworkModel.Known?

  @Option(help: ArgumentHelp("The latency of a message instead of the network's.", valueName: "microseconds"))
  var latency: Double?

  @Option(help: ArgumentHelp("The bandwidth of a rank instead of the network's, in 10^9 bytes.", valueName: "GB/s"))
  var bandwidth: Double?

  @Option(help: ArgumentHelp("What odn calibrate measured, instead of measuring now.", valueName: "file"))
  var calibration: String?

  @Option(help: "Threads of each rank. (default: training.threads, or 1)")
  var threads: Int?

  @Option(help: "Epochs that are assumed for each depth. (default: by the policy)")
  var epochsPerDepth: Double?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    try BenchmarkOptions.check(threads: threads)
    if ranks < 1 { throw ValidationError("--ranks takes 1 or more, not \(ranks)") }
    if let latency, !(0...1e7).contains(latency) {
      throw ValidationError("--latency takes 0 to 10000000 microseconds, not \(latency)")
    }
    if let bandwidth, !(1e-6...1e6).contains(bandwidth) {
      throw ValidationError("--bandwidth takes 0.000001 to 1000000 GB/s, not \(bandwidth)")
    }
    if let epochsPerDepth, !(0...1e6).contains(epochsPerDepth) {
      throw ValidationError("--epochs-per-depth takes 0 to 1000000, not \(epochsPerDepth)")
    }
    if calibration != nil && threads != nil {
      throw ValidationError(
        "--calibration and --threads contradict each other: the times are of ranks with their own threads")
    }
  }

  func run() throws {
    guard Launcher.rank == 0 else { return }
    let configuration = try Configuration(contentsOf: config, settings: settings.set)
    guard ranks <= configuration.training.batchSize else {
      throw CostModelError.tooManyRanks(ranks, batch: configuration.training.batchSize)
    }
    let images = try configuration.dataset.facts()
    // Before kernels are measured for it.
    _ = try configuration.batchSharing(images, configuration.deepestArchitecture(for: images), ranks: ranks)
    try checkMemory(configuration, images)
    let calibration = try self.calibration.map { path in try Calibration(path: path) }
    let costs = try calibration?.costs ?? measure(configuration, images)
    let plan = try SearchPlan(
      configuration, images, costs: costs, network: connection(configuration, calibration), ranks: ranks,
      epochsPerDepth: epochsPerDepth)
    if !json { for warning in plan.batchNorm.warnings { Failure.warn(warning) } }
    try show(plan)
  }

  /// Refuses ranks that do not fit into the memory of this host, if it is to be the one that they run on.
  private func checkMemory(_ configuration: Configuration, _ images: DatasetFacts) throws {
    guard calibration == nil, let memory = HostMemory.ofProcess else { return }
    let all = ranks * configuration.search.groups
    let demand = try configuration.memoryDemand(
      images, ranks: all, threads: threads ?? configuration.training.threads ?? 1)
    _ = try demand.check("this host", ranks: network == .sharedMemory ? all : 1, memory)
  }

  /// What is between the ranks: what the options say, or else what was measured.
  private func connection(_ configuration: Configuration, _ calibration: Calibration?) -> SearchPlan.Network {
    let mode = configuration.communication.mode
    let measured = network == nil ? SearchPlan.Network(measured: calibration, mode: mode) : nil
    var connection = measured ?? SearchPlan.Network(network ?? .gigabit10, mode: mode)
    if let latency { connection.model.latency = 1e-6 * latency }
    if let bandwidth { connection.model.bandwidth = 1e9 * bandwidth }
    return connection
  }

  private func measure(_ configuration: Configuration, _ images: DatasetFacts) throws -> KernelCosts {
    let threads = threads ?? configuration.training.threads ?? 1
    let cores = ProcessInfo.processInfo.activeProcessorCount
    guard threads <= cores else {
      throw ValidationError(
        "\(threads) threads cannot be measured on \(cores) cores: run odn calibrate where there are more")
    }
    try configuration.checkMeasurable()
    let training = configuration.training
    return try KernelCosts.measure(
      configuration.deepestArchitecture(for: images), images: configuration.measuredBatch, threads: threads
    ) { training.kernels.kernels(threads: threads, engine: training.matrixEngine, profile: $0) }
  }
}

extension PlanCommand {
  private func show(_ report: SearchPlan) throws {
    if json { return print(try JSON.text(report)) }
    let (workload, forecast) = (report.workload, report.forecast)
    func count(_ number: Int, _ name: String) -> String { "\(Format.count(number)) \(name)\(number == 1 ? "" : "s")" }
    print(
      """
      \(workload.architecture.name), images \(workload.architecture.input); \
      \(Format.count(workload.trainingImages)) per epoch in batches of \(workload.batch), \
      \(Format.count(workload.validationImages)) for validation
      \(report.assumption)
      \(count(forecast.ranks, "rank")) of \(count(report.threads, "thread")), \(count(forecast.imagesPerRank, "image")) per step \
      and rank, \(report.batchNorm); a network of \(report.network)

      \(Self.table(forecast.levels))
      """)
    if !report.ranks.isEmpty { print("\n\(Self.table(report.ranks))") }
    if !"\(report.affordable)".isEmpty { print(report.affordable) }
    print(report.memory, terminator: "")
    if calibration == nil, let memory = HostMemory.ofProcess {
      let (ranks, size) = (report.memory.ranks(on: memory), Format.decimal(Double(memory.total) / 1e9, 1))
      print("; a host like this one, of \(size) GB, has room for \(Format.count(ranks))", terminator: "")
    }
    print("\n\(worth(report))")
  }

  private func worth(_ report: SearchPlan) -> String {
    guard let worthwhile = report.worthwhileRanks else {
      return "worth it: no number of ranks; a search would be refused or warn of each: see its --dry-run"
    }
    let most = report.workload.batch / BatchSharing.fewestImagesPerRank
    return """
      worth it: up to \(Format.count(worthwhile)) \(worthwhile == 1 ? "rank" : "ranks"); \(
        worthwhile >= most
          ? "on more, a rank has fewer than \(BatchSharing.fewestImagesPerRank) images of a batch"
          : "on more, the search keeps less than half of the speed of as many times one rank, or warns")
      """
  }

  private static func table(_ levels: [SearchForecast.Level]) -> TextTable {
    var table = TextTable([
      ("depth", .right), ("compute ms", .right), ("sums ms", .right), ("exposed ms", .right), ("step ms", .right),
      ("images/s", .right), ("efficiency", .right), ("epoch", .right), ("search, if it ends here", .right),
    ])
    for level in levels {
      let time = level.time
      let milliseconds = [time.compute, time.communication, time.exposed, time.step].map { Format.decimal(1e3 * $0, 2) }
      let rates = [Format.decimal(level.imagesPerSecond, 1), Format.decimal(level.efficiency, 2)]
      let durations = [Format.duration(level.epoch), Format.duration(level.searchUntilHere)]
      table.add(["\(level.depth)"] + milliseconds + rates + durations)
    }
    return table
  }

  private static func table(_ forecasts: [SearchForecast]) -> TextTable {
    let depths = (forecasts[0].levels.first?.depth ?? 1, forecasts[0].levels.last?.depth ?? 1)
    var table = TextTable([
      ("ranks", .right), ("images per rank", .right), ("images/s at depth \(depths.0)", .right),
      ("efficiency", .right), ("at depth \(depths.1)", .right), ("efficiency", .right), ("search to there", .right),
      ("efficiency", .right),
    ])
    for forecast in forecasts {
      let ends = [forecast.levels.first, forecast.levels.last].compactMap(\.self)
      var row = [Format.count(forecast.ranks), "\(forecast.imagesPerRank)"]
      for level in ends { row += [Format.decimal(level.imagesPerSecond, 1), Format.decimal(level.efficiency, 2)] }
      table.add(row + [Format.duration(forecast.longestSearch), Format.decimal(forecast.efficiency, 2)])
    }
    return table
  }
}
