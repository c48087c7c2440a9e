// `odn gradcheck`: analytic against numeric gradients.

import ArgumentParser
import NeuralNetwork
import Telemetry

extension KernelFamily: ExpressibleByArgument {}

struct GradcheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gradcheck",
    abstract: "Check the gradients of this build against numeric ones.",
    discussion: """
      Compares the gradient of every tensor of a small network, computed by the kernels that training uses, with \
      central differences of an independent loss in double precision. Takes seconds; run it once on a new machine.
      """)

  /// Why the check failed.
  struct Mismatch: Error, CustomStringConvertible {
    let parameters: [String]
    var description: String {
      """
      the gradients of \(parameters.count) tensors are wrong (\(parameters.joined(separator: ", "))): expected a \
      relative error below \(GradientCheck.tolerance); this build must not be used for training
      """
    }
  }

  @Option(help: "The network.")
  var architecture = Architecture.Family.resnet18

  @Option(help: "Residual blocks.")
  var depth = 3

  @Option(help: "Images, height x width x channels; small ones, the check is slow.")
  var input = ImageShape(height: 4, width: 3, channels: 2)

  @OptionGroup var variant: VariantOptions

  @Option(help: "The kernels to check.")
  var kernels = KernelFamily.fast

  @Option(help: "Seed of weights and images.")
  var seed: UInt64 = 1

  func run() throws {
    guard Launcher.rank == 0 else { return }
    let network = try variant.network(architecture, depth: depth, classes: 3, input: input)
    var table = TextTable([("tensor", .left), ("analytic", .right), ("numeric", .right), ("relative error", .right)])
    var wrong: [String] = []
    try GradientCheck.run(network, heads: .all, images: 2, seed: seed, kernels: kernels.kernels()) { row in
      table.add([row.parameter] + [row.analytic, row.numeric, row.relativeError].map { Format.scientific($0) })
      if !(row.relativeError < GradientCheck.tolerance) { wrong.append(row.parameter) }
    }
    print(table)
    if !wrong.isEmpty { throw Mismatch(parameters: wrong) }
    print("all gradients agree within \(GradientCheck.tolerance)")
  }
}
