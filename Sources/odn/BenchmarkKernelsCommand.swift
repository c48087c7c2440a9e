// `odn benchmark kernels`: every convolution of a network by itself.

import ArgumentParser
import NeuralNetwork
import Telemetry

struct BenchmarkKernelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Time every convolution of a network, and compare it with the reference.",
    discussion: """
      GFLOP/s count a direct convolution's multiplications and additions, so that Winograd's can be above what the core \
      could do directly. The error is ‖fast − reference‖ / ‖reference‖, the reference summing in double precision:

        odn benchmark kernels --architecture resnet34 --batch 64 --input 32x32x3
      """)

  @OptionGroup var benchmark: BenchmarkOptions

  @Option(help: "Only convolutions whose line has this text, such as '3x3 64→64'.")
  var only: String?

  @Option(help: "Threads.")
  var threads = 1

  @Option(help: "Runs that are timed, after one that is not.")
  var runs = 5

  func validate() throws {
    if runs < 1 { throw ValidationError("--runs takes 1 or more, not \(runs)") }
    try BenchmarkOptions.check(threads: threads)
  }

  private struct Row: Encodable {
    let convolution: String
    let pass: String
    let milliseconds: Double
    let gigaflops: Double
    let relativeError: Double
  }

  func run() throws {
    let network = try benchmark.network(classes: 10)
    let kernels = KernelFamily.fast.kernels(threads: threads, engine: benchmark.matrixEngine)
    var shapes: [ConvolutionShape] = []
    for shape in network.convolutions where !shapes.contains(shape) { shapes.append(shape) }
    var rows: [Row] = []
    if let only { shapes.removeAll { !Self.name($0).contains(only) } }
    if shapes.isEmpty {
      throw ValidationError("no convolution of \(network.name) is like '\(only ?? "")'")
    }
    for shape in shapes {
      let convolution = ConvolutionBenchmark(shape, images: benchmark.batch)
      for pass in ConvolutionBenchmark.Pass.allCases {
        let result = convolution.measure(pass, kernels: kernels, runs: runs)
        let products = (pass == .backward && shape != network.stem ? 2 : 1) * shape.multiplyAdds * benchmark.batch
        let row = Row(
          convolution: Self.name(shape), pass: pass.rawValue, milliseconds: 1e3 * result.seconds,
          gigaflops: 2 * Double(products) / result.seconds / 1e9, relativeError: result.relativeError)
        rows.append(row)
      }
    }
    print(benchmark.json ? try JSON.text(rows) : Self.table(rows).description)
  }

  private static func table(_ rows: [Row]) -> TextTable {
    var table = TextTable([
      ("convolution", .left), ("pass", .left), ("ms", .right), ("GFLOP/s", .right), ("error", .right),
    ])
    for row in rows {
      table.add([
        row.convolution, row.pass, Format.decimal(row.milliseconds, 2), Format.decimal(row.gigaflops, 0),
        Format.scientific(row.relativeError),
      ])
    }
    return table
  }

  private static func name(_ shape: ConvolutionShape) -> String {
    let (kernel, stride) = (shape.kernel, shape.stride == 1 ? "" : " /\(shape.stride)")
    return "\(kernel)x\(kernel)\(stride) \(shape.inputChannels)→\(shape.outputChannels) @\(shape.height)x\(shape.width)"
  }
}
