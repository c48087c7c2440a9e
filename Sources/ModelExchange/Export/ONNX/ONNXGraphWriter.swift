// A network's graph in ONNX's words: a node per operation, and where integers are asked for, what surrounds them.

import NeuralNetwork
import ONNXMessages
import SwiftProtobuf

/// Translates a graph into nodes and constants.
///
/// Behind a quantized activation stand QuantizeLinear and DequantizeLinear, and operations read what the latter makes.
/// Runtimes fuse an operation between DequantizeLinear and QuantizeLinear into one on integers. What belongs to the nth
/// such pair is called `qn`, `dn`, `sn` (its scale), `zn` (its zero point) and `bn` (a convolution's bias): long names would
/// be a good part of a small file.
struct ONNXGraphWriter {
  /// The activations that are quantized.
  private let activations: [String: ActivationQuantization]
  private var graph = ONNXGraphProto()
  /// What operations read in place of a quantized activation, by its name.
  private var dequantized: [String: String] = [:]
  /// How many constants and activations were dequantized.
  private var pairs = 0

  init(activations: [String: ActivationQuantization]) { self.activations = activations }

  /// The translation of `network`.
  /// - Parameter images: what the images have to be, in words.
  consuming func graph(_ network: NetworkGraph, images: String) -> ONNXGraphProto {
    let architecture = network.architecture
    let input = architecture.input
    graph.name = "\(architecture.family.rawValue)-depth\(architecture.depth)"
    graph.input = [
      .floats(NetworkGraph.input, [input.channels, input.height, input.width], about: images)
    ]
    graph.output = [.floats(NetworkGraph.output, [architecture.classes])]
    quantize(NetworkGraph.input, computedAs: NetworkGraph.input)
    for step in network.steps { quantize(step.output, computedAs: write(step)) }
    return graph
  }

  /// Adds the nodes of an operation, and returns the value that they make.
  private mutating func write(_ step: NetworkGraph.Step) -> String {
    let inputs = step.inputs.map { dequantized[$0] ?? $0 }
    switch step.operation {
    case .normalize(let normalization):
      let shape = [1, normalization.channels, 1, 1]
      let mean = add(Tensor(name: "mean", shape: shape, values: normalization.mean))
      let deviation = add(Tensor(name: "std", shape: shape, values: normalization.standardDeviation))
      add("Sub", inputs + [mean], "centred")
      add("Div", ["centred", deviation], step.output)
    case .convolution(let shape, let weight, let bias):
      add("Conv", inputs + constants(weight, bias, reading: step.inputs[0]), step.output, Self.attributes(of: shape))
    case .batchNormalization(let weight, let bias, let mean, let variance):
      add(
        "BatchNormalization", inputs + [weight, bias, mean, variance].map { add($0) }, step.output,
        [.float("epsilon", Float(FixedNormalization.epsilon))])
    case .relu:
      // Integers without a sign for floats without one: to quantize them is to cut off what is below 0.
      if activations[step.output]?.zeroPoint == 0 { return inputs[0] }
      add("Relu", inputs, step.output)
    case .add: add("Add", inputs, step.output)
    case .averagePool:
      add("GlobalAveragePool", inputs, "pixel")
      add("Flatten", ["pixel"], step.output)
    case .linear(let weight, let bias):
      // Its products are few, and onnxruntime computes them with floats: only its weights are worth 8 bits.
      let weight = activations.isEmpty ? add(weight) : add(WeightQuantization(weight), as: weight)
      add("Gemm", inputs + [weight, add(bias)], step.output, [.integer("transB", 1)])
    }
    return step.output
  }

  /// The attributes of a convolution that are not the default ones.
  private static func attributes(of shape: ConvolutionShape) -> [ONNXAttributeProto] {
    (shape.stride == 1 ? [] : [.integers("strides", [shape.stride, shape.stride])])
      + (shape.padding == 0 ? [] : [.integers("pads", [Int](repeating: shape.padding, count: 4))])
  }

  /// Adds the weights of a convolution that reads `input`, as integers if that is quantized, and returns what it reads.
  private mutating func constants(_ weight: Tensor, _ bias: Tensor?, reading input: String) -> [String] {
    guard let bias else { return [add(weight)] }
    guard let input = activations[input] else { return [add(weight), add(bias)] }
    let weights = WeightQuantization(weight, bias: bias, inputScale: input.scale)
    let sums = BiasQuantization(bias, scales: weights.scales.map { $0 * input.scale })
    let first = add(weights, as: weight)
    let second = ONNXTensorProto.integers("b\(pairs + 1)", bias.shape, .int32, sums.values)
    return [first, dequantize(second, scales: sums.scales)]
  }

  private mutating func add(_ quantized: WeightQuantization, as weight: Tensor) -> String {
    dequantize(.integers(weight.name, weight.shape, .int8, quantized.values), scales: quantized.scales)
  }

  /// Adds integers with a scale per output channel, and the node that makes floats of them. Their zero point is 0, which
  /// is what the absence of one means.
  private mutating func dequantize(_ integers: ONNXTensorProto, scales: [Float]) -> String {
    pairs += 1
    graph.initializer.append(integers)
    let scale = add(Tensor(name: "s\(pairs)", shape: [scales.count], values: scales))
    return add("DequantizeLinear", [integers.name, scale], "d\(pairs)", [.integer("axis", 0)])
  }

  /// Adds the pair of nodes behind the activation `name`, which is the value `source`, if it is to be quantized.
  private mutating func quantize(_ name: String, computedAs source: String) {
    guard let quantization = activations[name] else { return }
    pairs += 1
    var parameters = [add(Tensor(name: "s\(pairs)", shape: [], values: [quantization.scale]))]
    if quantization.zeroPoint != 0 {
      graph.initializer.append(.integers("z\(pairs)", [], .uint8, [quantization.zeroPoint]))
      parameters.append("z\(pairs)")
    }
    let integers = add("QuantizeLinear", [source] + parameters, "q\(pairs)")
    dequantized[name] = add("DequantizeLinear", [integers] + parameters, "d\(pairs)")
  }

  @discardableResult
  private mutating func add(_ tensor: Tensor) -> String {
    graph.initializer.append(.integers(tensor.name, tensor.shape, .float, tensor.values.map(\.bitPattern)))
    return tensor.name
  }

  @discardableResult
  private mutating func add(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [ONNXAttributeProto] = []
  ) -> String {
    graph.node.append(
      .with { node in
        node.opType = type
        node.input = inputs
        node.output = [output]
        node.attribute = attributes
      })
    return output
  }
}
