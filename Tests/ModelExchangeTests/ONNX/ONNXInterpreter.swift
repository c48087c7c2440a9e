// Computes an ONNX graph the plain way, operator by operator as its specification defines it, and refuses what is no
// graph: values that are not there yet, or made twice, and constants of another size than they say.

import Foundation
import ONNXMessages
import Testing

/// An array of numbers in C order.
struct Values: Equatable {
  var shape: [Int]
  var elements: [Float]
}

struct ONNXInterpreter {
  private let graph: ONNXGraphProto
  /// The constants by name. All integers of a test fit into floats' 24 bits, but for biases, which are rounded.
  let constants: [String: Values]

  init(_ model: ONNXModelProto) throws {
    graph = model.graph
    var constants: [String: Values] = [:]
    for tensor in graph.initializer {
      let shape = tensor.dims.map { Int($0) }
      let elements = try Self.elements(tensor)
      try #require(elements.count == shape.reduce(1, *), "\(tensor.name)")
      try #require(constants.updateValue(Values(shape: shape, elements: elements), forKey: tensor.name) == nil)
    }
    self.constants = constants
  }

  /// The value called `output` for `images [N, C, H, W]`.
  func run(_ images: Values, output: String = "logits") throws -> Values {
    var values = constants
    values["images"] = images
    for node in graph.node {
      let inputs = try node.input.map { try #require(values[$0], "\($0) is read before it is made") }
      let result = try Self.apply(node, inputs)
      try #require(node.output.count == 1 && values.updateValue(result, forKey: node.output[0]) == nil)
    }
    return try #require(values[output])
  }

  private static func elements(_ tensor: ONNXTensorProto) throws -> [Float] {
    let bytes = [UInt8](tensor.rawData)
    func words<Word: FixedWidthInteger>(_: Word.Type) -> [Word] {
      let size = MemoryLayout<Word>.size
      return stride(from: 0, to: bytes.count, by: size).map { start in
        (0..<size).reduce(0) { $0 | Word(truncatingIfNeeded: bytes[start + $1]) << (8 * $1) }
      }
    }
    switch tensor.dataType {
    case .float: return words(UInt32.self).map(Float.init(bitPattern:))
    case .uint8: return bytes.map(Float.init)
    case .int8: return words(Int8.self).map(Float.init)
    case .int32: return words(Int32.self).map { Float($0) }
    case .undefined, .UNRECOGNIZED: throw Unknown(name: "\(tensor.dataType)")
    }
  }

  struct Unknown: Error { let name: String }

  private static func apply(_ node: ONNXNodeProto, _ inputs: [Values]) throws -> Values {
    let x = inputs[0]
    switch node.opType {
    case "Relu": return Values(shape: x.shape, elements: x.elements.map { max($0, 0) })
    case "Add", "Sub", "Div": return combine(x, inputs[1], node.opType)
    case "Conv": return convolution(node, x, inputs[1], inputs.count > 2 ? inputs[2].elements : nil)
    case "BatchNormalization":
      let epsilon = try #require(node.attribute.first { $0.name == "epsilon" }).f
      return alongChannels(x, axis: 1) { value, c in
        let deviation = (inputs[4].elements[c] + epsilon).squareRoot()
        return (value - inputs[3].elements[c]) / deviation * inputs[1].elements[c] + inputs[2].elements[c]
      }
    case "GlobalAveragePool":
      let pixels = x.shape[2] * x.shape[3]
      let sums = stride(from: 0, to: x.elements.count, by: pixels).map { x.elements[$0..<$0 + pixels].reduce(0, +) }
      return Values(shape: [x.shape[0], x.shape[1], 1, 1], elements: sums.map { $0 / Float(pixels) })
    case "Flatten": return Values(shape: [x.shape[0], x.elements.count / x.shape[0]], elements: x.elements)
    case "Gemm": return linear(x, inputs[1], inputs[2].elements)
    case "QuantizeLinear":
      // Integers without a sign, which the absence of a zero point means too.
      let (scale, zero) = (inputs[1].elements[0], inputs.count > 2 ? inputs[2].elements[0] : 0)
      return Values(
        shape: x.shape,
        elements: x.elements.map { min(255, max(0, ($0 / scale).rounded(.toNearestOrEven) + zero)) })
    case "DequantizeLinear":
      let (scales, zero) = (inputs[1].elements, inputs.count > 2 ? inputs[2].elements[0] : 0)
      let axis = node.attribute.first { $0.name == "axis" }.map { Int($0.i) } ?? 0
      return alongChannels(x, axis: axis) { value, c in (value - zero) * scales[inputs[1].shape.isEmpty ? 0 : c] }
    default: throw Unknown(name: node.opType)
    }
  }

  /// Two arrays of one shape, or one and `[1, C, 1, 1]`.
  private static func combine(_ x: Values, _ y: Values, _ operation: String) -> Values {
    func value(_ a: Float, _ b: Float) -> Float { operation == "Add" ? a + b : operation == "Sub" ? a - b : a / b }
    if x.shape == y.shape { return Values(shape: x.shape, elements: zip(x.elements, y.elements).map(value)) }
    return alongChannels(x, axis: 1) { value($0, y.elements[$1]) }
  }

  /// `body` of each element and its place along an axis.
  private static func alongChannels(_ x: Values, axis: Int, _ body: (Float, Int) -> Float) -> Values {
    let inner = x.shape.dropFirst(axis + 1).reduce(1, *)
    let channels = x.shape.isEmpty ? 1 : x.shape[axis]
    return Values(
      shape: x.shape, elements: x.elements.indices.map { body(x.elements[$0], $0 / inner % channels) })
  }

  private static func linear(_ x: Values, _ weight: Values, _ bias: [Float]) -> Values {
    let (images, inputs, outputs) = (x.shape[0], x.shape[1], weight.shape[0])
    var result = Values(shape: [images, outputs], elements: [])
    for image in 0..<images {
      for output in 0..<outputs {
        var sum = Double(bias[output])
        for i in 0..<inputs { sum += Double(x.elements[image * inputs + i] * weight.elements[output * inputs + i]) }
        result.elements.append(Float(sum))
      }
    }
    return result
  }

  private static func convolution(_ node: ONNXNodeProto, _ x: Values, _ weight: Values, _ bias: [Float]?) -> Values {
    let step = Int(node.attribute.first { $0.name == "strides" }?.ints[0] ?? 1)
    let padding = Int(node.attribute.first { $0.name == "pads" }?.ints[0] ?? 0)
    let (images, inputs, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
    let (outputs, kernel) = (weight.shape[0], weight.shape[2])
    let rows = (height + 2 * padding - kernel) / step + 1
    let columns = (width + 2 * padding - kernel) / step + 1
    var result = Values(
      shape: [images, outputs, rows, columns], elements: [Float](repeating: 0, count: images * outputs * rows * columns)
    )
    for image in 0..<images {
      for output in 0..<outputs {
        for row in 0..<rows {
          for column in 0..<columns {
            var sum = bias?[output] ?? 0
            for input in 0..<inputs {
              for y in 0..<kernel where (0..<height).contains(row * step + y - padding) {
                for z in 0..<kernel where (0..<width).contains(column * step + z - padding) {
                  let pixel = (row * step + y - padding) * width + column * step + z - padding
                  sum +=
                    x.elements[(image * inputs + input) * height * width + pixel]
                    * weight.elements[((output * inputs + input) * kernel + y) * kernel + z]
                }
              }
            }
            result.elements[((image * outputs + output) * rows + row) * columns + column] = sum
          }
        }
      }
    }
    return result
  }
}
