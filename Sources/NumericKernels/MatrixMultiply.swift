// Matrix products on views, by BLAS.

import COpenBLAS

/// A matrix that takes part in a product as it lies in memory, or transposed.
enum MatrixOperand {
  case plain(FloatView)
  case transposed(FloatView)

  var view: FloatView {
    switch self {
    case .plain(let view), .transposed(let view): view
    }
  }

  var isTransposed: Bool { if case .transposed = self { true } else { false } }
}

/// `c[m, n] = a · b + (accumulate ? c : 0)`, row-major and dense: `a` is `[m, k]` or, transposed, `[k, m]`; `b` is
/// `[k, n]` or, transposed, `[n, k]`.
func multiply(
  _ a: MatrixOperand, _ b: MatrixOperand, into c: FloatView, m: Int, n: Int, k: Int, accumulate: Bool = false
) {
  require(
    a.view.count >= m * k && b.view.count >= k * n && c.count >= m * n, "a matrix is smaller than its sizes say")
  _ = oneThreadPerCall
  cblas_sgemm(
    CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans, blasint(m),
    blasint(n), blasint(k), 1, a.view.base, blasint(a.isTransposed ? m : k), b.view.base,
    blasint(b.isTransposed ? k : n), accumulate ? 1 : 0, c.base, blasint(n))
}

/// Set before the first product: parallelism is over images and ranks, and several threads may multiply at once, which
/// OpenBLAS's own threads do not survive.
private let oneThreadPerCall: Void = openblas_set_num_threads(1)

/// The BLAS library in use.
public enum LinearAlgebraLibrary {
  /// The CPU core type that OpenBLAS chose its kernels for, such as `SkylakeX`.
  public static var coreType: String { String(cString: openblas_get_corename()) }

  /// The version and build options that OpenBLAS reports.
  public static var configuration: String { String(cString: openblas_get_config()) }
}
