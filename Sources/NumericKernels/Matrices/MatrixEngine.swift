// The two engines behind one face.

import CVector

/// What multiplies the matrices that convolutions are made of.
public enum MatrixEngine: String, Codable, CaseIterable, Sendable {
  /// OpenBLAS, one call per panel.
  case blas
  /// The kernel of this module, which reads panels as they lie and packs nothing.
  case simd

  /// The panels in which this engine likes best to have matrices of `columns` columns, a multiple of 16: as wide as its
  /// registers hold, or for calls of BLAS as wide as there are. A panel that had to be cut would be read with gaps, which
  /// fall on few lines of a cache.
  func panel(_ columns: Int) -> Int {
    let widest = self == .simd ? Int(register_columns()) : 64
    return [64, 32].first { $0 <= widest && columns % $0 == 0 } ?? 16
  }

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
