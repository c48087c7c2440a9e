// Options that several benchmarks have.

import ArgumentParser
import DistributedTraining
import Logging
import MPI
import NeuralNetwork

extension MatrixEngine: ExpressibleByArgument {}
extension CommunicationOptions.Mode: ExpressibleByArgument {}
extension CommunicationOptions.Compression: ExpressibleByArgument {}

/// The network that is measured, and what is printed of it.
struct BenchmarkOptions: ParsableArguments {
  @Option(help: "resnet18, resnet34 or resnet50.")
  var architecture = Architecture.Family.resnet34

  @Option(help: "Images per call, or per step and rank.")
  var batch = 64

  @Option(help: "Images, height x width x channels.")
  var input = ImageShape(height: 32, width: 32, channels: 3)

  @OptionGroup var variant: VariantOptions

  @Option(help: "What multiplies matrices.")
  var matrixEngine = MatrixEngine.simd

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if batch < 1 || batch > 1 << 20 { throw ValidationError("--batch takes 1 to 1048576 images, not \(batch)") }
  }

  /// The network cut after `depth` blocks, by default the whole one.
  /// - Throws: `ArchitectureError` if there is no such network.
  func network(depth: Int? = nil, classes: Int) throws(ArchitectureError) -> Architecture {
    try variant.network(architecture, depth: depth ?? architecture.maximumDepth, classes: classes, input: input)
  }

  static func check(threads: Int?) throws {
    if let threads, !(1...1_024).contains(threads) {
      throw ValidationError("--threads takes 1 to 1024, not \(threads)")
    }
  }
}

/// How the ranks of a benchmark compute and sum.
struct RankOptions: ParsableArguments {
  @Option(help: "Threads of each rank. (default: the cores that it is bound to, shared with other ranks there)")
  var threads: Int?

  @Option(help: "Classes told apart.")
  var classes = 10

  @Option(help: "When the ranks' gradients are summed; automatic: overlapped if they are on several hosts.")
  var mode = CommunicationOptions.Mode.automatic

  @Option(help: "What gradients are on their way between ranks.")
  var compression = CommunicationOptions.Compression.none

  @Option(help: "The size of the pieces in which they are summed, in 10^6 bytes.")
  var bucketMegabytes = CommunicationOptions().bucketMegabytes

  @Option(help: "Neighbouring ranks that share batch-norm statistics in training, a divisor of all.")
  var batchNormRanks = 1

  @OptionGroup var check: CheckOptions

  func validate() throws {
    try BenchmarkOptions.check(threads: threads)
    if batchNormRanks < 1 { throw ValidationError("--batch-norm-ranks takes 1 or more, not \(batchNormRanks)") }
    if !(0.001...1_000).contains(bucketMegabytes) {
      throw ValidationError("--bucket-megabytes takes 0.001 to 1000, not \(bucketMegabytes)")
    }
  }

  var communication: CommunicationOptions {
    CommunicationOptions(bucketMegabytes: bucketMegabytes, mode: mode, compression: compression)
  }

  /// Where the ranks are, with warnings of what is wrong with that. Collective.
  func layout(_ world: Communicator) throws -> RunLayout {
    let layout = try RunLayout(world, threads: threads)
    for warning in layout.warnings { Logger(world).warning("\(warning)") }
    return layout
  }
}
