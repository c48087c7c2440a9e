// `odn predict`: what a saved network takes pictures for.

import ArgumentParser
import Datasets
import Foundation
import Images
import ModelExchange
import NeuralNetwork
import Prediction
import Telemetry

struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Say what a saved network takes pictures for.",
    discussion: """
      Pictures are PNG and JPEG files of any size, whose middle is cut out in the proportions of the network's images, \
      all such files in a folder and in the folders in it, sorted by their paths, and all images of IDX files and of .npz \
      archives:

        odn predict runs/quickstart/odn.safetensors shirt.png shoe.jpg
        odn predict runs/flowers/odn.safetensors data/more
        odn predict runs/quickstart/odn.safetensors t10k-images-idx3-ubyte.gz --top 1 --json

      The networks that the search left beside it can answer first. With --anytime all of them answer, and with \
      --confidence one after the other, until one is so sure:

        odn predict runs/mnist/odn.safetensors digit.png --anytime
        odn predict runs/mnist/odn.safetensors t10k-images-idx3-ubyte.gz --confidence 0.99

      A file that cannot be read is named and left out; the exit code is then 1.
      """)

  @Argument(
    help: "The network: a .safetensors file that a search or training wrote.",
    completion: .file(extensions: ["safetensors"]))
  var model: String

  @Argument(help: "Pictures: PNG, JPEG, IDX and .npz files, and folders of PNG and JPEG files.", completion: .file())
  var pictures: [String]

  @Option(help: "Classes shown for each picture, the most probable ones.")
  var top = 3

  @Flag(help: "Let every depth answer that the search left beside the network, shallow ones first.")
  var anytime = false

  @Option(help: "Ask these depths only until one gives its answer this probability, 0 to 1.")
  var confidence: Double?

  @OptionGroup var idx: IDXOptions

  @Option(help: "Threads.")
  var threads = 1

  @Flag(help: "Print a line of JSON per picture.")
  var json = false

  func validate() throws {
    if top < 1 { throw ValidationError("--top takes 1 or more, not \(top)") }
    if let confidence, !(0...1).contains(confidence) {
      throw ValidationError("--confidence takes 0 to 1, not \(confidence)")
    }
    try BenchmarkOptions.check(threads: threads)
  }

  func run() throws {
    guard Launcher.rank == 0 else { return }
    let file = try ModelFile(path: model)
    let kernels = KernelFamily.fast.kernels(threads: threads)
    let cascade =
      anytime || confidence != nil
      ? try Cascade(upTo: file, path: model, kernels: kernels)
      : try Cascade(file, path: model, kernels: kernels)
    var use = CascadeUse()
    var (files, unreadable) = (0, 0)
    for path in pictures {
      do {
        for path in try listed(path) {
          files += 1
          do {
            try classify(path, by: cascade, &use)
          } catch let error as DatasetError {
            Failure(error).print()
            unreadable += 1
          }
        }
      } catch let error as DatasetError {
        Failure(error).print()
        files += 1
        unreadable += 1
      }
    }
    if confidence != nil && !json && use.pictures > 0 { print("\n\(use.text(for: cascade.architecture))") }
    if unreadable > 0 { throw PredictionError.unreadable(files: unreadable, of: files) }
  }

  /// The files that an argument stands for: those in a folder, or itself.
  private func listed(_ path: String) throws(DatasetError) -> [String] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      return [path]
    }
    let (paths, leftOut) = try ImageFile.pictures(in: path)
    if let leftOut { Failure.warn(leftOut) }
    return paths
  }

  /// Asks about all images of a file, and shows the answers.
  private func classify(_ path: String, by cascade: Cascade, _ use: inout CascadeUse) throws {
    warnOfOtherDataset(path, cascade.last)
    let images = try ImageFile(path: path, isTransposed: idx.isTransposed(path, for: cascade.last))
    for start in stride(from: 0, to: images.count, by: ImageClassifier.batchCapacity) {
      let indices = start..<min(start + ImageClassifier.batchCapacity, images.count)
      let answers = cascade.classify(indices.map(images.image), until: confidence ?? .infinity)
      for (index, answers) in zip(indices, answers) {
        use.count(answers)
        try show(answers, of: path, image: images.count > 1 ? index : nil, cascade.classNames)
      }
    }
  }

  /// Warns of a published file that the network has not learned from the like of.
  private func warnOfOtherDataset(_ path: String, _ network: SavedNetwork) {
    guard let known = network.dataset.flatMap(DatasetName.init), let file = RecognizedFile(idx: path),
      file.dataset != known
    else { return }
    Failure.warn("\(path) is \(file), and \(network.path) learned from \(known): its classes are others")
  }

  // MARK: What is printed

  private struct Line: Encodable {
    let file: String
    /// Which one of the file's, if it has several.
    let image: Int?
    let answers: [Answer]
  }

  private struct Answer: Encodable {
    let depth: Int
    let multiplyAdds: Int
    let classes: [ClassProbability]
  }

  private struct ClassProbability: Encodable {
    let name: String
    let probability: Double
  }

  private func show(_ all: [Cascade.Answer], of path: String, image: Int?, _ classNames: [String]) throws {
    let shown = (anytime ? all : all.suffix(1)).map { answer in
      Answer(depth: answer.depth, multiplyAdds: answer.multiplyAdds, classes: mostProbable(answer, classNames))
    }
    if json { return print(try JSON.text(Line(file: path, image: image, answers: shown))) }
    let name = Format.printable(path) + (image.map { "[\($0)]" } ?? "")
    for answer in shown {
      let classes = answer.classes.map { "\(Format.printable($0.name)) \(Format.decimal(100 * $0.probability, 2)) %" }
      let depth = anytime || confidence != nil ? ", depth \(answer.depth)" : ""
      print("\(name)\(depth): \(classes.joined(separator: ", "))")
    }
  }

  private func mostProbable(_ answer: Cascade.Answer, _ classNames: [String]) -> [ClassProbability] {
    let probabilities = answer.probabilities
    // The first of equals.
    let order = probabilities.indices.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }
    return order.prefix(top).map { ClassProbability(name: classNames[$0], probability: probabilities[$0]) }
  }
}

/// How deep the networks had to be that were asked.
private struct CascadeUse {
  private(set) var pictures = 0
  private var multiplyAdds = 0
  private var picturesOfDepth: [Int: Int] = [:]

  mutating func count(_ answers: [Cascade.Answer]) {
    guard let last = answers.last else { return }
    pictures += 1
    multiplyAdds += last.multiplyAdds
    picturesOfDepth[last.depth, default: 0] += 1
  }

  /// Compares the effort with that of asking `whole` alone.
  func text(for whole: Architecture) -> String {
    let shares = picturesOfDepth.sorted { $0.key < $1.key }.map { "depth \($0.key) \(Format.count($0.value))" }
    let mean = Double(multiplyAdds) / Double(pictures)
    return """
      answered \(Format.count(pictures)) pictures: \(shares.joined(separator: ", ")); \(Format.decimal(mean / 1e6, 2)) \
      million multiply-adds per picture, \(Format.decimal(Double(whole.multiplyAdds) / 1e6, 2)) if depth \(whole.depth) is \
      asked alone
      """
  }
}
