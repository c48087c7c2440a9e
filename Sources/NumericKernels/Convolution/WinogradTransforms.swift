// The one-dimensional transforms of Winograd's convolution F(4, 3), each on 16 channels at once, and their adjoints.
//
// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015), points 0, ±1, ±2, ∞: four outputs of a
// kernel with three taps cost six products, y = Aᵀ[(G g) ⊙ (Bᵀ d)]. In two dimensions each is applied to columns and
// rows: 36 products for 16 outputs of a 3×3 kernel, instead of 144.

typealias Three = (Vector, Vector, Vector)
typealias Four = (Vector, Vector, Vector, Vector)
typealias Six = (Vector, Vector, Vector, Vector, Vector, Vector)

/// F(4, 3): four outputs of three taps from six inputs.
enum Winograd {
  /// Outputs of a tile in one dimension.
  static let outputs = 4
  /// Inputs of a tile in one dimension.
  static let inputs = 6

  /// Bᵀd: six inputs to six factors.
  @inline(__always)
  static func input(_ d: Six) -> Six {
    let (evenFar, oddFar) = (fma(-4, d.2, d.4), fma(-4, d.1, d.3))
    let (evenNear, oddHalf) = (d.4 - d.2, d.3 - d.1)
    let oddNear = oddHalf + oddHalf
    return (
      fma(4, d.0, fma(-5, d.2, d.4)), evenFar + oddFar, evenFar - oddFar, evenNear + oddNear, evenNear - oddNear,
      fma(4, d.1, fma(-5, d.3, d.5))
    )
  }

  /// B t: the adjoint of `input`.
  @inline(__always)
  static func inputAdjoint(_ t: Six) -> Six {
    let (sum1, difference1) = (t.1 + t.2, t.1 - t.2)
    let (sum2, difference2) = (t.3 + t.4, t.3 - t.4)
    return (
      4 * t.0, fma(-2, difference2, 4 * (t.5 - difference1)), fma(-5, t.0, fma(-4, sum1, -sum2)),
      fma(-5, t.5, fma(2, difference2, difference1)), t.0 + sum1 + sum2, t.5
    )
  }

  /// Aᵀm: six products to four outputs.
  @inline(__always)
  static func output(_ m: Six) -> Four {
    let (sum1, difference1) = (m.1 + m.2, m.1 - m.2)
    let (sum2, difference2) = (m.3 + m.4, m.3 - m.4)
    return (
      m.0 + sum1 + sum2, fma(2, difference2, difference1), fma(4, sum2, sum1), fma(8, difference2, difference1) + m.5
    )
  }

  /// A y: the adjoint of `output`.
  @inline(__always)
  static func outputAdjoint(_ y: Four) -> Six {
    let (even1, odd1) = (y.0 + y.2, y.1 + y.3)
    let (even2, oddHalf) = (fma(4, y.2, y.0), fma(4, y.3, y.1))
    let odd2 = oddHalf + oddHalf
    return (y.0, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, y.3)
  }

  /// G g: three taps to six factors.
  @inline(__always)
  static func weight(_ g: Three) -> Six {
    let (even1, odd1) = ((g.0 + g.2) * (-1.0 / 6), g.1 * (-1.0 / 6))
    let (even2, odd2) = (fma(1.0 / 24, g.0, g.2 * (1.0 / 6)), g.1 * (1.0 / 12))
    return (g.0 * 0.25, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, g.2)
  }

  /// Gᵀu: the adjoint of `weight`.
  @inline(__always)
  static func weightAdjoint(_ u: Six) -> Three {
    let (sum1, difference1) = (u.1 + u.2, u.2 - u.1)
    let (sum2, difference2) = (u.3 + u.4, u.3 - u.4)
    return (
      fma(0.25, u.0, fma(1.0 / 24, sum2, sum1 * (-1.0 / 6))), fma(1.0 / 12, difference2, difference1 * (1.0 / 6)),
      fma(1.0 / 6, sum2 - sum1, u.5)
    )
  }
}
