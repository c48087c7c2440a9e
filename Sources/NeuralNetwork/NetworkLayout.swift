// Where every tensor of a network lies in its arenas, and what it is called.

/// Which classifiers a network has.
public enum HeadSelection: String, Codable, Sendable {
  /// Only the one after the last block.
  case deepest
  /// One after every block, as the warm-up trains them.
  case all
}

/// A named tensor inside an arena.
public struct TensorSlice: Hashable, Sendable {
  /// The name, as torchvision names it: `layer1.0.conv1.weight`. Classifiers are `heads.3.weight`.
  public let name: String
  /// Its sizes as they lie in memory: `[kernel, kernel, in, out]`, `[in, out]` or `[channels]`.
  public let shape: [Int]
  /// What it is.
  public let role: TensorRole
  /// Where it lies, in floats.
  public let range: Range<Int>
}

/// What a tensor is, which decides its initial values and its layout in other formats.
public enum TensorRole: Hashable, Sendable {
  /// A convolution's weights, `[kernel, kernel, in, out]`.
  case convolutionWeight
  /// A classifier's weights, `[in, out]`.
  case linearWeight
  /// A classifier's summands, `[out]`.
  case linearBias
  /// A batch norm's factors, `[channels]`.
  case normalizationWeight
  /// A batch norm's summands, `[channels]`.
  case normalizationBias
  /// A batch norm's mean over past batches, `[channels]`.
  case runningMean
  /// A batch norm's variance over past batches, `[channels]`.
  case runningVariance
}

/// The tensors of a network in two arenas: what is trained, and the running statistics of batch norm.
///
/// Parameters lie in the order in which the backward pass completes their gradients: the last classifier and block
/// first, the stem last. A run of completed gradients is therefore one contiguous range. Every tensor starts on a
/// 64-byte boundary.
public struct NetworkLayout: Sendable {
  /// Tensors that are trained.
  public let parameters: [TensorSlice]
  /// Running means and variances.
  public let statistics: [TensorSlice]
  /// Floats of the parameter arena, padding included.
  public let parameterFloats: Int
  /// Floats of the statistics arena, padding included.
  public let statisticsFloats: Int

  /// The layout of `architecture` with the classifiers of `heads`.
  public init(_ architecture: Architecture, heads: HeadSelection) {
    var parameters = ArenaPlan()
    var statistics = ArenaPlan()
    func add(_ unit: UnitNames, _ shape: ConvolutionShape) {
      let channels = [shape.outputChannels]
      parameters.add(unit.normalization + ".weight", channels, .normalizationWeight)
      parameters.add(unit.normalization + ".bias", channels, .normalizationBias)
      parameters.add(
        unit.convolution + ".weight", [shape.kernel, shape.kernel, shape.inputChannels, shape.outputChannels],
        .convolutionWeight)
      statistics.add(unit.normalization + ".running_mean", channels, .runningMean)
      statistics.add(unit.normalization + ".running_var", channels, .runningVariance)
    }
    for block in architecture.blocks.reversed() {
      if heads == .all || block.index == architecture.depth {
        parameters.add("heads.\(block.index).weight", [block.output.channels, architecture.classes], .linearWeight)
        parameters.add("heads.\(block.index).bias", [architecture.classes], .linearBias)
      }
      for (index, shape) in block.convolutions.enumerated().reversed() { add(block.unitNames(index), shape) }
      if let projection = block.projection { add(block.projectionNames, projection) }
    }
    add(Architecture.stemNames, architecture.stem)
    self.parameters = parameters.slices
    self.statistics = statistics.slices
    parameterFloats = parameters.count
    statisticsFloats = statistics.count
  }

  /// The parameters without the padding between them, in as few ranges as that takes, in their order.
  public var parameterRuns: [Range<Int>] {
    parameters.reduce(into: []) { runs, slice in
      if let last = runs.last, last.upperBound == slice.range.lowerBound {
        runs[runs.count - 1] = last.lowerBound..<slice.range.upperBound
      } else {
        runs.append(slice.range)
      }
    }
  }

  /// The parameter or statistic called `name`.
  public func slice(_ name: String) -> TensorSlice? {
    parameters.first { $0.name == name } ?? statistics.first { $0.name == name }
  }

  /// Where a tensor that a network of this layout has lies.
  func range(_ name: String) -> Range<Int> {
    guard let slice = slice(name) else { preconditionFailure("the layout has no tensor called \(name)") }
    return slice.range
  }
}

/// The names of a convolution and of the batch norm behind it: its tensors are `layer1.0.conv1.weight`,
/// `layer1.0.bn1.running_mean` and so on.
public struct UnitNames: Hashable, Sendable {
  /// For example `layer1.0.conv1`.
  public let convolution: String
  /// For example `layer1.0.bn1`.
  public let normalization: String
}

extension Architecture {
  /// The stem's names.
  public static var stemNames: UnitNames { UnitNames(convolution: "conv1", normalization: "bn1") }
}

extension Block {
  /// The name as torchvision has it, for example `layer1.0`.
  public var name: String { "layer\(stage).\(position)" }

  /// The names of the convolution `index`, from 0, on the main path.
  public func unitNames(_ index: Int) -> UnitNames {
    UnitNames(convolution: "\(name).conv\(index + 1)", normalization: "\(name).bn\(index + 1)")
  }

  /// The names of the projection on the shortcut.
  public var projectionNames: UnitNames {
    UnitNames(convolution: "\(name).downsample.0", normalization: "\(name).downsample.1")
  }
}

/// Hands out ranges of an arena, each starting on a 64-byte boundary.
private struct ArenaPlan {
  var slices: [TensorSlice] = []
  var count = 0

  mutating func add(_ name: String, _ shape: [Int], _ role: TensorRole) {
    let size = shape.reduce(1, *)
    slices.append(TensorSlice(name: name, shape: shape, role: role, range: count..<count + size))
    count = (count + size + 15) & ~15
  }
}
