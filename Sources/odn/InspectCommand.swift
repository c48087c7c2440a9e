// `odn inspect`: what networks cost at every depth, and what a saved network is.

import ArgumentParser
import Foundation
import ModelExchange
import NeuralNetwork
import Telemetry

struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a network costs at every depth, or what a saved network is.",
    discussion: """
      A row per depth: parameters, their size (MB of 10⁶ bytes, 32-bit floats), multiply-adds of a forward pass, the \
      most activation memory alive at once for one image, and how much smaller the network is than the whole one.

        odn inspect --architecture resnet34 --input 32x32x3 --classes 10
        odn inspect --architecture resnet18 --width 0.5 --stem-stride 2
        odn inspect runs/quickstart/odn.safetensors
      """)

  @Argument(help: "A saved network; without it, give --architecture.")
  var model: String?

  @Option(help: "The network, at all its depths.")
  var architecture: Architecture.Family?

  @Option(help: "Images, height x width x channels.")
  var input = ImageShape(height: 32, width: 32, channels: 3)

  @Option(help: "Classes told apart.")
  var classes = 10

  @OptionGroup var variant: VariantOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if (model == nil) == (architecture == nil) {
      throw ValidationError("Give either a saved network or --architecture, as in: odn inspect --architecture resnet34")
    }
  }

  func run() throws {
    guard Launcher.rank == 0 else { return }
    if let model {
      try show(ModelFile(path: model), path: model)
    } else if let architecture {
      let depths = try (1...architecture.maximumDepth).map {
        try variant.network(architecture, depth: $0, classes: classes, input: input)
      }
      try show(depths)
    }
  }

  /// A row of the table.
  private struct Row: Encodable {
    let depth: Int
    let parameters: Int
    let megabytes: Double
    let multiplyAdds: Int
    let peakActivationMegabytes: Double
    let reductionPercent: Architecture.Reduction

    init(_ network: Architecture) {
      depth = network.depth
      parameters = network.parameterCount
      megabytes = network.megabytes
      multiplyAdds = network.multiplyAdds
      peakActivationMegabytes = network.peakActivationMegabytes
      reductionPercent = network.reduction
    }
  }

  private struct Model: Encodable {
    let network: Architecture
    let cost: Row
    let metadata: [String: String]
  }

  private func show(_ depths: [Architecture]) throws {
    if json { return print(try JSON.text(depths.map(Row.init), pretty: true)) }
    var table = TextTable([
      ("depth", .right), ("parameters", .right), ("MB", .right), ("multiply-adds", .right),
      ("peak activation MB", .right), ("parameters saved", .right), ("multiply-adds saved", .right),
    ])
    for row in depths.map(Row.init) {
      table.add([
        "\(row.depth)", Format.count(row.parameters), Format.decimal(row.megabytes, 3),
        Format.decimal(Double(row.multiplyAdds) / 1e6, 2) + " M", Format.decimal(row.peakActivationMegabytes, 3),
        Format.decimal(row.reductionPercent.parameters, 2) + " %",
        Format.decimal(row.reductionPercent.multiplyAdds, 2) + " %",
      ])
    }
    print("\(depths[0].name), images \(input), \(classes) classes\n\n\(table)")
  }

  private func show(_ file: ModelFile, path: String) throws {
    let network = file.weights.architecture
    let cost = Row(network)
    if json { return print(try JSON.text(Model(network: network, cost: cost, metadata: file.metadata), pretty: true)) }
    print(
      """
      \(path)
        \(network.name) cut at depth \(network.depth) of \(network.family.maximumDepth), images \
      \(network.input), \(network.classes) classes
        \(Format.count(cost.parameters)) parameters (\(Format.decimal(cost.megabytes, 3)) MB), \
      \(Format.decimal(Double(cost.multiplyAdds) / 1e6, 2)) M multiply-adds, peak activation \
      \(Format.decimal(cost.peakActivationMegabytes, 3)) MB
        smaller than the whole network by \(Format.decimal(cost.reductionPercent.parameters, 2)) % of the parameters \
      and \(Format.decimal(cost.reductionPercent.multiplyAdds, 2)) % of the multiply-adds
      """)
    for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
      print("  \(Format.printable(key)): \(Format.printable(value))")
    }
  }
}
