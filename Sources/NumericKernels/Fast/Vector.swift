// Sixteen floats at a time.

import CVector

typealias Vector = SIMD16<Float>
typealias VectorPointer = UnsafeMutablePointer<Vector>

extension FloatView {
  /// The view as vectors; it must start on a 64-byte boundary.
  @inline(__always)
  var vectors: VectorPointer {
    let raw = UnsafeMutableRawPointer(base)
    require(Int(bitPattern: raw) & 63 == 0, "a vector kernel works on 64-byte aligned views")
    return raw.assumingMemoryBound(to: Vector.self)
  }
}

extension Vector {
  /// ReLU; what is not a number stays so.
  @inline(__always)
  var rectified: Vector { replacing(with: Vector.zero, where: self .< Vector.zero) }
}

/// `a·b + c` with a number for one of them.
@inline(__always)
func fma(_ a: Float, _ b: Vector, _ c: Vector) -> Vector { vector_fma(Vector(repeating: a), b, c) }

@inline(__always)
func fma(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector { vector_fma(a, b, c) }

/// Transposes 16 vectors, `sourceStride` apart, into 16 others, through `scratch` of 32 vectors.
@inline(__always)
func transpose(
  _ source: VectorPointer, _ sourceStride: Int, into target: VectorPointer, _ targetStride: Int, scratch: VectorPointer
) {
  let (first, second) = (scratch, scratch + 16)
  // Interleaving the two halves of a sequence of vectors four times over is a transposition.
  interleave(source, sourceStride, into: first, 1)
  interleave(first, 1, into: second, 1)
  interleave(second, 1, into: first, 1)
  interleave(first, 1, into: target, targetStride)
}

@inline(__always)
private func interleave(_ source: VectorPointer, _ sourceStride: Int, into target: VectorPointer, _ targetStride: Int) {
  for i in 0..<8 {
    let (a, b) = (source[i &* sourceStride], source[(i &+ 8) &* sourceStride])
    target[2 &* i &* targetStride] = vector_interleave_low(a, b)
    target[(2 &* i &+ 1) &* targetStride] = vector_interleave_high(a, b)
  }
}
