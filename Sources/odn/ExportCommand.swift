// `odn export`: a saved network in the formats of other programs.

import ArgumentParser
import Configuration
import Datasets
import Foundation
import ModelExchange
import NeuralNetwork
import Telemetry

extension CalibrationMethod: ExpressibleByArgument {}

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a saved network as ONNX, with 32-bit floats or 8-bit integers, or as safetensors.",
    discussion: """
      An ONNX model reads images [N, C, H, W], pixels from 0 to 1, which it normalizes itself, and answers logits \
      [N, classes]; batch norms are folded into the convolutions. With onnx-int8 the ranges of the activations are \
      measured on training images of the data set that the network was trained with.

        odn export runs/mnist/odn.safetensors --format onnx --output mnist.onnx
        odn export runs/mnist/odn.safetensors --format onnx-int8 --output int8.onnx
      """)

  enum FileFormat: String, CaseIterable, ExpressibleByArgument {
    case safetensors
    case onnx
    case onnxInt8 = "onnx-int8"
  }

  @Argument(help: "The network: a .safetensors file that a search, training or import wrote.")
  var model: String

  @Option(help: "What to write.")
  var format: FileFormat

  @Option(help: "Where to write it.", completion: .file())
  var output: String

  @Flag(help: "onnx: keep batch norms as operations of their own.")
  var keepBatchNorm = false

  @Flag(help: "onnx and onnx-int8: read images that are normalized already.")
  var normalizedInput = false

  @Option(
    help: "onnx-int8: the configuration that names the data set. (default: the network's own data set)",
    completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup var settings: SettingOptions

  @Option(help: "onnx-int8: training images to measure activations on.")
  var calibrationImages = 512

  @Option(
    help: """
      onnx-int8: the range of an activation that is represented: all that was measured, or the part with the least mean \
      squared error.
      """)
  var calibration = CalibrationMethod.mse

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if keepBatchNorm && format != .onnx {
      throw ValidationError("--keep-batch-norm is for --format onnx; leave it out")
    }
    if normalizedInput && format == .safetensors {
      throw ValidationError("--normalized-input is for --format onnx and onnx-int8; leave it out")
    }
    if config != nil && format != .onnxInt8 {
      throw ValidationError("--config is for --format onnx-int8; leave it out")
    }
    if config == nil && !settings.set.isEmpty {
      throw ValidationError("--set changes keys of a configuration; give one with --config")
    }
    guard calibrationImages > 0 else {
      throw ValidationError("--calibration-images: expected at least 1, found \(calibrationImages)")
    }
  }

  func run() throws {
    guard Launcher.rank == 0 else { return }
    let file = try ModelFile(path: model)
    switch format {
    case .safetensors: try file.write(to: output)
    case .onnx: try write(file, .float(keepingBatchNorm: keepBatchNorm))
    case .onnxInt8: try write(file, .int8(calibration(of: file)))
    }
    try show(file.weights.architecture)
  }

  private func write(_ file: ModelFile, _ precision: ONNXModel.Precision) throws {
    try ONNXModel(file, path: model, precision: precision, normalizes: !normalizedInput).write(to: output)
  }

  /// Images of the configuration's data set, or of the one that the network was trained with.
  private func calibration(of file: ModelFile) throws -> Calibration {
    let description = try ImageDescription(file, path: model)
    var dataset = try config.map { try Configuration(contentsOf: $0, settings: settings.set).dataset }
    dataset = dataset ?? description.dataset.flatMap(DatasetName.init).map { DatasetOptions(name: $0) }
    guard let dataset else {
      throw ValidationError("\(model) names no data set to measure activations on; give a configuration with --config")
    }
    let data = try DatasetSplits(dataset)
    return Calibration(
      images: data.train, normalization: description.normalization ?? data.normalization, count: calibrationImages,
      method: calibration)
  }

  private struct Result: Encodable {
    let output: String
    let format: String
    let bytes: Int
    let parameters: Int
  }

  private func show(_ network: Architecture) throws {
    let attributes = try FileManager.default.attributesOfItem(atPath: output)
    let bytes = (attributes[.size] as? NSNumber)?.intValue ?? 0
    if json {
      let result = Result(
        output: output, format: format.rawValue, bytes: bytes, parameters: network.parameterCount)
      return print(try JSON.text(result))
    }
    print(
      """
      \(output): \(network.name) cut at depth \(network.depth), \(Format.count(network.parameterCount)) \
      parameters, \(Format.count(bytes)) bytes as \(format.rawValue)
      """)
  }
}
