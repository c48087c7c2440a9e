// A trained network as a file: which network it is, its weights, and what its maker says about it.

import Files
import Foundation
import NeuralNetwork

/// A network with one classifier, in a safetensors file that PyTorch can read.
///
/// Tensors have torchvision's names and PyTorch's layouts: `layer1.0.conv1.weight [out, in, kernel, kernel]`,
/// `bn1.running_mean [channels]`, `fc.weight [classes, channels]`. In Python, a ResNet with the small-image stem, cut
/// after the same number of blocks, takes `safetensors.torch.load_file(path)` in `load_state_dict`.
///
/// The metadata describes the network: `odn.version`, `odn.family` (`resnet18`), `odn.depth` (residual blocks),
/// `odn.classes`, `odn.input` (`32x32x3`: height, width, channels), `odn.width` and `odn.stem_stride` unless both are 1,
/// and `format`, which is `pt` as in PyTorch's files.
public struct ModelFile: Sendable {
  /// The versions that are read. Networks whose width and stem stride are 1 are written as the first, which programs
  /// without these read; others as the second, which they refuse, since tensors do not show a stem's stride.
  public static let versions = ["1", "2"]

  /// The network.
  public var weights: NetworkWeights
  /// What else its maker tells about it, such as the names of its classes, by key.
  public var metadata: [String: String]

  /// Whether a key of metadata describes the network, and is therefore not for callers.
  public static func isReserved(_ key: String) -> Bool { key == "format" || key.hasPrefix("odn.") }

  /// The name under which a search keeps its best network of `depth` residual blocks.
  public static func name(ofDepth depth: Int) -> String { String(format: "depth-%02d.safetensors", depth) }

  /// A network to be written. `weights` must have one classifier, and `metadata` no reserved keys.
  public init(weights: NetworkWeights, metadata: [String: String] = [:]) {
    self.weights = weights
    self.metadata = metadata
  }

  /// Reads a file written by `write(to:)`. It is untrusted: every tensor of the network that its metadata describes
  /// must be there, in its shape, and no other.
  /// - Throws: `ModelFileError` if it cannot be read or is anything else.
  public init(path: String) throws(ModelFileError) { try self.init(SafetensorsFile(path: path), file: path) }

  /// Reads a file that is open already.
  /// - Throws: `ModelFileError` if it is anything but a network that `write(to:)` wrote.
  public init(_ file: InputFile) throws(ModelFileError) { try self.init(SafetensorsFile(file), file: file.path) }

  private init(_ content: SafetensorsFile, file path: String) throws(ModelFileError) {
    let architecture = try NetworkDescription(metadata: content.metadata, file: path).architecture()
    let tensors = try Self.match(content.tensors, to: NetworkLayout(architecture, heads: .deepest), file: path)
    for tensor in content.tensors {
      guard let defect = tensor.defect else { continue }
      throw .mismatch(file: path, .tensor(tensor.name), expected: Tensor.soundness, found: defect)
    }
    weights = NetworkWeights(architecture, heads: .deepest)
    weights.replaceAll(with: tensors)
    metadata = content.metadata.filter { !Self.isReserved($0.key) }
  }

  /// Writes the file; equal networks and metadata give equal bytes. What was at `path` is replaced at once and as a
  /// whole, when the new file is safe on disk.
  /// - Throws: `ModelFileError.unwritable`; nothing new is then at `path` or beside it.
  public func write(to path: String) throws(ModelFileError) {
    precondition(!metadata.keys.contains(where: Self.isReserved), "reserved keys of metadata are not for callers")
    let description = NetworkDescription.metadata(of: weights.architecture)
    try SafetensorsFile(tensors: weights.exchangeTensors, metadata: metadata.merging(description) { $1 })
      .write(to: path)
  }

  /// The tensors by name, once they are those of `layout`.
  private static func match(
    _ tensors: [Tensor], to layout: NetworkLayout, file: String
  ) throws(ModelFileError) -> [String: Tensor] {
    let shapes = Dictionary(uniqueKeysWithValues: layout.exchangeOrder.map { ($0.exchangeName, $0.exchangeShape) })
    for tensor in tensors {
      guard let shape = shapes[tensor.name] else {
        throw .mismatch(file: file, .tensor(tensor.name), expected: "only tensors of the network", found: "another")
      }
      guard tensor.shape == shape else {
        throw .mismatch(
          file: file, .tensor(tensor.name), expected: "the shape \(shape)", found: "\(tensor.shape.prefix(8))")
      }
    }
    let found = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
    for slice in layout.exchangeOrder where found[slice.exchangeName] == nil {
      throw .mismatch(
        file: file, .tensor(slice.exchangeName), expected: "the shape \(slice.exchangeShape)", found: "no such tensor")
    }
    return found
  }
}
