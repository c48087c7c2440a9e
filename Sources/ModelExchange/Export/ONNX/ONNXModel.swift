// A network as an ONNX model, for onnxruntime and whatever else reads that format.

import Datasets
import Files
import NeuralNetwork
import ONNXMessages
import SwiftProtobuf

/// An ONNX model of a trained network.
///
/// It reads `images [N, C, H, W]` for any N and answers `logits [N, classes]`, both 32-bit floats. By default it reads
/// pixels from 0 to 1 and normalizes them itself, as far as the model file says how.
///
/// Written for operator set 17 (IR version 8), which runtimes since the middle of 2022 read. Its metadata is that of the
/// model file: what `ImageDescription` lists, `odn.family`, `odn.depth`, `odn.classes`, `odn.input`,
/// `odn.width` and `odn.stem_stride` unless both are 1, and what else there is of the network in floats. `odn.images` says
/// what the images have to be.
public struct ONNXModel: Sendable {
  /// What is written.
  public enum Precision: Sendable {
    /// 32-bit floats; batch norms are folded into the convolutions, or kept.
    case float(keepingBatchNorm: Bool = false)
    /// Weights and activations as integers of 8 bits, in QuantizeLinear/DequantizeLinear pairs: weights of −127…127 with
    /// a scale per output channel, activations of 0…255 with a scale and a zero point each. Batch norms are folded.
    case int8(Calibration)
  }

  /// The version of the standard operators that it is made of.
  public static let operatorSet: Int64 = 17
  private static let irVersion: Int64 = 8

  private let message: ONNXModelProto

  /// Makes the model of the network in `file`, read from `path`.
  /// - Parameter normalizes: whether the model itself normalizes images; without, it reads normalized ones.
  /// - Throws: `ModelFileError` if the file's metadata contradicts the network; `ExportError` if weights are not finite,
  ///   or the images to calibrate with are not fit for that.
  public init(_ file: ModelFile, path: String, precision: Precision, normalizes: Bool = true) throws {
    let description = try ImageDescription(file, path: path)
    let normalization = description.normalization.flatMap { normalizes && !$0.isUnitInterval ? $0 : nil }
    var keepsBatchNorm = false
    if case .float(keepingBatchNorm: true) = precision { keepsBatchNorm = true }
    let graph = try NetworkGraph(
      file.weights, normalization: normalization, foldsBatchNorm: !keepsBatchNorm)
    var activations: [String: ActivationQuantization] = [:]
    if case .int8(let calibration) = precision {
      activations = try calibration.measure(graph.quantizedActivations, in: graph)
    }
    let images =
      switch description.normalization {
      case nil: "prepared as for the training"
      case let known? where normalization != nil || known.isUnitInterval: "pixels from 0 to 1"
      case _?: "normalized pixels"
      }
    // What else is known, such as its accuracy, is known of the network in 32-bit floats.
    var about = try description.metadata()
    if activations.isEmpty { about.merge(file.metadata) { $1 } }
    about.merge(NetworkDescription.metadata(of: graph.architecture)) { $1 }
    for key in NetworkDescription.fileKeys { about[key] = nil }
    about["odn.images"] = images
    message = Self.message(of: graph, activations, about, images: images)
  }

  /// Writes the file; equal models give equal bytes. What was at `path` is replaced at once and as a whole, when the new
  /// file is safe on disk.
  /// - Throws: `ExportError.unwritable`; nothing new is then at `path` or beside it.
  public func write(to path: String) throws(ExportError) {
    let bytes: [UInt8]
    do {
      bytes = try message.serializedBytes()
    } catch {
      throw .unwritable(file: path, reason: "\(error)")
    }
    try ExportError.translating { () throws(FileError) in
      var file = try AtomicFile(path: path)
      try file.write(bytes)
      try file.commit()
    }
  }

  private static func message(
    of graph: NetworkGraph, _ activations: [String: ActivationQuantization], _ metadata: [String: String],
    images: String
  ) -> ONNXModelProto {
    .with { model in
      model.irVersion = irVersion
      model.producerName = "odn"
      model.opsetImport = [.with { $0.version = operatorSet }]
      model.graph = ONNXGraphWriter(activations: activations).graph(graph, images: images)
      model.metadataProps = metadata.sorted { $0.key < $1.key }.map { entry in
        .with { ($0.key, $0.value) = entry }
      }
    }
  }
}

extension Normalization {
  /// Whether it leaves pixels as they are, scaled to 0…1.
  fileprivate var isUnitInterval: Bool { self == .unitInterval(channels: channels) }
}

extension NetworkGraph {
  /// Activations that are worth 8 bits: what convolutions, sums and averages read. What only a ReLU reads belongs to the
  /// same integer operation as the convolution or the sum before it.
  fileprivate var quantizedActivations: Set<String> {
    var names: Set<String> = []
    for step in steps {
      switch step.operation {
      case .convolution, .add, .averagePool: names.formUnion(step.inputs)
      case .normalize, .batchNormalization, .relu, .linear: break
      }
    }
    return names
  }
}
