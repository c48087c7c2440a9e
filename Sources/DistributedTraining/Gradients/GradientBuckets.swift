// How an arena of gradients is cut into the pieces that are sent.

/// Consecutive ranges of an arena, in the order in which a backward pass completes them. They follow from the network and
/// a setting alone, so that sums are taken in the same way in every step and run.
public struct GradientBuckets: Sendable {
  /// The ranges, in floats. Padding between tensors is in none of them.
  public let ranges: [Range<Int>]

  /// Cuts `runs` into ranges of at most `megabytes` (10⁶ bytes), which are multiples of 64 bytes.
  public init(runs: [Range<Int>], megabytes: Double) {
    let size = max(16, Int(megabytes * 1e6) / MemoryLayout<Float>.stride / 16 * 16)
    ranges = runs.flatMap { run in
      stride(from: run.lowerBound, to: run.upperBound, by: size).map { $0..<min($0 + size, run.upperBound) }
    }
  }

  /// Floats of all ranges.
  public var floats: Int { ranges.reduce(0) { $0 + $1.count } }
}
