// The one-dimensional transforms of Winograd's convolution with three taps and stride 2, and their adjoints.
//
// Every second input meets the outer taps, the others meet the middle one: y[o] = w₀ x[2o−1] + w₂ x[2o+1] + w₁ x[2o]. The
// first two terms are a convolution with two taps over the odd inputs, F(4, 2) at the points 0, ±1, 2, ∞: five products.
// The last term is written as another one over the even inputs, whose first tap is 0; then the product at the point 0 is
// 0, and four are left. Both end in the same five sums, from which one transform makes the four outputs: nine products
// instead of twelve, 81 instead of 144 in two dimensions.

typealias Five = (Vector, Vector, Vector, Vector, Vector)

/// F(4, 2) on the odd and the even inputs.
enum StridedWinograd {
  /// Outputs of a tile in one dimension.
  static let outputs = 4
  /// Inputs of a tile in one dimension: five odd ones with four even ones between them.
  static let inputs = 9
  /// Points in one dimension.
  static let points = 5

  /// Bᵀd: five odd inputs to a factor at each point.
  @inline(__always)
  static func odd(_ d: Five) -> Five {
    let t = even((d.1, d.2, d.3, d.4))
    return (fma(2, d.0 - d.2, d.3 - d.1), t.0, t.1, t.2, t.3)
  }

  /// Bᵀd: four even inputs to a factor at each point but 0.
  @inline(__always)
  static func even(_ d: Four) -> Four {
    let difference = d.2 - d.0
    return (
      fma(-2, d.0, d.2 - d.1), fma(2, d.0, fma(-3, d.1, d.2)), difference, fma(-2, difference, d.3 - d.1)
    )
  }

  /// B t: the adjoint of `odd`.
  @inline(__always)
  static func oddAdjoint(_ t: Five) -> Five {
    let d = evenAdjoint((t.1, t.2, t.3, t.4))
    return (t.0 + t.0, d.0 - t.0, fma(-2, t.0, d.1), d.2 + t.0, d.3)
  }

  /// B t: the adjoint of `even`.
  @inline(__always)
  static func evenAdjoint(_ t: Four) -> Four {
    (
      fma(2, (t.1 - t.0) + t.3, -t.2), fma(-3, t.1, -(t.0 + t.3)), fma(-2, t.3, (t.0 + t.1) + t.2), t.3
    )
  }

  /// Aᵀm: five sums of products to four outputs.
  @inline(__always)
  static func output(_ m: Five) -> Four {
    let (sum, difference) = (m.1 + m.2, m.1 - m.2)
    return (m.0 + sum + m.3, fma(2, m.3, difference), fma(4, m.3, sum), fma(8, m.3, difference) + m.4)
  }

  /// A y: the adjoint of `output`.
  @inline(__always)
  static func outputAdjoint(_ y: Four) -> Five {
    let (even, odd) = (y.0 + y.2, y.1 + y.3)
    return (y.0, even + odd, even - odd, fma(2, fma(4, y.3, y.1), fma(4, y.2, y.0)), y.3)
  }

  /// G g: the two outer taps.
  @inline(__always)
  static func oddWeight(_ g: (Vector, Vector)) -> Five {
    (
      g.0 * 0.5, (g.0 + g.1) * -0.5, (g.1 - g.0) * (1.0 / 6), fma(2, g.1, g.0) * (1.0 / 6), g.1
    )
  }

  /// G g: the middle tap.
  @inline(__always)
  static func evenWeight(_ g: Vector) -> Four { (g * -0.5, g * (1.0 / 6), g * (1.0 / 3), g) }

  /// Gᵀu: the adjoint of `oddWeight`.
  @inline(__always)
  static func oddWeightAdjoint(_ u: Five) -> (Vector, Vector) {
    (fma(0.5, u.0 - u.1, (u.3 - u.2) * (1.0 / 6)), evenWeightAdjoint((u.1, u.2, u.3, u.4)))
  }

  /// Gᵀu: the adjoint of `evenWeight`.
  @inline(__always)
  static func evenWeightAdjoint(_ u: Four) -> Vector { fma(-0.5, u.0, fma(1.0 / 6, fma(2, u.2, u.1), u.3)) }
}
