// `odn benchmark inference`: how long a network takes to answer.

import ArgumentParser
import ModelExchange
import NeuralNetwork
import Prediction
import Telemetry

struct BenchmarkInferenceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inference",
    abstract: "Time a network's answers, one image at a time and in batches.",
    discussion: """
      Times forward passes over random images, from normalized pixels to logits, with batch norm folded into the \
      convolutions:

        odn benchmark inference runs/quickstart/odn.safetensors
        odn benchmark inference --architecture resnet34 --depth 6 --input 32x32x3 --batch 1 --batch 256
      """)

  @Argument(
    help: "A saved network; without it, give --architecture.", completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Option(help: "A network with random weights instead.")
  var architecture: Architecture.Family?

  @Option(help: "Residual blocks, with --architecture. (default: the whole network)")
  var depth: Int?

  @Option(help: "Images, height x width x channels, with --architecture.")
  var input = ImageShape(height: 32, width: 32, channels: 3)

  @Option(help: "Classes told apart, with --architecture.")
  var classes = 10

  @OptionGroup var variant: VariantOptions

  @Option(help: "Images per pass. May be repeated.")
  var batch = [1, 8, 64]

  @Option(help: "Passes that are timed.")
  var runs = 100

  @Option(help: "Threads.")
  var threads = 1

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if (model == nil) == (architecture == nil) {
      throw ValidationError("Give either a saved network or --architecture, as in: --architecture resnet34 --depth 6")
    }
    if let wrong = batch.first(where: { !(1...65_536).contains($0) }) {
      throw ValidationError("--batch takes 1 to 65536 images, not \(wrong)")
    }
    if !(1...1_000_000).contains(runs) { throw ValidationError("--runs takes 1 to 1000000, not \(runs)") }
    try BenchmarkOptions.check(threads: threads)
  }

  private struct Row: Encodable {
    let batch: Int
    let medianMilliseconds: Double
    let milliseconds95Percent: Double
    let milliseconds99Percent: Double
    let imagesPerSecond: Double

    init(batch: Int, _ times: InferenceBenchmark.Times) {
      self.batch = batch
      medianMilliseconds = 1e3 * times.percentile(0.5)
      milliseconds95Percent = 1e3 * times.percentile(0.95)
      milliseconds99Percent = 1e3 * times.percentile(0.99)
      imagesPerSecond = Double(batch) / times.percentile(0.5)
    }
  }

  private struct Result: Encodable {
    let network: Architecture
    let threads: Int
    let runs: Int
    let rows: [Row]
  }

  func run() throws {
    guard Launcher.rank == 0 else { return }
    let weights = try weights()
    let kernels = KernelFamily.fast.kernels(threads: threads)
    let rows = batch.map { batch in
      Row(batch: batch, InferenceBenchmark(weights, batch: batch, kernels: kernels).measure(runs: runs))
    }
    try show(Result(network: weights.architecture, threads: threads, runs: runs, rows: rows))
  }

  private func weights() throws -> NetworkWeights {
    if let model { return try ModelFile(path: model).weights }
    let family = architecture ?? .resnet34
    let network = try variant.network(family, depth: depth ?? family.maximumDepth, classes: classes, input: input)
    return NetworkWeights.initial(network, heads: .deepest, seed: 0)
  }

  private func show(_ result: Result) throws {
    if json { return print(try JSON.text(result)) }
    var table = TextTable([
      ("images", .right), ("median ms", .right), ("95 % ms", .right), ("99 % ms", .right), ("images/s", .right),
    ])
    for row in result.rows {
      table.add([
        Format.count(row.batch), Format.decimal(row.medianMilliseconds, 3),
        Format.decimal(row.milliseconds95Percent, 3), Format.decimal(row.milliseconds99Percent, 3),
        Format.decimal(row.imagesPerSecond, 1),
      ])
    }
    let network = result.network
    print(
      """
      \(network.name) \(Format.size(of: network)), images \(network.input)
      \(Format.count(result.runs)) passes each, threads: \(result.threads)

      \(table)
      """)
  }
}
