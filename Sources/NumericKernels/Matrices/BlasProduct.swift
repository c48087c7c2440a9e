// Products by OpenBLAS.

import COpenBLAS

/// `c = a · b` or `aᵀ · b`, plus `c` with `accumulate`: one call for each pair of panels.
func blasProduct(
  _ a: PanelMatrix, transposed: Bool, _ b: PanelMatrix, into c: PanelMatrix, _ size: ProductSize, accumulate: Bool
) {
  _ = oneThreadPerCall
  let columns = c.panel
  let inner = transposed ? size.k : min(a.panel, size.k)
  let rows = transposed ? min(a.panel, size.m) : size.m
  for column in stride(from: 0, to: size.n, by: columns) {
    for row in stride(from: 0, to: size.m, by: rows) {
      for depth in stride(from: 0, to: size.k, by: inner) {
        let left = transposed ? a.from(column: row) : a.from(row: row, column: depth)
        let right = b.from(row: depth, column: column)
        let result = c.from(row: row, column: column)
        cblas_sgemm(
          CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, CblasNoTrans, blasint(min(rows, size.m - row)),
          blasint(columns), blasint(min(inner, size.k - depth)), 1, left.base, blasint(left.rowStride), right.base,
          blasint(right.rowStride), accumulate || depth > 0 ? 1 : 0, result.base, blasint(result.rowStride))
      }
    }
  }
}

/// A row-major matrix of any size, as it lies in memory or transposed.
enum DenseOperand {
  case plain(FloatView)
  case transposed(FloatView)

  fileprivate var view: FloatView {
    switch self {
    case .plain(let view), .transposed(let view): view
    }
  }

  fileprivate var isTransposed: Bool { if case .transposed = self { true } else { false } }
}

/// `c[m, n] = a · b`, plus `c` with `accumulate`, for sizes that fill no panels: the classifiers'.
func denseProduct(_ a: DenseOperand, _ b: DenseOperand, into c: FloatView, _ size: ProductSize, accumulate: Bool) {
  let (m, n, k) = (size.m, size.n, size.k)
  require(
    a.view.count >= m * k && b.view.count >= k * n && c.count >= m * n, "a matrix is smaller than its sizes say")
  _ = oneThreadPerCall
  cblas_sgemm(
    CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans, blasint(m),
    blasint(n), blasint(k), 1, a.view.base, blasint(a.isTransposed ? m : k), b.view.base,
    blasint(b.isTransposed ? k : n), accumulate ? 1 : 0, c.base, blasint(n))
}

/// Set before the first product: parallelism is over tiles and ranks, and several threads may multiply at once, which
/// OpenBLAS's own threads do not survive.
private let oneThreadPerCall: Void = openblas_set_num_threads(1)
