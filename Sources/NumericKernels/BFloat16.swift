// Floats of 16 bits for the way between ranks: what is computed with is 32 bits wide.

import CVector

/// bfloat16: the sign, the 8 bits of exponent and the upper 7 of the mantissa of a 32-bit float, kept as bit patterns.
///
/// Rounding is to the nearest, ties to even. Infinities and what is not a number stay what they are, and numbers beyond
/// the largest become infinite. What rounding takes away is kept and added the next time (error feedback, Seide et al.,
/// 2014), so that it is late but not lost. Views have any length and alignment.
public enum BFloat16 {
  /// Sets `rounded[n]` to `values[n] + residuals[n]`, rounded, and `residuals` to what that took away: 0 where the sum or
  /// its rounding is not finite.
  public static func round(_ values: FloatView, residuals: FloatView, into rounded: BufferView<UInt16>) {
    require(values.count == rounded.count && residuals.count == rounded.count, "views are equally long")
    forEachVector(rounded.count) { i, lanes in
      round(load(values.base + i, lanes) + load(residuals.base + i, lanes), i, lanes, residuals, rounded)
    }
  }

  /// Sets `rounded[n]` to the sum of the equally long `parts[p · n]`, first to last, and of `residuals[n]`, rounded, and
  /// `residuals` as `round` does.
  public static func roundSum(
    of parts: BufferView<UInt16>, residuals: FloatView, into rounded: BufferView<UInt16>
  ) {
    let length = rounded.count
    require(residuals.count == length && (length == 0 || parts.count % length == 0), "parts are equally long")
    forEachVector(length) { i, lanes in
      var sum = Vector.zero
      for start in stride(from: 0, to: parts.count, by: length) {
        sum += vector_expand_half(load(parts.base + start + i, lanes))
      }
      round(sum + load(residuals.base + i, lanes), i, lanes, residuals, rounded)
    }
  }

  /// Sets `values` to the numbers that `rounded`, equally long, stands for.
  public static func expand(_ rounded: BufferView<UInt16>, into values: FloatView) {
    require(values.count == rounded.count, "views are equally long")
    forEachVector(values.count) { i, lanes in
      store(vector_expand_half(load(rounded.base + i, lanes)), values.base + i, lanes)
    }
  }

  @inline(__always)
  private static func round(
    _ sum: Vector, _ i: Int, _ lanes: Int, _ residuals: FloatView, _ rounded: BufferView<UInt16>
  ) {
    let half = vector_round_half(sum)
    let lost = sum - vector_expand_half(half)
    // Of infinities and what is not a number, the difference is not a number either.
    store(lost.replacing(with: Vector.zero, where: (lost - lost) .!= Vector.zero), residuals.base + i, lanes)
    store(half, rounded.base + i, lanes)
  }

  /// Calls `body` with the start and the length of consecutive runs of 16 elements, and of what is left.
  @inline(__always)
  private static func forEachVector(_ count: Int, _ body: (_ start: Int, _ lanes: Int) -> Void) {
    var start = 0
    while start &+ 16 <= count {
      body(start, 16)
      start &+= 16
    }
    if start < count { body(start, count &- start) }
  }

  @inline(__always)
  private static func load<Element>(_ address: UnsafePointer<Element>, _ lanes: Int) -> SIMD16<Element> {
    if lanes == 16 { return UnsafeRawPointer(address).loadUnaligned(as: SIMD16<Element>.self) }
    var vector = SIMD16<Element>()
    for lane in 0..<lanes { vector[lane] = address[lane] }
    return vector
  }

  @inline(__always)
  private static func store<Element>(_ vector: SIMD16<Element>, _ address: UnsafeMutablePointer<Element>, _ lanes: Int)
  {
    if lanes == 16 { return UnsafeMutableRawPointer(address).storeBytes(of: vector, as: SIMD16<Element>.self) }
    for lane in 0..<lanes { address[lane] = vector[lane] }
  }
}
