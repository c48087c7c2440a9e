// `odn benchmark scaling`: what more ranks are worth, depth by depth.

import ArgumentParser
import DistributedTraining
import MPI
import NeuralNetwork
import Telemetry

struct BenchmarkScalingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scaling",
    abstract: "Compare ranks that train together with one rank, and with ranks that each train by itself.",
    discussion: """
      Takes turns at each depth: one rank while the others sleep, all ranks at the same time but each by itself, and all \
      ranks together. Ranks by themselves contend for memory too, so that the efficiency against them is the share that \
      training together leaves; that against one rank counts everything. Hidden is the share of the sums' time that the \
      backward pass covers: 1 − waiting time / time of the same sums while nothing is computed.

        mpirun -n 2 odn benchmark scaling --architecture resnet34 --depths 1,5,16 --batch 64
        mpirun -n 8 odn benchmark scaling --architecture resnet18 --depths 8 --batch 256 --strong --mode overlapped
      """)

  @OptionGroup var benchmark: BenchmarkOptions

  @Option(help: "Depths, in residual blocks. (default: one block, half of the network and all of it)")
  var depths: DepthList?

  @Flag(
    exclusivity: .exclusive,
    help: "Whether --batch is for each rank, so that the work grows with the ranks, or for all of them together.")
  var scaling = ScalingBenchmark.Scaling.weak

  @Option(help: "Turns of each way, over which medians are taken.")
  var rounds = 5

  @Option(help: "Steps of each way in a turn.")
  var steps = 2

  @OptionGroup var ranks: RankOptions

  func validate() throws {
    if rounds < 1 { throw ValidationError("--rounds takes 1 or more, not \(rounds)") }
    if steps < 1 { throw ValidationError("--steps takes 1 or more, not \(steps)") }
  }

  /// What was measured.
  private struct Report: Encodable {
    let architecture: String
    let width: Double
    let stemStride: Int
    let input: String
    let scaling: ScalingBenchmark.Scaling
    let batch: Int
    let ranks: Int
    let batchNormRanks: Int
    let threads: Int
    let layout: RunLayout
    let compression: CommunicationOptions.Compression
    let depths: [Depth]
  }

  private struct Depth: Encodable {
    let depth: Int
    let imagesPerSecond: Speeds
    let efficiencyAgainstOne: Double
    let efficiencyAgainstIndependent: Double
    /// Nil where there is one rank.
    let communication: ScalingBenchmark.Communication?

    init(_ depth: Int, _ result: ScalingBenchmark.Result) {
      self.depth = depth
      imagesPerSecond = Speeds(one: result.one, independent: result.independent, together: result.together)
      efficiencyAgainstOne = result.efficiencyAgainstOne
      efficiencyAgainstIndependent = result.efficiencyAgainstIndependent
      communication = result.communication
    }
  }

  private struct Speeds: Encodable {
    let one: Double
    let independent: Double
    let together: Double
  }

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: ranks.check.checkCollectives) { world in
      let whole = benchmark.architecture.maximumDepth
      let networks = try (depths?.depths ?? [1, (whole + 1) / 2, whole]).map {
        try benchmark.network(depth: $0, classes: ranks.classes)
      }
      let layout = try ranks.layout(world)
      let placement = try ThreadPlacement(threads: ranks.threads, communicator: world)
      let depths = try networks.map { network in
        let measurement = try ScalingBenchmark(
          network, scaling, batch: benchmark.batch, world: world, communication: ranks.communication,
          batchNormRanks: ranks.batchNormRanks
        ) {
          KernelFamily.fast.kernels(
            threads: placement.threads, on: placement.processors, engine: benchmark.matrixEngine, background: $0)
        }
        return Depth(network.depth, try measurement.measure(rounds: rounds, steps: steps))
      }
      let report = Report(
        architecture: benchmark.architecture.rawValue, width: benchmark.variant.width,
        stemStride: benchmark.variant.stemStride, input: "\(benchmark.input)", scaling: scaling,
        batch: benchmark.batch, ranks: world.size, batchNormRanks: ranks.batchNormRanks, threads: placement.threads,
        layout: layout, compression: ranks.compression, depths: depths)
      if world.rank == 0 { try show(report, networks[0].name) }
    }
  }

  private func show(_ report: Report, _ name: String) throws {
    if benchmark.json { return print(try JSON.text(report)) }
    let share = scaling == .weak ? "each rank" : "all ranks together"
    print(
      """
      \(report.layout)
      \(name), images \(report.input), \(report.batch) per step of \(share); medians of \(rounds) rounds \
      of \(steps) steps
      """)
    var table = TextTable([
      ("depth", .right), ("1 rank img/s", .right), ("\(report.ranks) by themselves", .right), ("together", .right),
      ("of 1 rank", .right), ("of themselves", .right), ("MB summed", .right), ("takes ms", .right),
      ("waited ms", .right), ("hidden", .right),
    ])
    for depth in report.depths {
      let speeds = depth.imagesPerSecond
      let sums = depth.communication
      table.add(
        ["\(depth.depth)"] + [speeds.one, speeds.independent, speeds.together].map { Format.decimal($0, 1) }
          + [depth.efficiencyAgainstOne, depth.efficiencyAgainstIndependent].map { Format.decimal($0, 3) }
          + [
            sums.map { Format.decimal(Double($0.bytesPerStep) / 1e6, 2) } ?? "",
            sums.map { Format.decimal($0.milliseconds, 2) } ?? "",
            sums.map { Format.decimal($0.exposedMilliseconds, 2) } ?? "",
            sums.map { Format.decimal(100 * $0.hidden, 0) + " %" } ?? "",
          ])
    }
    print(table)
    if report.ranks == 1 { print("one rank sums nothing: start several under mpirun") }
  }
}

/// Depths, as in `1,5,16`.
struct DepthList: ExpressibleByArgument {
  let depths: [Int]

  init?(argument: String) {
    let depths = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard depths.allSatisfy({ ($0 ?? 0) > 0 }) else { return nil }
    self.depths = depths.compactMap(\.self)
  }
}

extension ScalingBenchmark.Scaling: EnumerableFlag {}
