// `odn calibrate`: measures what predictions are made of.

import ArgumentParser
import Configuration
import CostModel
import DistributedTraining
import Foundation
import NeuralNetwork
import Telemetry

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Measure the kernels of a network and the sums between ranks, for odn plan.",
    discussion: """
      Takes less than a minute for ResNet-34. Measured are the kernels of the configuration's network at its deepest level, \
      in steps of 1, 4, 16 and 64 images on all ranks at once, so that what ranks of a host contend for is in the numbers; \
      sums of buffers as gradients are summed in; and by how much steps are longer while such sums go on. \
      Start it as the search is to be started, on two ranks of each kind of host at least:

        odn calibrate Configs/svhn-resnet34.yaml
        mpirun -n 2 --host a,b odn calibrate Configs/svhn-resnet34.yaml
        odn plan Configs/svhn-resnet34.yaml --ranks 16 --calibration calibration.json

      What was measured tells of all depths up to that level and of other batches; with --widths, of widths between those \
      as well:

        odn calibrate Configs/svhn-resnet34.yaml --widths 0.5 2
        odn plan Configs/svhn-resnet34.yaml --calibration calibration.json --set network.width=1.5
      """)

  @Argument(help: "Configuration file (YAML); see Configs/ for examples.", completion: .file(extensions: ["yaml"]))
  var config: String

  @OptionGroup var settings: SettingOptions

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("Widths to measure besides the configuration's: 0.25 to 4 in steps of 0.25.", valueName: "width")
  )
  var widths: [Double] = []

  @Option(help: "Where to keep what was measured.", completion: .file(extensions: ["json"]))
  var output = "calibration.json"

  func run() throws {
    try Launcher.onAllRanks { world in
      let configuration = try settings.configuration(config, world)
      let layout = try RunLayout(world, threads: configuration.training.threads)
      try layout.check(configuration.training)
      try configuration.checkMeasurable()
      let deepest = try world.agree(isUsage: Failure.isUsage) {
        world.rank == 0 ? try configuration.deepestArchitecture(for: configuration.dataset.facts()) : nil
      }
      let network = try world.broadcast(deepest, from: 0)
      let others = try Set(widths).subtracting([network.width]).sorted().map { try network.withWidth($0) }
      let subject = Calibration.Subject(
        networks: [network] + others, images: configuration.measuredBatch, training: configuration.training)
      let calibration = try Calibration.measure(
        subject, world: world, layout: layout, communication: configuration.communication)
      try world.agree(isUsage: Failure.isUsage) {
        guard world.rank == 0 else { return }
        try calibration.write(to: output)
        show(calibration, subject)
      }
    }
  }

  private func show(_ calibration: Calibration, _ subject: Calibration.Subject) {
    let names = subject.networks.map(\.name).joined(separator: ", ")
    print(calibration.layout)
    print(
      "measured \(calibration.costs.entries.count) kernels of \(names) at depths 1 to \(subject.networks[0].depth)")
    if let network = calibration.network {
      print(
        """
        sums: a network of \(network.blocking), or of \(network.nonBlocking) where they overlap, which then take \
        \(Format.decimal(100 * network.interference, 0)) % of their time from the computation
        """)
    }
    print("\(output): odn plan \(config) --calibration \(output)")
  }
}
