// The state of a network as a value: for keeping the best, for files, and for carrying weights from network to network.

import NumericKernels

/// All parameters and running statistics of a network, copied out of it.
public struct NetworkWeights: Sendable {
  /// What the network was.
  public let architecture: Architecture
  /// Its classifiers.
  public let heads: HeadSelection
  /// Where the tensors lie.
  public let layout: NetworkLayout
  /// The parameter arena, `layout.parameterFloats` long.
  public var parameters: [Float]
  /// The statistics arena, `layout.statisticsFloats` long.
  public var statistics: [Float]

  /// Weights that are all zero, except running variances, which are 1.
  public init(_ architecture: Architecture, heads: HeadSelection) {
    self.architecture = architecture
    self.heads = heads
    layout = NetworkLayout(architecture, heads: heads)
    parameters = [Float](repeating: 0, count: layout.parameterFloats)
    statistics = [Float](repeating: 0, count: layout.statisticsFloats)
    for slice in layout.statistics where slice.role == .runningVariance {
      for i in slice.range { statistics[i] = 1 }
    }
  }

  /// The initial values of PyTorch's layers: convolutions and linear weights Kaiming-uniform with a = √5, which is
  /// uniform in ±1/√fanIn (He et al., 2015), linear biases uniform in the same range, batch norm 1 and 0.
  ///
  /// Each tensor's values depend on the seed and its name alone, not on the depth or on who computes them.
  public static func initial(_ architecture: Architecture, heads: HeadSelection, seed: UInt64) -> NetworkWeights {
    var weights = NetworkWeights(architecture, heads: heads)
    var fanIn = 1
    for slice in weights.layout.parameters {
      switch slice.role {
      case .convolutionWeight, .linearWeight:
        fanIn = slice.shape.dropLast().reduce(1, *)
        weights.fillUniform(slice, bound: 1 / Float(fanIn).squareRoot(), seed: seed)
      case .linearBias:
        // Follows its weight in the layout, and shares its range.
        weights.fillUniform(slice, bound: 1 / Float(fanIn).squareRoot(), seed: seed)
      case .normalizationWeight:
        for i in slice.range { weights.parameters[i] = 1 }
      case .normalizationBias, .runningMean, .runningVariance: break
      }
    }
    return weights
  }

  /// Copies every tensor that `other` has under the same name and shape; the rest stays.
  public mutating func adopt(_ other: NetworkWeights) {
    for slice in layout.parameters {
      guard let source = other.layout.slice(slice.name), source.shape == slice.shape else { continue }
      parameters.replaceSubrange(slice.range, with: other.parameters[source.range])
    }
    for slice in layout.statistics {
      guard let source = other.layout.slice(slice.name), source.shape == slice.shape else { continue }
      statistics.replaceSubrange(slice.range, with: other.statistics[source.range])
    }
  }

  /// The network of the first `depth` blocks with the classifier of that level, cut out of these weights.
  public func extracting(depth: Int) throws(ArchitectureError) -> NetworkWeights {
    var part = try NetworkWeights(architecture.withDepth(depth), heads: .deepest)
    part.adopt(self)
    return part
  }

  private mutating func fillUniform(_ slice: TensorSlice, bound: Float, seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: .parameters, index: Int(Self.hash(slice.name)))
    for i in slice.range { parameters[i] = (2 * random.uniform() - 1) * bound }
  }

  /// FNV-1a, 32 bits (Fowler, Noll, Vo).
  private static func hash(_ name: String) -> UInt32 {
    name.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
  }
}
