// A network's graph in ONNX's words: a node per operation, and where integers are asked for, what surrounds them.

import NeuralNetwork
import ONNXMessages
import SwiftProtobuf

/// Translates a graph into nodes and constants.
///
/// A quantized activation `x` has two more values: `x/q`, the integers of QuantizeLinear, and `x/d`, which DequantizeLinear
/// makes of them and every operation reads in place of `x`. Runtimes fuse an operation between the two into one on
/// integers.
struct ONNXGraphWriter {
  /// The activations that are quantized.
  private let activations: [String: ActivationQuantization]
  private var graph = ONNXGraphProto()

  init(activations: [String: ActivationQuantization]) { self.activations = activations }

  /// The translation of `network`.
  /// - Parameter images: what the images have to be, in words.
  consuming func graph(_ network: NetworkGraph, images: String) -> ONNXGraphProto {
    let architecture = network.architecture
    let input = architecture.input
    graph.name = "\(architecture.family.rawValue)-depth\(architecture.depth)"
    graph.input = [
      .floats(NetworkGraph.input, [input.channels, input.height, input.width], about: "[N, C, H, W], \(images)")
    ]
    graph.output = [.floats(NetworkGraph.output, [architecture.classes], about: "[N, classes]")]
    quantize(NetworkGraph.input)
    for step in network.steps {
      write(step)
      quantize(step.output)
    }
    return graph
  }

  private mutating func write(_ step: NetworkGraph.Step) {
    let inputs = step.inputs.map { activations[$0] == nil ? $0 : "\($0)/d" }
    switch step.operation {
    case .normalize(let normalization):
      let shape = [1, normalization.channels, 1, 1]
      let mean = add(Tensor(name: "mean", shape: shape, values: normalization.mean))
      let deviation = add(Tensor(name: "standard_deviation", shape: shape, values: normalization.standardDeviation))
      add("Sub", inputs + [mean], "centred")
      add("Div", ["centred", deviation], step.output)
    case .convolution(let shape, let weight, let bias):
      add(
        "Conv", inputs + constants(weight, bias, of: step), step.output,
        [
          .integers("kernel_shape", [shape.kernel, shape.kernel]), .integers("strides", [shape.stride, shape.stride]),
          .integers("pads", [Int](repeating: shape.padding, count: 4)),
        ])
    case .batchNormalization(let weight, let bias, let mean, let variance):
      add(
        "BatchNormalization", inputs + [weight, bias, mean, variance].map { add($0) }, step.output,
        [.float("epsilon", Float(FixedNormalization.epsilon))])
    case .relu: add("Relu", inputs, step.output)
    case .add: add("Add", inputs, step.output)
    case .averagePool:
      add("GlobalAveragePool", inputs, "\(step.output)/pixel")
      add("Flatten", ["\(step.output)/pixel"], step.output)
    case .linear(let weight, let bias):
      add("Gemm", inputs + constants(weight, bias, of: step), step.output, [.integer("transB", 1)])
    }
  }

  /// Adds the weights of an operation, as integers if it reads such, and returns what it is to read.
  private mutating func constants(_ weight: Tensor, _ bias: Tensor?, of step: NetworkGraph.Step) -> [String] {
    guard let bias, let input = activations[step.inputs[0]] else {
      return [add(weight)] + (bias.map { [add($0)] } ?? [])
    }
    let quantized = WeightQuantization(weight: weight, bias: bias, inputScale: input.scale)
    let scales = [bias.values.count]
    return [
      dequantize(
        .integers(weight.name, weight.shape, .int8, quantized.values),
        scale: Tensor(name: "\(weight.name)/s", shape: scales, values: quantized.scales)),
      dequantize(
        .integers(bias.name, bias.shape, .int32, quantized.bias),
        scale: Tensor(name: "\(bias.name)/s", shape: scales, values: quantized.biasScales)),
    ]
  }

  /// Adds integers with a scale per output channel, and the node that makes floats of them. Their zero point is 0, which
  /// is what the absence of one means.
  private mutating func dequantize(_ integers: ONNXTensorProto, scale: Tensor) -> String {
    graph.initializer.append(integers)
    let output = "\(integers.name)/d"
    add("DequantizeLinear", [integers.name, add(scale)], output, [.integer("axis", 0)])
    return output
  }

  /// Adds the pair of nodes behind an activation, if it is one of those that are quantized.
  private mutating func quantize(_ name: String) {
    guard let quantization = activations[name] else { return }
    var parameters = [add(Tensor(name: "\(name)/s", shape: [], values: [quantization.scale]))]
    if quantization.zeroPoint != 0 {
      graph.initializer.append(.integers("\(name)/z", [], .uint8, [quantization.zeroPoint]))
      parameters.append("\(name)/z")
    }
    add("QuantizeLinear", [name] + parameters, "\(name)/q")
    add("DequantizeLinear", ["\(name)/q"] + parameters, "\(name)/d")
  }

  @discardableResult
  private mutating func add(_ tensor: Tensor) -> String {
    graph.initializer.append(.integers(tensor.name, tensor.shape, .float, tensor.values.map(\.bitPattern)))
    return tensor.name
  }

  private mutating func add(
    _ type: String, _ inputs: [String], _ output: String, _ attributes: [ONNXAttributeProto] = []
  ) {
    graph.node.append(
      .with { node in
        node.opType = type
        node.name = output
        node.input = inputs
        node.output = [output]
        node.attribute = attributes
      })
  }
}
