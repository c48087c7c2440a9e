// `odn benchmark`: how fast this machine trains.

import ArgumentParser
import DistributedTraining
import Foundation
import NeuralNetwork
import Telemetry

extension MatrixEngine: ExpressibleByArgument {}

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark", abstract: "Measure how fast this machine trains.",
    subcommands: [BenchmarkStepCommand.self, BenchmarkKernelsCommand.self])

  static func check(threads: Int?) throws {
    if let threads, !(1...1_024).contains(threads) {
      throw ValidationError("--threads takes 1 to 1024, not \(threads)")
    }
  }
}

struct BenchmarkStepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "step",
    abstract: "Time training steps of one network on random images.",
    discussion: """
      A step is a forward and a backward pass, the sum of the gradients over the ranks, and the update. Prints the \
      median over the steps, and the images per second of all ranks together:

        odn benchmark step --architecture resnet34 --depth 16 --batch 64 --input 32x32x3
        mpirun -n 2 odn benchmark step --architecture resnet18 --depth 2 --batch 128 --input 28x28x1
      """)

  @Option(help: "resnet18, resnet34 or resnet50.")
  var architecture = Architecture.Family.resnet34

  @Option(help: "Residual blocks. (default: the whole network)")
  var depth: Int?

  @Option(help: "Images per step and rank.")
  var batch = 64

  @Option(help: "Images, height x width x channels.")
  var input = ImageShape(height: 32, width: 32, channels: 3)

  @Option(help: "Classes told apart.")
  var classes = 10

  @Option(help: "Steps that are timed, after one that is not.")
  var steps = 7

  @Option(help: "Threads of each rank. (default: the cores that it is bound to, shared with other ranks there)")
  var threads: Int?

  @Option(help: "What multiplies matrices.")
  var matrixEngine = MatrixEngine.simd

  @Flag(help: "Only classify: no gradients, batch norm folded into the convolutions.")
  var forwardOnly = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if batch < 1 || batch > 1 << 20 { throw ValidationError("--batch takes 1 to 1048576 images, not \(batch)") }
    try BenchmarkCommand.check(threads: threads)
    if steps < 1 { throw ValidationError("--steps takes 1 or more, not \(steps)") }
  }

  /// What was measured.
  private struct Result: Encodable {
    let architecture: String
    let depth: Int
    let input: String
    let batch: Int
    let ranks: Int
    let milliseconds: Double
    let imagesPerSecond: Double
    let peakMegabytes: Double
  }

  func run() throws {
    try Launcher.onAllRanks { world in
      let network = try Architecture(
        family: architecture, depth: depth ?? architecture.maximumDepth, classes: classes, input: input)
      let benchmark = try StepBenchmark(
        network, batch: batch, pass: forwardOnly ? .inference : .training, communicator: world,
        kernels: TrainingOptions(matrixEngine: matrixEngine, threads: threads).makeKernels(world))
      try benchmark.step()
      var times: [Double] = []
      for _ in 0..<steps { times.append(try benchmark.timeStep()) }
      let median = times.sorted()[steps / 2]
      let result = Result(
        architecture: architecture.rawValue, depth: network.depth, input: "\(input)", batch: batch, ranks: world.size,
        milliseconds: 1e3 * median, imagesPerSecond: Double(batch * world.size) / median,
        peakMegabytes: try world.allreduce(Self.peakMegabytes, .max))
      if world.rank == 0 { try show(result) }
    }
  }

  private func show(_ result: Result) throws {
    if json { return print(try JSON.text(result)) }
    print(
      """
      \(result.architecture) depth \(result.depth), images \(result.input), \(result.batch) per step and rank, \
      \(result.ranks) \(result.ranks == 1 ? "rank" : "ranks")
      median of \(steps) steps: \(Format.decimal(result.milliseconds, 1)) ms, \
      \(Format.decimal(result.imagesPerSecond, 1)) images/s; peak memory of a rank \
      \(Format.decimal(result.peakMegabytes, 0)) MB
      """)
  }

  /// The most memory that this process has had resident, in MB of 10⁶ bytes.
  private static var peakMegabytes: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) * 1024 / 1e6
  }
}
