// `odn evaluate`: a saved network on a folder or a file of images or those of a configuration, and what it confuses.

import ArgumentParser
import Configuration
import Datasets
import DistributedTraining
import Files
import Foundation
import MPI
import ModelExchange
import NeuralNetwork
import Prediction
import Telemetry

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a saved network's accuracy.",
    discussion: """
      Classifies images whose classes are known, shared among the ranks under mpirun: all of a folder that has a folder of \
      PNG and JPEG files for each class, the images to test of an .npz archive (all, if it has no such part), an IDX file \
      whose labels lie beside it, or the test images of a configuration's data set. Shows how many images of each class \
      are recognized, how many of those taken for it are of it, and what it is mistaken for:

        odn evaluate runs/flowers/odn.safetensors more --predictions answers.csv
        odn evaluate runs/mnist/odn.safetensors t10k-images-idx3-ubyte.gz
        odn evaluate runs/mnist/odn.safetensors --config runs/mnist/config.yaml

      Size, normalization and classes are the network's own, whatever images it is given. Classes are matched by their \
      names, and one that the network does not know is an error.
      """)

  @Argument(
    help: "The network: a .safetensors file that a search or training wrote.",
    completion: .file(extensions: ["safetensors"]))
  var model: String

  @Argument(
    help: "Images: a folder with a folder for each class, an .npz archive, or an IDX file.", completion: .file())
  var images: String?

  @Option(
    help: "The configuration that names the data set, in place of images.", completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup var settings: SettingOptions
  @OptionGroup var check: CheckOptions

  @Option(help: "Which images of a configuration or an .npz archive to classify. (default: test)")
  var part: ScoringOptions.Part?

  @Option(
    help: "The labels of an IDX file. (default: the file beside it whose name has labels for images)",
    completion: .file())
  var labels: String?

  @OptionGroup var idx: IDXOptions

  @Option(
    help: ArgumentHelp(
      "Write each image's file, class, answer and the probability of that to this file: .csv or .json.",
      valueName: "file"),
    completion: .file(extensions: ["csv", "json"]))
  var predictions: String?

  @Flag(help: "Also show how often each class was taken for each other one. JSON always has it.")
  var confusion = false

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if (images == nil) == (config == nil) {
      throw ValidationError("Give either images or --config, as in: odn evaluate odn.safetensors data/flowers")
    }
    if config == nil && !settings.set.isEmpty {
      throw ValidationError("--set changes keys of a configuration; give one with --config")
    }
    if config != nil && (labels != nil || idx.idxOrder != nil) {
      throw ValidationError("--labels and --idx-order are for images; a configuration says that itself")
    }
    _ = try predictions.map(AnswersFile.init)
  }

  func run() throws {
    let answers = try predictions.map(AnswersFile.init)
    try Launcher.onAllRanks(checkingCollectives: check.checkCollectives) { world in
      let configuration = try config.map { try settings.configuration($0, world) }
      let network = try world.agree(isUsage: Failure.isUsage) {
        if world.rank == 0 { try answers?.check() }
        return try SavedNetwork(ModelFile(path: model), path: model)
      }
      let training = configuration?.training ?? TrainingOptions()
      let heartbeat = Heartbeat()
      let reliability = configuration?.reliability ?? ReliabilityOptions()
      let watch = try StallWatch(heartbeat, options: reliability, communicator: world)
      defer { withExtendedLifetime(watch) {} }
      let data = try LongWork.listen(heartbeat.beat) {
        try DatasetSplits(
          sharedBy: world, heartbeat: heartbeat, warn: Failure.warn,
          read: reading(for: network, configuration?.dataset))
      }
      let evaluator = try DistributedEvaluator(
        network.architecture, heads: network.weights.heads, data: data, communicator: world,
        batchCapacity: max(1, training.batchSize / world.size), kernels: training.makeKernels(world),
        heartbeat: heartbeat)
      evaluator.load(network.weights)
      let split = part == .validation && config != nil ? data.validation : data.test
      let (totals, predictions) = try evaluator.classify(split)
      // Rank 0 alone has the answers.
      if let predictions {
        try answers?.write(predictions, to: split)
        try show(totals, predictions)
      }
    }
  }

  /// What reads the images as `network` sees them.
  private func reading(
    for network: SavedNetwork, _ dataset: DatasetOptions?
  ) -> (_ progress: () -> Void, _ warn: (String) -> Void) throws -> DatasetSplits {
    { progress, warn in
      if !network.namesClasses {
        warn(
          "\(model) names no classes: they are taken for 0 to \(network.architecture.classes - 1); odn import names them"
        )
      }
      if let dataset { return try network.splits(of: dataset, progress: progress, warn: warn) }
      let input = network.architecture.input
      let options = ScoringOptions(
        height: input.height, width: input.width, channels: input.channels, classes: network.classes,
        idxLayout: idx.layout(for: network), isLayoutCertain: idx.idxOrder != nil, labels: labels, part: part)
      let images = try ImageDataset(scoring: images ?? "", options, progress: progress, warn: warn)
      try network.check(images)
      return DatasetSplits(scoring: images, normalization: network.normalization)
    }
  }

  private func show(_ totals: EpochTotals, _ predictions: Predictions) throws {
    let accuracy = 100 * Double(totals.correct) / Double(max(totals.total, 1))
    if json {
      let result = Result(
        model: model, data: images ?? config ?? "", part: partName, accuracy: accuracy, correct: totals.correct,
        images: totals.total,
        loss: totals.loss, classes: predictions.classScores, confusion: predictions.confusion)
      return print(try JSON.text(result))
    }
    print(
      """
      \(partName.map { $0 + " " } ?? "")accuracy \(Format.decimal(accuracy, 2)) % (\(Format.count(totals.correct)) of \
      \(Format.count(totals.total)) images), loss \(Format.decimal(totals.loss, 4))

      \(Self.classTable(predictions))
      """)
    if confusion {
      print("\nimages of a class (row) by the class that they were taken for:\n\n\(Self.matrix(predictions))")
    }
  }

  /// The part that was asked for, of images that have parts.
  private var partName: String? { part?.rawValue ?? (config == nil ? nil : ScoringOptions.Part.test.rawValue) }

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
        Format.printable(score.name), Format.count(score.images), percent(score.recall), Format.count(score.answers),
        percent(score.precision),
        mistake.map { "\(Format.printable(names[$0])) (\(Format.count(confusion[label][$0])))" } ?? "",
      ])
    }
    return table
  }

  /// The confusion matrix, with the classes' numbers above its columns.
  private static func matrix(_ predictions: Predictions) -> TextTable {
    let names = predictions.classNames
    var table = TextTable([("class", .left)] + names.indices.map { ("\($0)", .right) })
    for (label, counts) in predictions.confusion.enumerated() {
      table.add(["\(label) \(Format.printable(names[label]))"] + counts.map { $0 == 0 ? "·" : Format.count($0) })
    }
    return table
  }

  private struct Result: Encodable {
    let model: String
    /// The images, or the configuration that names them.
    let data: String
    let part: String?
    let accuracy: Double
    let correct: Int
    let images: Int
    let loss: Double
    let classes: [Predictions.ClassScore]
    /// Images of a class, the row, that were taken for a class, the column.
    let confusion: [[Int]]
  }
}

extension ScoringOptions.Part: ExpressibleByArgument {}

extension SavedNetwork {
  /// The data set of a configuration as this network sees it. Pictures are brought to the network's size.
  fileprivate func splits(
    of options: DatasetOptions, progress: () -> Void, warn: (String) -> Void
  ) throws -> DatasetSplits {
    var options = options
    let input = architecture.input
    let place = options.directory ?? options.file ?? options.name.rawValue
    if options.name == .images {
      guard [1, 3].contains(input.channels) else {
        throw DatasetError.ownData(.channels(place: place, network: input.channels))
      }
      options.size = ImageSize(height: input.height, width: input.width)
      options.channels = input.channels
    }
    let data = try DatasetSplits(options, progress: progress, warn: warn)
    try check(data.train.dataset)
    let naming: ImageDataset.ClassNaming = options.name == .npz ? .numbers : .names
    return try data.seen(
      by: classes, normalization: normalization, naming: naming, place: place)
  }

  /// Checks that images have the form that this network reads.
  /// - Throws: `TrainingError.imageShape`.
  fileprivate func check(_ images: ImageDataset) throws {
    let shape = ImageShape(height: images.height, width: images.width, channels: images.channels)
    guard shape == architecture.input else {
      throw TrainingError.imageShape(expected: architecture.input, found: shape)
    }
  }
}
