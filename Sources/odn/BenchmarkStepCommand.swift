// `odn benchmark step`: what a whole step costs.

import ArgumentParser
import DistributedTraining
import Foundation
import Logging
import NeuralNetwork
import Telemetry

extension CommunicationOptions.Mode: ExpressibleByArgument {}
extension CommunicationOptions.Compression: ExpressibleByArgument {}

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

  @Option(help: "When the ranks' gradients are summed; automatic: overlapped if they are on several hosts.")
  var mode = CommunicationOptions.Mode.automatic

  @Option(help: "What gradients are on their way between ranks.")
  var compression = CommunicationOptions.Compression.none

  @Option(help: "The size of the pieces in which they are summed, in 10^6 bytes.")
  var bucketMegabytes = CommunicationOptions().bucketMegabytes

  @Flag(help: "Only classify: no gradients, batch norm folded into the convolutions.")
  var forwardOnly = false

  @Flag(help: "Also show the time of each kind of kernel.")
  var profile = false

  @OptionGroup var check: CheckOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if batch < 1 || batch > 1 << 20 { throw ValidationError("--batch takes 1 to 1048576 images, not \(batch)") }
    try BenchmarkCommand.check(threads: threads)
    if steps < 1 { throw ValidationError("--steps takes 1 or more, not \(steps)") }
    if !(0.001...1_000).contains(bucketMegabytes) {
      throw ValidationError("--bucket-megabytes takes 0.001 to 1000, not \(bucketMegabytes)")
    }
  }

  /// What was measured.
  private struct Result: Encodable {
    let architecture: String
    let depth: Int
    let input: String
    let pass: StepBenchmark.Pass
    let batch: Int
    let ranks: Int
    let threads: Int
    let layout: RunLayout
    let milliseconds: Double
    let imagesPerSecond: Double
    let peakMegabytes: Double
    /// Nil where nothing is summed.
    let communication: Communication?
    /// Of rank 0.
    let kernels: [Kernel]?
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
  private struct Kernel: Encodable {
    let kernel: String
    let calls: Int
    let milliseconds: Double
    /// Counting a direct convolution's operations.
    let gigaflops: Double
    /// The least time that the machine could take for the products and the memory, as a share of the time taken.
    let rooflineShare: Double
  }

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: check.checkCollectives) { world in
      let network = try Architecture(
        family: architecture, depth: depth ?? architecture.maximumDepth, classes: classes, input: input)
      let layout = try RunLayout(world, threads: threads)
      for warning in layout.warnings { Logger(world).warning("\(warning)") }
      let placement = try ThreadPlacement(threads: threads, communicator: world)
      let kernelProfile = profile ? KernelProfile() : nil
      let benchmark = try StepBenchmark(
        network, batch: batch, pass: forwardOnly ? .inference : .training, communicator: world,
        communication: CommunicationOptions(bucketMegabytes: bucketMegabytes, mode: mode, compression: compression)
      ) {
        KernelFamily.fast.kernels(
          threads: placement.threads, on: placement.processors, engine: matrixEngine, profile: kernelProfile,
          background: $0)
      }
      try benchmark.step()
      kernelProfile?.reset()
      var times: [StepBenchmark.Times] = []
      for _ in 0..<steps { times.append(try benchmark.timeStep()) }
      let median = times.map(\.seconds).sorted()[steps / 2]
      let peak = try world.allreduce(Self.peakMegabytes, .max)
      let result = Result(
        architecture: architecture.rawValue, depth: network.depth, input: "\(input)",
        pass: forwardOnly ? .inference : .training, batch: batch, ranks: world.size, threads: placement.threads,
        layout: layout,
        milliseconds: 1e3 * median, imagesPerSecond: Double(batch * world.size) / median, peakMegabytes: peak,
        communication: communication(benchmark, times),
        kernels: kernelProfile.map { kernels($0, placement) })
      if world.rank == 0 { try show(result) }
    }
  }

  private func communication(_ benchmark: StepBenchmark, _ times: [StepBenchmark.Times]) -> Communication? {
    guard benchmark.allreduceBytesPerStep > 0 else { return nil }
    return Communication(
      mode: benchmark.isOverlapped ? .overlapped : .blocking, compression: compression,
      allreduceBytesPerStep: benchmark.allreduceBytesPerStep,
      waitingMilliseconds: 1e3 * times.map(\.waitingSeconds).sorted()[steps / 2])
  }

  private func kernels(_ profile: KernelProfile, _ placement: ThreadPlacement) -> [Kernel] {
    let roofline = Roofline.measure(threads: placement.threads, on: placement.processors)
    return profile.entries.sorted { $0.seconds > $1.seconds }.map {
      Kernel(
        kernel: $0.name, calls: $0.calls / steps, milliseconds: 1e3 * $0.seconds / Double(steps),
        gigaflops: $0.directOperations / $0.seconds / 1e9,
        rooflineShare: roofline.seconds(operations: $0.operations, bytes: $0.bytes) / $0.seconds)
    }
  }

  private func show(_ result: Result) throws {
    if json { return print(try JSON.text(result)) }
    print(
      """
      \(result.layout)
      \(result.architecture) depth \(result.depth), images \(result.input), \(result.batch) per step and rank
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
