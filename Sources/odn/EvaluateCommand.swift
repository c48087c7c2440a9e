// `odn evaluate`: a saved network on the images of a configuration, and what it confuses.

import ArgumentParser
import Configuration
import Datasets
import DistributedTraining
import Files
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
      Classifies the test images of a configuration's data set, shared among the ranks under mpirun. Shows how many \
      images of each class are recognized, how many of those taken for it are of it, and what it is mistaken for:

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

  @Flag(help: "Also show how often each class was taken for each other one. JSON always has it.")
  var confusion = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    try Launcher.onAllRanks(checkingCollectives: check.checkCollectives) { world in
      let configuration = try settings.configuration(config, world)
      let weights = try world.agree(isUsage: Failure.isUsage) { try ModelFile(path: model).weights }
      let heartbeat = Heartbeat()
      let watch = try StallWatch(heartbeat, options: configuration.reliability, communicator: world)
      defer { withExtendedLifetime(watch) {} }
      let data = try LongWork.listen(heartbeat.beat) {
        try DatasetSplits(configuration.dataset, sharedBy: world, heartbeat: heartbeat) { Failure.warn($0) }
      }
      let evaluator = try DistributedEvaluator(
        weights.architecture, heads: weights.heads, data: data, communicator: world,
        batchCapacity: max(1, configuration.training.batchSize / world.size),
        kernels: configuration.training.makeKernels(world), heartbeat: heartbeat)
      evaluator.load(weights)
      let (totals, predictions) = try evaluator.classify(part == .test ? data.test : data.validation)
      // Rank 0 alone has the answers.
      if let predictions { try show(totals, predictions) }
    }
  }

  private func show(_ totals: EpochTotals, _ predictions: Predictions) throws {
    let accuracy = 100 * Double(totals.correct) / Double(max(totals.total, 1))
    if json {
      let result = Result(
        model: model, part: part.rawValue, accuracy: accuracy, correct: totals.correct, images: totals.total,
        loss: totals.loss, classes: predictions.classScores, confusion: predictions.confusion)
      return print(try JSON.text(result))
    }
    print(
      """
      \(part.rawValue) accuracy \(Format.decimal(accuracy, 2)) % (\(Format.count(totals.correct)) of \
      \(Format.count(totals.total)) images), loss \(Format.decimal(totals.loss, 4))

      \(Self.classTable(predictions))
      """)
    if confusion {
      print("\nimages of a class (row) by the class that they were taken for:\n\n\(Self.matrix(predictions))")
    }
  }

  /// A row per class: how well it is told from the others.
  private static func classTable(_ predictions: Predictions) -> TextTable {
    var table = TextTable([
      ("class", .left), ("images", .right), ("recognized", .right), ("answers", .right), ("right", .right),
      ("most often taken for", .left),
    ])
    let names = predictions.classNames
    let confusion = predictions.confusion
    func percent(_ share: Double?) -> String { share.map { Format.decimal($0, 2) + " %" } ?? "" }
    for (label, score) in predictions.classScores.enumerated() {
      let others = names.indices.filter { $0 != label && confusion[label][$0] > 0 }
      // The first of equals.
      let mistake = others.max { (confusion[label][$0], $1) < (confusion[label][$1], $0) }
      table.add([
        score.name, Format.count(score.images), percent(score.recall), Format.count(score.answers),
        percent(score.precision), mistake.map { "\(names[$0]) (\(Format.count(confusion[label][$0])))" } ?? "",
      ])
    }
    return table
  }

  /// The confusion matrix, with the classes' numbers above its columns.
  private static func matrix(_ predictions: Predictions) -> TextTable {
    let names = predictions.classNames
    var table = TextTable([("class", .left)] + names.indices.map { ("\($0)", .right) })
    for (label, counts) in predictions.confusion.enumerated() {
      table.add(["\(label) \(names[label])"] + counts.map { $0 == 0 ? "·" : Format.count($0) })
    }
    return table
  }

  private struct Result: Encodable {
    let model: String
    let part: String
    let accuracy: Double
    let correct: Int
    let images: Int
    let loss: Double
    let classes: [Predictions.ClassScore]
    /// Images of a class, the row, that were taken for a class, the column.
    let confusion: [[Int]]
  }
}
