// `odn import`: a network trained in PyTorch, as one of ours.

import ArgumentParser
import Datasets
import Foundation
import ModelExchange
import NeuralNetwork
import Telemetry

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Take over a network that was trained in PyTorch.",
    discussion: """
      Reads the state_dict() of a residual network with torchvision's names, the small-image stem (3x3, no max pooling) \
      and as many blocks as it has, saved with safetensors.torch.save_file.

        odn import net.safetensors --dataset fashion-mnist --output odn.safetensors
        odn import net.safetensors --input 64x64x1 --class-names cat,dog

      The tensors tell the blocks, the width, classes and colour channels; what they do not tell, the options do, or what \
      odn noted in a file that it wrote itself. The network is taken for one of upright images.
      """)

  @Argument(help: "The tensors: a .safetensors file of 32-bit floats.", completion: .file(extensions: ["safetensors"]))
  var file: String

  @Option(help: "The network. (default: the smallest that has the file's blocks)")
  var architecture: Architecture.Family?

  @Option(help: "Residual blocks. (default: those of the file)")
  var depth: Int?

  @Option(help: "The stride of the stem, 1 or 2. (default: what odn noted in the file, or 1)")
  var stemStride: Int?

  @Option(
    help: "The data set that it was trained with, which names classes, normalization and the size of images.")
  var dataset: DatasetName?

  @Option(
    help: "Images, height x width x channels. (default: the data set's; without one 32x32 and the file's channels)")
  var input: ImageShape?

  @Option(
    help:
      "Names of the classes in the order of the logits, with commas between them. (default: the data set's, or those in the file)"
  )
  var classNames: String?

  @Option(
    help:
      "Mean of each channel on the scale of 0...1, with commas between them. (default: the data set's, or the file's)")
  var mean: String?

  @Option(help: "Standard deviation of each channel, likewise. (default: the data set's)")
  var std: String?

  @Option(help: "Where to write the network. (default: beside the file, with the ending .odn.safetensors)")
  var output: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if (mean == nil) != (std == nil) { throw ValidationError("--mean and --std belong together; give both or neither") }
    if let stemStride, !Architecture.stemStrides.contains(stemStride) {
      throw ValidationError("--stem-stride takes 1 or 2, not \(stemStride)")
    }
  }

  func run() throws {
    guard Launcher.rank == 0 else { return }
    let state = try StateDictionary(path: file)
    let images = dataset?.descriptor
    let network = try state.architecture(
      family: architecture, depth: depth,
      input: input ?? images.map { ImageShape(height: $0.height, width: $0.width, channels: $0.channels) },
      stemStride: stemStride)
    let weights = try state.weights(of: network)
    let noted = try state.images(of: network)
    let description = try ImageDescription(
      dataset: dataset?.rawValue ?? noted.dataset, classNames: names(of: network) ?? noted.classNames,
      normalization: normalization(of: network) ?? noted.normalization,
      idxLayout: images?.idxLayout ?? noted.idxLayout, fit: noted.fit ?? .centerCrop)
    let model = ModelFile(weights: weights, metadata: try description.metadata())
    let path = output ?? URL(fileURLWithPath: file).deletingPathExtension().relativePath + ".odn.safetensors"
    try model.write(to: path)
    try show(network, path)
  }

  private func names(of network: Architecture) throws -> [String]? {
    let given = classNames?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    guard let names = given ?? dataset?.descriptor.classNames else { return nil }
    guard names.count == network.classes else {
      let option = given == nil ? "--dataset" : "--class-names"
      throw ValidationError("\(option): expected the names of \(network.classes) classes, found \(names.count)")
    }
    if let twice = names.first(where: { name in names.count { $0 == name } > 1 }) {
      throw ValidationError("--class-names: expected a name of its own for each class, found \(twice) twice")
    }
    return names
  }

  private func normalization(of network: Architecture) throws -> Normalization? {
    let channels = network.input.channels
    guard let mean, let std else {
      guard let known = dataset?.descriptor.normalization else { return nil }
      guard known.channels == channels else {
        throw ValidationError("--dataset: expected images of \(channels) channels, found \(known.channels)")
      }
      return known
    }
    func numbers(_ option: String, _ text: String, _ isFit: (Float) -> Bool) throws -> [Float] {
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).compactMap { Float($0) }
      guard numbers.count == channels, numbers.allSatisfy({ $0.isFinite && isFit($0) }) else {
        throw ValidationError("\(option): expected \(channels) numbers with commas between them, found \(text)")
      }
      return numbers
    }
    return Normalization(
      mean: try numbers("--mean", mean) { _ in true }, standardDeviation: try numbers("--std", std) { $0 > 0 })
  }

  private struct Result: Encodable {
    let output: String
    let network: Architecture
    let parameters: Int
  }

  private func show(_ network: Architecture, _ path: String) throws {
    if json {
      let result = Result(output: path, network: network, parameters: network.parameterCount)
      return print(try JSON.text(result))
    }
    print(
      """
      \(path): \(network.name) cut at depth \(network.depth) of \(network.family.maximumDepth), images \
      \(network.input), \(network.classes) classes, \(Format.count(network.parameterCount)) parameters
      """)
  }
}
