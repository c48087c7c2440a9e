// The matrices that take part in products.

/// A row-major matrix, or one whose columns lie in panels, each panel's rows one behind the other: element (r, c) is at
/// `(c / panel) · panelStride + r · rowStride + c mod panel`.
///
/// The panels are what makes a product fast without packing: a panel's rows are consecutive cache lines.
struct PanelMatrix {
  let base: UnsafeMutablePointer<Float>
  /// Columns of a panel: 64, 32 or 16, and a divisor of the matrix's columns.
  let panel: Int
  let panelStride: Int
  let rowStride: Int

  init(base: UnsafeMutablePointer<Float>, panel: Int, panelStride: Int, rowStride: Int) {
    self.base = base
    self.panel = panel
    self.panelStride = panelStride
    self.rowStride = rowStride
  }

  /// The matrix from `row` and `column` on. If the column does not begin a panel, only the rest of its panel may be used.
  func from(row: Int = 0, column: Int = 0) -> PanelMatrix {
    PanelMatrix(
      base: base + (row &* rowStride &+ column / panel &* panelStride &+ column % panel), panel: panel,
      panelStride: panelStride, rowStride: rowStride)
  }
}

/// Sizes of a product `[m, k] · [k, n]`.
struct ProductSize {
  var m: Int
  var n: Int
  var k: Int
}
