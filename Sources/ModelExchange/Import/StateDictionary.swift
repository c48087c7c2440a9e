// The tensors of a PyTorch module, made into a network of ours. Which images it reads, the caller has to know.

import Files
import NeuralNetwork

/// A residual network's `state_dict()`, as `safetensors.torch.save_file` wrote it.
///
/// Names are torchvision's, such as `layer1.0.conv1.weight`, all of them behind `module.` or `_orig_mod.` if the network
/// was wrapped for several devices or compiled. What batch norm counts in `num_batches_tracked` is left out.
public struct StateDictionary: Sendable {
  /// The file that it came from, as errors call it.
  public let file: String
  private let tensors: [String: Tensor]
  private let metadata: [String: String]

  /// Reads the file at `path`, which may hold anything.
  /// - Throws: `ModelFileError` if it cannot be read, or is no safetensors file of 32-bit floats.
  public init(path: String) throws(ModelFileError) {
    try self.init(ModelFileError.translating { () throws(FileError) in try InputFile(path: path) })
  }

  /// Reads a file that is open already.
  /// - Throws: `ModelFileError` if it is no safetensors file of 32-bit floats.
  public init(_ file: InputFile) throws(ModelFileError) {
    let content = try SafetensorsFile(file) { $0.hasSuffix("num_batches_tracked") }
    let wrapping = Self.commonWrapping(content.tensors.map(\.name))
    self.file = file.path
    tensors = Dictionary(
      uniqueKeysWithValues: content.tensors.map { ($0.name.dropFirst(wrapping), $0) }.map {
        (String($0), $1)
      })
    metadata = content.metadata
  }

  /// Characters that wrapping modules put before every name.
  private static func commonWrapping(_ names: [String]) -> Int {
    guard var first = names.first?[...] else { return 0 }
    var wrapping = ""
    while let prefix = ["module.", "_orig_mod."].first(where: first.hasPrefix) {
      wrapping += prefix
      first = first.dropFirst(prefix.count)
    }
    return names.allSatisfy { $0.hasPrefix(wrapping) } ? wrapping.count : 0
  }

  /// What network this is, as far as names and shapes tell.
  ///
  /// They tell the depth, the kind of block, the width, classes and colour channels; of families that have the same blocks
  /// up to that depth, which only ResNet-18 and ResNet-34 do, the smaller one is taken. They do not tell the size of the
  /// images and the stem's stride, which no weight depends on: without `input` and `stemStride` these are what odn noted
  /// in the file, or else 32×32 and 1.
  /// - Parameters:
  ///   - family, depth, input, stemStride: what the caller knows.
  /// - Throws: `StateDictionaryError` if there is no such network.
  public func architecture(
    family: Architecture.Family? = nil, depth: Int? = nil, input: ImageShape? = nil, stemStride: Int? = nil
  ) throws(StateDictionaryError) -> Architecture {
    let classes = try size("fc.weight", axes: ["classes", "features"], 0)
    let stemAxes = ["out", "in", "height", "width"]
    let channels = try size("conv1.weight", axes: stemAxes, 1)
    let width = Double(try size("conv1.weight", axes: stemAxes, 0)) / Double(Architecture.publishedStemChannels)
    let input = input ?? noted(channels) ?? ImageShape(height: 32, width: 32, channels: channels)
    let stemStride = stemStride ?? metadata[NetworkDescription.stemStrideKey].flatMap { Int($0) } ?? 1
    let blocks = Set(tensors.keys.compactMap(Self.block))
    let depth = depth ?? blocks.count
    let isBottleneck = tensors.keys.contains { $0.hasPrefix("layer") && $0.hasSuffix(".conv3.weight") }
    let kind: BlockKind = isBottleneck ? .bottleneck : .basic
    do {
      let families = family.map { [$0] } ?? Architecture.Family.allCases.filter { $0.blockKind == kind }
      for family in families where families.count == 1 || depth <= family.maximumDepth {
        let candidate = try Architecture(
          family: family, depth: depth, classes: classes, input: input, width: width, stemStride: stemStride)
        if families.count == 1 || Set(candidate.blocks.map(\.name)) == blocks { return candidate }
      }
    } catch {
      throw .impossible(file: file, error)
    }
    throw .unknownBlocks(file: file, depth: depth, found: blocks.sorted())
  }

  /// What odn noted in the file about the images of its network, if odn wrote it; otherwise nothing.
  /// - Throws: `ModelFileError.mismatch` if that does not fit `architecture`.
  public func images(of architecture: Architecture) throws(ModelFileError) -> ImageDescription {
    metadata["odn.version"] == nil
      ? ImageDescription() : try ImageDescription(metadata, of: architecture, path: file)
  }

  /// The weights as those of `architecture`.
  /// - Throws: `StateDictionaryError.tensors` if tensors are missing, have other shapes, or are left over.
  public func weights(of architecture: Architecture) throws(StateDictionaryError) -> NetworkWeights {
    let expected = NetworkLayout(architecture, heads: .deepest).exchangeOrder
    var differences = TensorDifferences()
    for slice in expected {
      guard let tensor = tensors[slice.exchangeName] else {
        differences.missing.append(slice.exchangeName)
        continue
      }
      if tensor.shape != slice.exchangeShape {
        differences.misshaped.append(
          .init(name: slice.exchangeName, expected: slice.exchangeShape, found: Array(tensor.shape.prefix(8))))
      }
    }
    differences.surplus = Set(tensors.keys).subtracting(expected.map(\.exchangeName)).sorted()
    guard differences.isEmpty else { throw .tensors(file: file, architecture, differences) }
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      if let defect = tensor.defect { throw .unsound(file: file, tensor: name, found: defect) }
    }
    var weights = NetworkWeights(architecture, heads: .deepest)
    weights.replaceAll(with: tensors)
    return weights
  }

  /// `layer1.0` of `layer1.0.conv1.weight`.
  private static func block(_ name: String) -> String? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count > 2 && parts[0].hasPrefix("layer") ? parts[..<2].joined(separator: ".") : nil
  }

  private func size(_ name: String, axes: [String], _ axis: Int) throws(StateDictionaryError) -> Int {
    guard let tensor = tensors[name] else { throw .notResNet(file: file, tensor: name, axes: axes, found: nil) }
    guard tensor.shape.count == axes.count else {
      throw .notResNet(file: file, tensor: name, axes: axes, found: Array(tensor.shape.prefix(8)))
    }
    return tensor.shape[axis]
  }

  /// The images that odn's metadata names, if it does.
  private func noted(_ channels: Int) -> ImageShape? {
    let shape = metadata["odn.input"].flatMap { ImageShape($0) }
    return shape?.channels == channels ? shape : nil
  }
}
