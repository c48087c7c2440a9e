// Counter-based random numbers: the same key gives the same numbers, whoever asks, in whatever order.

/// What random numbers are used for. Streams with different purposes are independent even for equal keys.
public enum RandomPurpose: UInt32, Sendable {
  case parameters = 1
  case permutation = 2
  case augmentation = 3
  case test = 4
  case split = 5
}

/// A stream of random numbers determined by (seed, purpose, epoch, index) alone.
///
/// It is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11): the key is the seed, the
/// counter is built from the other three and the position in the stream. Results therefore do not depend on how many
/// ranks or threads there are, nor on which of them draws.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block: SIMD4<UInt32> = .zero
  private var used = 4

  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - purpose: what the numbers are for.
  ///   - epoch: the epoch, or 0 where there is none; below 2²⁴.
  ///   - index: the sample or parameter that the numbers belong to; below 2³².
  public init(seed: UInt64, purpose: RandomPurpose, epoch: Int = 0, index: Int = 0) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = SIMD4(
      0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: epoch), purpose.rawValue)
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 { UInt64(next32()) << 32 | UInt64(next32()) }

  /// The next 32 random bits.
  public mutating func next32() -> UInt32 {
    if used == 4 {
      block = Self.philox(counter, key)
      counter.x &+= 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  /// A float in [0, 1), a multiple of 2⁻²⁴.
  public mutating func uniform() -> Float { Float(next32() >> 8) * 0x1p-24 }

  /// An integer in 0..<bound without bias; `bound` must be in 1…2³².
  public mutating func integer(below bound: Int) -> Int {
    // Lemire, "Fast random integer generation in an interval", 2019.
    let range = UInt64(bound)
    var product = UInt64(next32()) * range
    if product & 0xffff_ffff < range {
      let threshold = (1 << 32 - range) % range
      while product & 0xffff_ffff < threshold { product = UInt64(next32()) * range }
    }
    return Int(product >> 32)
  }

  static func philox(_ start: SIMD4<UInt32>, _ firstKey: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = start
    var k = firstKey
    for _ in 0..<10 {
      let p0 = UInt64(0xD251_1F53) * UInt64(c.x)
      let p1 = UInt64(0xCD9E_8D57) * UInt64(c.z)
      c = SIMD4(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: p0))
      k = k &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return c
  }
}
