// Compares the gradients that training uses with numeric ones, tensor by tensor.

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// Checks the analytic gradients of a network (32-bit floats, the given kernels) against central differences of an
/// independent loss in double precision.
public enum GradientCheck {
  /// What was found for one tensor.
  public struct Row: Codable, Sendable {
    /// The tensor's name.
    public let parameter: String
    /// Derivative of the loss along the probed direction, from the analytic gradient.
    public let analytic: Double
    /// The same from (L(w + h·v) − L(w − h·v)) / 2h.
    public let numeric: Double
    /// |numeric − analytic| as a share of the larger of the two, plus the worst single element's error as a share of
    /// the tensor's largest gradient.
    public let relativeError: Double
  }

  /// Errors above this are a mistake, not rounding: 32-bit activations leave about 10⁻⁵.
  public static let tolerance = 1e-3

  /// Probes every tensor of `architecture` on random images.
  ///
  /// Each tensor is probed along its own gradient, every element weighted by a random factor of ½…1½ so that errors
  /// cannot cancel, and at two single elements.
  ///
  /// - Parameters:
  ///   - architecture: the network that is probed.
  ///   - heads: its classifiers, whose losses are added.
  ///   - images: the batch, at least 1.
  ///   - seed: what weights, images and directions follow from.
  ///   - kernels: what the analytic gradients are computed by.
  ///   - body: called with each row as it is found.
  /// - Throws: what the network's passes throw; without other ranks that is nothing.
  public static func run(
    _ architecture: Architecture, heads: HeadSelection, images: Int, seed: UInt64, kernels: any Kernels,
    _ body: (Row) -> Void
  ) throws {
    let network = DepthNetwork(architecture, heads: heads, batchCapacity: images, kernels: kernels)
    network.weights = .initial(architecture, heads: heads, seed: seed)
    var random = RandomStream(seed: seed, purpose: .test)
    let input = AlignedBuffer<Float>(count: images * architecture.input.count)
    for i in 0..<input.count { input.view[i] = 2 * random.uniform() - 1 }
    let labels = AlignedBuffer<Int32>(count: images)
    for i in 0..<images { labels.view[i] = Int32(random.integer(below: architecture.classes)) }
    var probe = try withExtendedLifetime((input, labels)) {
      try network.forward(input.view, images: images)
      _ = network.crossEntropy(images: images, labels: labels.view, globalImages: images)
      try network.backward(input.view, images: images)
      return Probe(
        network: DoublePrecisionNetwork(network.weights), images: input.view.array.map(Double.init),
        labels: labels.view.array.map(Int.init))
    }
    for slice in network.arena.layout.parameters {
      let gradient = network.arena.gradients[slice.range].array.map(Double.init)
      body(probe.check(slice, gradient, &random))
    }
  }

  /// A double-precision network and the batch to probe it with.
  private struct Probe {
    var network: DoublePrecisionNetwork
    let images: [Double]
    let labels: [Int]

    mutating func check(_ slice: TensorSlice, _ gradient: [Double], _ random: inout RandomStream) -> Row {
      let direction = gradient.map { $0 * Double(0.5 + random.uniform()) }
      let analytic = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
      let numeric = derivative(slice, direction)
      let largest = gradient.reduce(0) { max($0, abs($1)) }
      var error = abs(numeric - analytic) / max(abs(numeric), abs(analytic), .leastNormalMagnitude)
      for _ in 0..<2 {
        let element = random.integer(below: gradient.count)
        var unit = [Double](repeating: 0, count: gradient.count)
        unit[element] = 1
        error += abs(derivative(slice, unit) - gradient[element]) / max(largest, .leastNormalMagnitude)
      }
      return Row(parameter: slice.name, analytic: analytic, numeric: numeric, relativeError: error)
    }

    /// Central difference along `direction`, with a step of 10⁻⁶ in the parameters: small enough that hardly any ReLU
    /// changes sides.
    private mutating func derivative(_ slice: TensorSlice, _ direction: [Double]) -> Double {
      let length = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { return 0 }
      let step = 1e-6 / length
      let saved = network.parameters
      func loss(_ factor: Double) -> Double {
        var moved = network
        for (i, d) in zip(slice.range, direction) { moved.parameters[i] = saved[i] + factor * d }
        return moved.loss(images: images, labels: labels)
      }
      return (loss(step) - loss(-step)) / (2 * step)
    }
  }
}

/// log Σ exp, without overflow.
func logarithmOfSum(_ values: [Double]) -> Double {
  let largest = values.max() ?? 0
  return log(values.reduce(0) { $0 + exp($1 - largest) }) + largest
}
