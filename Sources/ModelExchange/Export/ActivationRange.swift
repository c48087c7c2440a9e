// Which values an activation takes, counted, and the range of them that is worth 8 bits.

/// How the range of an activation is chosen from the values that it took.
public enum CalibrationMethod: String, CaseIterable, Sendable {
  /// From the smallest to the largest value.
  case minmax
  /// The range with the least mean squared error, cut values included.
  case mse
}

/// The smallest and the largest value of an activation.
struct ActivationRange: Equatable {
  private(set) var low: Float = 0
  private(set) var high: Float = 0

  /// Takes in more values; false if some are infinite or no numbers.
  mutating func add(_ values: [Float]) -> Bool {
    var (smallest, largest, sum) = (low, high, Float(0))
    for value in values {
      smallest = min(smallest, value)
      largest = max(largest, value)
      // Infinity, and what is no number, stay in it.
      sum += value * 0
    }
    (low, high) = (smallest, largest)
    return sum == 0
  }
}

/// How often an activation took the values of a range, in equal parts of it.
struct ActivationHistogram {
  private let range: ActivationRange
  private var counts: [Int]
  private static let parts = 2_048

  init(_ range: ActivationRange) {
    self.range = range
    counts = [Int](repeating: 0, count: Self.parts)
  }

  private var width: Float { (range.high - range.low) / Float(Self.parts) }

  /// Counts values of the range.
  mutating func add(_ values: [Float]) {
    guard width.isNormal else { return }
    let (low, scale) = (range.low, 1 / width)
    for value in values {
      counts[min(Self.parts - 1, max(0, Int((value - low) * scale)))] += 1
    }
  }

  /// The quantization of the part of the range, shrunk towards 0 from both ends, that has the least squared error.
  var best: ActivationQuantization {
    let candidates = stride(from: 1.0, to: 0.2, by: -0.01).map { (share: Float) in
      ActivationQuantization(low: range.low * share, high: range.high * share)
    }
    var best = (quantization: candidates[0], error: squaredError(candidates[0]))
    for candidate in candidates.dropFirst() {
      let error = squaredError(candidate)
      if error < best.error { best = (candidate, error) }
    }
    return best.quantization
  }

  /// Summed over all values, which are taken to lie in the middle of their part: where the quantization reaches, s²/12
  /// (a uniform error of ±s/2), and beyond it the squared distance.
  private func squaredError(_ quantization: ActivationQuantization) -> Double {
    let scale = Double(quantization.scale)
    let low = -Double(quantization.zeroPoint) * scale
    let high = low + 255 * scale
    var error = 0.0
    for (part, count) in counts.enumerated() where count > 0 {
      let value = Double(range.low) + (Double(part) + 0.5) * Double(width)
      let cut = max(low - value, value - high, 0)
      error += Double(count) * (cut > 0 ? cut * cut : scale * scale / 12)
    }
    return error
  }
}
