// `odn benchmark step`: what a whole step costs.

import ArgumentParser
import DistributedTraining
import Foundation
import NeuralNetwork
import Telemetry

struct BenchmarkStepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time training steps of one network on random images.",
    discussion: """
      A step is a forward and a backward pass, the sum of the gradients over the ranks, and the update. Prints where \
      the ranks are, the median over the steps, the images per second of all ranks together, and how long they waited \
      for sums:

        odn benchmark step --architecture resnet34 --depth 16 --batch 64 --input 32x32x3
        mpirun -n 2 odn benchmark step --architecture resnet18 --depth 2 --batch 128 --input 28x28x1
      """)

  @OptionGroup var benchmark: BenchmarkOptions

  @Option(help: "Residual blocks. (default: the whole network)")
  var depth: Int?

  @Option(help: "Steps that are timed, after one that is not.")
  var steps = 7

  @Flag(help: "Only classify: no gradients, batch norm folded into the convolutions.")
  var forwardOnly = false

  @Flag(help: "Also show the time of each kind of kernel.")
  var profile = false

  @OptionGroup var ranks: RankOptions

  func validate() throws {
    if steps < 1 { throw ValidationError("--steps takes 1 or more, not \(steps)") }
  }

  /// What was measured.
  private struct Result: Encodable {
    let architecture: String
    let width: Double
    let stemStride: Int
    let depth: Int
    let input: String
    let pass: StepBenchmark.Pass
    let batch: Int
    let ranks: Int
    let threads: Int
    let layout: RunLayout
    let batchNormRanks: Int
    let milliseconds: Double
    let imagesPerSecond: Double
    let peakMegabytes: Double
    /// Nil where nothing is summed.
    let communication: Communication?
    /// Of rank 0.
    let kernels: [KernelTime]?
  }

  /// How the gradients of a step were summed.
  private struct Communication: Encodable {
    let mode: CommunicationOptions.Mode
    let compression: CommunicationOptions.Compression
    let allreduceBytesPerStep: Int
    /// The median over the steps of what the rank that waited longest waited.
    let waitingMilliseconds: Double
  }

  /// What one kind of kernel takes of a step.
  private struct KernelTime: Encodable {
    let kernel: String
    let calls: Int
    let milliseconds: Double
    /// Counting a direct convolution's operations.
    let gigaflops: Double
    /// The least time that the machine could take for the products and the memory, as a share of the time taken.
    let rooflineShare: Double
  }

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: ranks.check.checkCollectives) { world in
      let network = try benchmark.network(depth: depth, classes: ranks.classes)
      let layout = try ranks.layout(world)
      let placement = try ThreadPlacement(threads: ranks.threads, communicator: world)
      let kernelProfile = profile ? KernelProfile() : nil
      let measurement = try StepBenchmark(
        network, batch: benchmark.batch, pass: forwardOnly ? .inference : .training, communicator: world,
        communication: ranks.communication, batchNormRanks: ranks.batchNormRanks
      ) {
        KernelFamily.fast.kernels(
          threads: placement.threads, on: placement.processors, engine: benchmark.matrixEngine,
          profile: kernelProfile, background: $0)
      }
      try measurement.step()
      kernelProfile?.reset()
      var times: [StepBenchmark.Times] = []
      for _ in 0..<steps { times.append(try measurement.timeStep()) }
      let median = times.map(\.seconds).median
      let peak = try world.allreduce(Self.peakMegabytes, .max)
      let result = Result(
        architecture: network.family.rawValue, width: network.width, stemStride: network.stemStride,
        depth: network.depth, input: "\(benchmark.input)",
        pass: forwardOnly ? .inference : .training, batch: benchmark.batch, ranks: world.size,
        threads: placement.threads, layout: layout, batchNormRanks: ranks.batchNormRanks,
        milliseconds: 1e3 * median, imagesPerSecond: Double(benchmark.batch * world.size) / median,
        peakMegabytes: peak, communication: communication(measurement, times),
        kernels: kernelProfile.map { kernels($0, placement) })
      if world.rank == 0 { try show(result, network) }
    }
  }

  private func communication(_ measurement: StepBenchmark, _ times: [StepBenchmark.Times]) -> Communication? {
    guard measurement.allreduceBytesPerStep > 0 else { return nil }
    return Communication(
      mode: measurement.isOverlapped ? .overlapped : .blocking, compression: ranks.compression,
      allreduceBytesPerStep: measurement.allreduceBytesPerStep,
      waitingMilliseconds: 1e3 * times.map(\.waitingSeconds).median)
  }

  /// The kernels by name, the one that takes most first.
  private func kernels(_ profile: KernelProfile, _ placement: ThreadPlacement) -> [KernelTime] {
    let roofline = Roofline.measure(threads: placement.threads, on: placement.processors)
    let kinds = Dictionary(grouping: profile.entries, by: \.call.kernel.name)
    return kinds.map { name, entries in
      func sum(_ value: (KernelProfile.Entry) -> Double) -> Double { entries.reduce(0) { $0 + value($1) } }
      let seconds = sum(\.seconds)
      return KernelTime(
        kernel: name, calls: entries.reduce(0) { $0 + $1.calls } / steps, milliseconds: 1e3 * seconds / Double(steps),
        gigaflops: sum(\.directOperations) / seconds / 1e9,
        rooflineShare: roofline.seconds(operations: sum(\.operations), bytes: sum(\.bytes)) / seconds)
    }.sorted { ($0.milliseconds, $0.kernel) > ($1.milliseconds, $1.kernel) }
  }

  private func show(_ result: Result, _ network: Architecture) throws {
    if benchmark.json { return print(try JSON.text(result)) }
    print(
      """
      \(result.layout)
      \(network.name) depth \(result.depth), images \(result.input), \(result.batch) per step and rank
      median of \(steps) steps: \(Format.decimal(result.milliseconds, 1)) ms, \
      \(Format.decimal(result.imagesPerSecond, 1)) images/s; peak memory of a rank \
      \(Format.decimal(result.peakMegabytes, 0)) MB
      """)
    if let communication = result.communication {
      let bf16 = communication.compression == .bf16 ? " as bf16" : ""
      print(
        """
        gradients: \(Format.decimal(Double(communication.allreduceBytesPerStep) / 1e6, 2)) MB summed per step\(bf16), \
        \(communication.mode.rawValue); waited \(Format.decimal(communication.waitingMilliseconds, 1)) ms for them
        """)
    }
    guard let kernels = result.kernels else { return }
    var table = TextTable([
      ("kernel", .left), ("calls", .right), ("ms", .right), ("share", .right), ("GFLOP/s", .right),
      ("of roofline", .right),
    ])
    for kernel in kernels {
      table.add([
        kernel.kernel, "\(kernel.calls)", Format.decimal(kernel.milliseconds, 2),
        Format.decimal(100 * kernel.milliseconds / result.milliseconds, 1) + " %",
        kernel.gigaflops > 0 ? Format.decimal(kernel.gigaflops, 0) : "",
        Format.decimal(100 * kernel.rooflineShare, 0) + " %",
      ])
    }
    print(table)
  }

  /// The most memory that this process has had resident, in MB of 10⁶ bytes.
  private static var peakMegabytes: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) * 1024 / 1e6
  }
}
