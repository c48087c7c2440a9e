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
    elementOrder.map { values[values.startIndex + $0] }
  }

  /// Values as they lie in memory, of values as they lie in files.
  func imported(_ values: [Float]) -> [Float] {
    var result = values
    for (value, place) in zip(values, elementOrder) { result[place] = value }
    return result
  }

  /// For each element of a file's tensor in order, its place in ours.
  private var elementOrder: [Int] { AxisOrder.places(of: shape, axes: exchangeAxes) }
}

extension Tensor {
  /// The values with the axes in another order: `axes[i]` is the axis of this tensor that becomes axis i.
  func values(axes: [Int]) -> [Float] { AxisOrder.places(of: shape, axes: axes).map { values[$0] } }
}

private enum AxisOrder {
  /// For each element of a tensor whose axes are `axes` of one of `shape`, its place in that.
  static func places(of shape: [Int], axes: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    var places = [0]
    for axis in axes {
      var next: [Int] = []
      next.reserveCapacity(places.count * shape[axis])
      for place in places {
        for index in 0..<shape[axis] { next.append(place + index * strides[axis]) }
      }
      places = next
    }
    return places
  }
}

extension NetworkLayout {
  /// The tensors in their order in files: parameters from the stem to the classifier, then running statistics.
  var exchangeOrder: [TensorSlice] { parameters.reversed() + statistics.reversed() }
}

extension NetworkWeights {
  /// All tensors as PyTorch has them. There must be one classifier only.
  var exchangeTensors: [Tensor] {
    precondition(heads == .deepest, "a network for exchange has one classifier; extract one depth first")
    return layout.exchangeOrder.map {
      let values = $0.role.isStatistic ? statistics[$0.range] : parameters[$0.range]
      return Tensor(name: $0.exchangeName, shape: $0.exchangeShape, values: $0.exported(values))
    }
  }

  /// Takes over every tensor by its name in files; each must have the right number of values.
  mutating func replaceAll(with tensors: [String: Tensor]) {
    for slice in layout.exchangeOrder {
      guard let tensor = tensors[slice.exchangeName] else { continue }
      let values = slice.imported(tensor.values)
      if slice.role.isStatistic {
        statistics.replaceSubrange(slice.range, with: values)
      } else {
        parameters.replaceSubrange(slice.range, with: values)
      }
    }
  }
}

extension TensorRole {
  fileprivate var isStatistic: Bool { self == .runningMean || self == .runningVariance }
}
