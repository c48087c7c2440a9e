// `odn evaluate`: a saved network on the images of a configuration.

import ArgumentParser
import Configuration
import Datasets
import DistributedTraining
import Foundation
import MPI
import ModelExchange
import NeuralNetwork
import Telemetry

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a saved network's accuracy.",
    discussion: """
      Classifies the test images of a configuration's data set, shared among the ranks under mpirun:

        odn evaluate runs/mnist/odn.safetensors --config runs/mnist/config.yaml
      """)

  /// Which images are classified.
  enum Part: String, CaseIterable, ExpressibleByArgument {
    case test
    case validation
  }

  @Argument(help: "The network: a .safetensors file that a search or training wrote.")
  var model: String

  @Option(help: "The configuration that names the data set.", completion: .file(extensions: ["yaml"]))
  var config: String

  @OptionGroup var settings: SettingOptions
  @OptionGroup var check: CheckOptions

  @Option(help: "Which images to classify.")
  var part = Part.test

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: check.checkCollectives) { world in
      let configuration = try settings.configuration(config, world)
      let weights = try world.agree(isUsage: Failure.isUsage) { try ModelFile(path: model).weights }
      let heartbeat = Heartbeat()
      let watch = try StallWatch(heartbeat, options: configuration.reliability, communicator: world)
      defer { withExtendedLifetime(watch) {} }
      let data = try DatasetSplits(configuration.dataset, sharedBy: world, heartbeat: heartbeat) { Failure.warn($0) }
      let evaluator = try DistributedEvaluator(
        weights.architecture, heads: weights.heads, data: data, communicator: world,
        batchCapacity: max(1, configuration.training.batchSize / world.size),
        kernels: configuration.training.makeKernels(world), heartbeat: heartbeat)
      evaluator.load(weights)
      let totals = try evaluator.evaluate(part == .test ? data.test : data.validation)
      if world.rank == 0 { try show(totals) }
    }
  }

  private func show(_ totals: EpochTotals) throws {
    let accuracy = 100 * Double(totals.correct) / Double(max(totals.total, 1))
    if json {
      let result = Result(
        model: model, part: part.rawValue, accuracy: accuracy, correct: totals.correct, images: totals.total,
        loss: totals.loss)
      print(try JSON.text(result))
    } else {
      print(
        """
        \(part.rawValue) accuracy \(Format.decimal(accuracy, 2)) % (\(Format.count(totals.correct)) of \
        \(Format.count(totals.total)) images), loss \(Format.decimal(totals.loss, 4))
        """)
    }
  }

  private struct Result: Encodable {
    let model: String
    let part: String
    let accuracy: Double
    let correct: Int
    let images: Int
    let loss: Double
  }
}
