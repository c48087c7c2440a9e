// How a network's tensors are named and laid out in PyTorch and torchvision, which is also how they lie in files.

import NeuralNetwork

extension TensorSlice {
  /// The name in a network with one classifier: `fc.weight` for `heads.3.weight`, else the same.
  var exchangeName: String {
    switch role {
    case .linearWeight: "fc.weight"
    case .linearBias: "fc.bias"
    default: name
    }
  }

  /// For each axis of a file's tensor, the axis of ours that it is: `[out, in, kernel, kernel]` of
  /// `[kernel, kernel, in, out]`, and `[out, in]` of `[in, out]`.
  private var exchangeAxes: [Int] {
    switch role {
    case .convolutionWeight: [3, 2, 0, 1]
    case .linearWeight: [1, 0]
    default: Array(shape.indices)
    }
  }

  /// The shape in files.
  var exchangeShape: [Int] { exchangeAxes.map { shape[$0] } }

  /// Values as they lie in files, of values as they lie in memory.
  func exported(_ values: ArraySlice<Float>) -> [Float] {
    exchangeOrder.map { values[values.startIndex + $0] }
  }

  /// Values as they lie in memory, of values as they lie in files.
  func imported(_ values: [Float]) -> [Float] {
    var result = values
    for (value, place) in zip(values, exchangeOrder) { result[place] = value }
    return result
  }

  /// For each element of a file's tensor in order, its place in ours.
  private var exchangeOrder: [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    return exchangeAxes.reduce([0]) { places, axis in
      places.flatMap { place in (0..<shape[axis]).map { place + $0 * strides[axis] } }
    }
  }
}

extension NetworkWeights {
  /// All tensors as PyTorch has them, in forward order. There must be one classifier only.
  var exchangeTensors: [Tensor] {
    precondition(heads == .deepest, "a network for exchange has one classifier; extract one depth first")
    func tensors(_ slices: [TensorSlice], _ values: [Float]) -> [Tensor] {
      slices.reversed().map {
        Tensor(name: $0.exchangeName, shape: $0.exchangeShape, values: $0.exported(values[$0.range]))
      }
    }
    return tensors(layout.parameters, parameters) + tensors(layout.statistics, statistics)
  }

  /// Takes over every tensor by its name in files; each must have the right number of values.
  mutating func replaceAll(with tensors: [String: Tensor]) {
    for slice in layout.parameters {
      guard let tensor = tensors[slice.exchangeName] else { continue }
      parameters.replaceSubrange(slice.range, with: slice.imported(tensor.values))
    }
    for slice in layout.statistics {
      guard let tensor = tensors[slice.exchangeName] else { continue }
      statistics.replaceSubrange(slice.range, with: slice.imported(tensor.values))
    }
  }
}
