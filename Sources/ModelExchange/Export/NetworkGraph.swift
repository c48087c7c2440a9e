// What a trained network computes, operation by operation: the form that exporters write and calibration runs.

import Datasets
import NeuralNetwork

/// A network as operations on named activations, in an order in which they can be computed. Constants have PyTorch's
/// layouts, and torchvision's names where torchvision has them.
struct NetworkGraph {
  enum Operation {
    /// (x − mean) / deviation, per channel.
    case normalize(Normalization)
    /// `weight[out, in, kernel, kernel]`, and `bias[out]` where a batch norm is folded in.
    case convolution(ConvolutionShape, weight: Tensor, bias: Tensor?)
    case batchNormalization(weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor)
    case relu
    case add
    /// The mean over all pixels.
    case averagePool(ImageShape)
    /// `weight[out, in]` and `bias[out]`.
    case linear(weight: Tensor, bias: Tensor)

    /// All its weights.
    var constants: [Tensor] {
      switch self {
      case .normalize, .relu, .add, .averagePool: []
      case .convolution(_, let weight, let bias): [weight] + (bias.map { [$0] } ?? [])
      case .batchNormalization(let weight, let bias, let mean, let variance): [weight, bias, mean, variance]
      case .linear(let weight, let bias): [weight, bias]
      }
    }
  }

  struct Step {
    let operation: Operation
    let inputs: [String]
    /// The activation that it makes, and its own name.
    let output: String
  }

  /// The activation that comes from outside.
  static let input = "images"
  /// The activation that is asked for.
  static let output = "logits"

  let architecture: Architecture
  private(set) var steps: [Step] = []
  private let tensors: [String: Tensor]
  private let foldsBatchNorm: Bool

  /// The graph of a network with one classifier.
  /// - Parameters:
  ///   - normalization: what it does to images first, if anything.
  ///   - foldsBatchNorm: whether batch norms become part of their convolutions.
  /// - Throws: `ExportError.notFinite` if it would compute with infinities.
  init(_ weights: NetworkWeights, normalization: Normalization?, foldsBatchNorm: Bool) throws(ExportError) {
    architecture = weights.architecture
    self.foldsBatchNorm = foldsBatchNorm
    tensors = Dictionary(uniqueKeysWithValues: weights.exchangeTensors.map { ($0.name, $0) })
    var current = Self.input
    if let normalization { current = add(.normalize(normalization), [current], "normalized") }
    current = addUnit(architecture.stem, Architecture.stemNames, current)
    current = add(.relu, [current], "relu")
    var shape = architecture.stem.output
    for block in architecture.blocks {
      current = add(block, current)
      shape = block.output
    }
    current = add(.averagePool(shape), [current], "avgpool")
    _ = add(.linear(weight: tensor("fc.weight"), bias: tensor("fc.bias")), [current], Self.output)
    for constant in steps.flatMap(\.operation.constants) where !constant.values.allSatisfy(\.isFinite) {
      throw .notFinite(tensor: constant.name)
    }
  }

  /// Adds a residual block behind `input`.
  private mutating func add(_ block: Block, _ input: String) -> String {
    var current = input
    for (index, shape) in block.convolutions.enumerated() {
      current = addUnit(shape, block.unitNames(index), current)
      if index < block.convolutions.count - 1 { current = add(.relu, [current], "\(block.name).relu\(index + 1)") }
    }
    let shortcut = block.projection.map { addUnit($0, block.projectionNames, input) } ?? input
    return add(.relu, [add(.add, [current, shortcut], "\(block.name).add")], block.name)
  }

  /// Adds a convolution and its batch norm behind `input`.
  private mutating func addUnit(_ shape: ConvolutionShape, _ names: UnitNames, _ input: String) -> String {
    let weight = tensor(names.convolution + ".weight")
    func normalization(_ name: String) -> Tensor { tensor("\(names.normalization).\(name)") }
    let (scale, bias) = (normalization("weight"), normalization("bias"))
    let (mean, variance) = (normalization("running_mean"), normalization("running_var"))
    guard foldsBatchNorm else {
      let output = add(.convolution(shape, weight: weight, bias: nil), [input], names.convolution)
      return add(
        .batchNormalization(weight: scale, bias: bias, mean: mean, variance: variance), [output], names.normalization)
    }
    let channels = shape.outputChannels
    let fixed = (0..<channels).map {
      FixedNormalization(
        weight: scale.values[$0], bias: bias.values[$0], mean: mean.values[$0], variance: variance.values[$0])
    }
    let size = weight.values.count / channels
    let folded = weight.values.indices.map { Float(Double(weight.values[$0]) * fixed[$0 / size].factor) }
    return add(
      .convolution(
        shape, weight: Tensor(name: weight.name, shape: weight.shape, values: folded),
        bias: Tensor(name: names.convolution + ".bias", shape: [channels], values: fixed.map { Float($0.summand) })),
      [input], names.convolution)
  }

  private mutating func add(_ operation: Operation, _ inputs: [String], _ output: String) -> String {
    steps.append(Step(operation: operation, inputs: inputs, output: output))
    return output
  }

  private func tensor(_ name: String) -> Tensor {
    guard let tensor = tensors[name] else { preconditionFailure("a network has a tensor called \(name)") }
    return tensor
  }
}
