// Where numbers that are none came from: which tensor, on which rank. Looked for only once there are some.

import MPI
import NeuralNetwork

/// Where a rank found a number that is infinite or none, earliest first in the order of a step.
private enum Finding {
  /// Place of the tensor in the forward pass.
  case weights(Int)
  /// Place of the tensor in the forward pass. Batch norm's running statistics follow every activation of the network.
  case statistics(Int)
  /// Only the loss.
  case loss
  /// Place of the tensor in the backward pass.
  case gradients(Int)
  case nothing

  /// Smaller for what is earlier.
  var code: Int {
    switch self {
    case .weights(let place): place
    case .statistics(let place): 1 << 20 + place
    case .loss: 2 << 20
    case .gradients(let place): 3 << 20 + place
    case .nothing: 4 << 20
    }
  }

  init(code: Int) {
    let place = code & (1 << 20 - 1)
    switch code >> 20 {
    case 0: self = .weights(place)
    case 1: self = .statistics(place)
    case 2: self = .loss
    case 3: self = .gradients(place)
    default: self = .nothing
    }
  }
}

extension DepthNetwork {
  /// Where numbers that are none came from; nil if there are none. Collective.
  ///
  /// - Parameters:
  ///   - loss: this rank's.
  ///   - repeatStep: computes the gradient of this rank's share once more, since that of the step has become the sum of all;
  ///     nil if the weights have changed.
  func findOrigin(
    loss: Double, _ communicator: Communicator, repeatStep: (() throws -> Void)?
  ) throws -> Divergence.Origin? {
    let layout = arena.layout
    let summed = firstBad(layout.parameters, arena.gradients)
    guard let repeatStep else { return summed.map { .init(tensor: layout.parameters[$0].name, rank: nil) } }
    var finding = Finding.nothing
    // Backward is the layout's order.
    if let place = firstBad(layout.parameters.reversed(), arena.values) {
      finding = .weights(place)
    } else if let place = firstBad(layout.statistics.reversed(), arena.statistics) {
      finding = .statistics(place)
    } else if !loss.isFinite {
      finding = .loss
    }
    try repeatStep()
    if case .nothing = finding, let place = firstBad(layout.parameters, arena.gradients) {
      finding = .gradients(place)
    }
    let codes = try communicator.allgather(finding.code)
    let first = codes.min() ?? finding.code
    let rank = codes.firstIndex(of: first)
    return switch Finding(code: first) {
    case .weights(let place): .init(tensor: layout.parameters.reversed()[place].name, rank: rank)
    case .statistics(let place): .init(tensor: layout.statistics.reversed()[place].name, rank: rank)
    case .loss: .init(tensor: nil, rank: rank)
    case .gradients(let place): .init(tensor: layout.parameters[place].name, rank: rank)
    case .nothing: summed.map { .init(tensor: layout.parameters[$0].name, rank: nil) }
    }
  }

  /// The place of the first tensor with a number that is infinite or none.
  private func firstBad(_ tensors: [TensorSlice], _ arena: FloatView) -> Int? {
    tensors.firstIndex { slice in arena[slice.range].unsafeBuffer.contains { !$0.isFinite } }
  }
}
