// The two engines behind one face.

/// What multiplies the matrices that convolutions are made of.
public enum MatrixEngine: String, Codable, CaseIterable, Sendable {
  /// OpenBLAS, one call per panel.
  case blas
  /// The kernel of this module, which reads panels as they lie and packs nothing.
  case simd

  /// `c[m, n] = a[m, k] · b[k, n]`, plus `c` with `accumulate`. `n` and `k` are whole panels of `b` and `a`, or `a` is
  /// row-major.
  func multiply(_ a: PanelMatrix, _ b: PanelMatrix, into c: PanelMatrix, _ size: ProductSize, accumulate: Bool) {
    switch self {
    case .blas: blasProduct(a, transposed: false, b, into: c, size, accumulate: accumulate)
    case .simd: panelProduct(a, transposed: false, b, into: c, size, accumulate: accumulate)
    }
  }

  /// `c[m, n] = aᵀ · b[k, n]`, plus `c` with `accumulate`, where `a` is `[k, m]`.
  func multiplyTransposed(
    _ a: PanelMatrix, _ b: PanelMatrix, into c: PanelMatrix, _ size: ProductSize, accumulate: Bool
  ) {
    switch self {
    case .blas: blasProduct(a, transposed: true, b, into: c, size, accumulate: accumulate)
    case .simd: panelProduct(a, transposed: true, b, into: c, size, accumulate: accumulate)
    }
  }
}
