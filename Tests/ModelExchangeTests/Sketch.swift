// Some random sums of a tensor, from which its distance to another one can be told: fixtures of many megabytes in kilobytes.

import ModelExchange
import NeuralNetwork

/// Sums of a tensor's values with random signs, the same for all tensors of its length. The mean square of the differences
/// of such sums is the squared distance of the tensors, to a quarter with 32 of them (the lemma of Johnson and
/// Lindenstrauss).
struct Sketch {
  private let norm: Double
  private let sums: [Double]
  private static let count = 32
  private static let suffix = "#sketch"

  private init(of values: [Float]) {
    var sums = [Double](repeating: 0, count: Self.count)
    var square = 0.0
    var random = RandomStream(seed: 4, purpose: .test)
    for value in values {
      let (value, signs) = (Double(value), random.next32())
      square += value * value
      for bit in 0..<Self.count { sums[bit] += signs >> UInt32(bit) & 1 == 0 ? value : -value }
    }
    (norm, self.sums) = (square.squareRoot(), sums)
  }

  /// What a fixture holds of a tensor; nil if that is the tensor itself.
  init?(stored tensor: Tensor) {
    guard tensor.name.hasSuffix(Self.suffix), tensor.values.count == Self.count + 1 else { return nil }
    norm = Double(tensor.values[0])
    sums = tensor.values.dropFirst().map(Double.init)
  }

  /// About ‖values − tensor‖ / ‖tensor‖ of the tensor that this is of.
  func relativeError(of values: [Float]) -> Double {
    let squares = zip(Sketch(of: values).sums, sums).map { ($0 - $1) * ($0 - $1) }
    return (squares.reduce(0, +) / Double(Self.count)).squareRoot() / norm
  }

  /// The name of the tensor that one of a fixture is of.
  static func name(of stored: String) -> String {
    stored.hasSuffix(suffix) ? String(stored.dropLast(suffix.count)) : stored
  }

  /// A fixture with sketches instead of the tensors that are longer than these.
  static func file(of file: SafetensorsFile) -> SafetensorsFile {
    SafetensorsFile(
      tensors: file.tensors.map { tensor in
        guard tensor.values.count > count + 1 else { return tensor }
        let sketch = Sketch(of: tensor.values)
        return Tensor(
          name: tensor.name + suffix, shape: [count + 1], values: ([sketch.norm] + sketch.sums).map { Float($0) })
      })
  }
}
