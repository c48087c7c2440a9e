// The packing-free product: blocks of 6 rows and one panel of columns, held in registers over the whole inner dimension.

import CVector

/// A row of a panel as it lies in registers.
private protocol RegisterRow {
  static var zero: Self { get }
  static func load(_ place: UnsafeMutablePointer<Vector>) -> Self
  func store(_ place: UnsafeMutablePointer<Vector>)
  /// `self += factor · row`
  mutating func add(_ factor: Vector, times row: Self)
}

private struct RowOf16: RegisterRow {
  var values: Vector

  static var zero: Self { Self(values: .zero) }

  @inline(__always)
  static func load(_ place: UnsafeMutablePointer<Vector>) -> Self { Self(values: place.pointee) }

  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Vector>) { place.pointee = values }

  @inline(__always)
  mutating func add(_ factor: Vector, times row: Self) { values = vector_fma(factor, row.values, values) }
}

/// Two halves side by side.
private struct RowOfTwo<Half: RegisterRow>: RegisterRow {
  var left: Half
  var right: Half

  static var zero: Self { Self(left: .zero, right: .zero) }

  @inline(__always)
  static func load(_ place: UnsafeMutablePointer<Vector>) -> Self {
    Self(left: .load(place), right: .load(place + vectors))
  }

  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Vector>) {
    left.store(place)
    right.store(place + Self.vectors)
  }

  @inline(__always)
  mutating func add(_ factor: Vector, times row: Self) {
    left.add(factor, times: row.left)
    right.add(factor, times: row.right)
  }

  /// Vectors of a half.
  @inline(__always)
  private static var vectors: Int { MemoryLayout<Half>.size / MemoryLayout<Vector>.size }
}

private typealias RowOf32 = RowOfTwo<RowOf16>
private typealias RowOf64 = RowOfTwo<RowOf32>

/// Consecutive rows of a result, in registers.
private protocol RegisterBlock {
  associatedtype Row: RegisterRow
  static var rows: Int { get }
  static var zero: Self { get }
  /// `stride` is in vectors.
  static func load(_ place: UnsafeMutablePointer<Vector>, _ stride: Int) -> Self
  func store(_ place: UnsafeMutablePointer<Vector>, _ stride: Int)
  /// Adds the outer product of a column of factors, `stride` floats apart, and a row.
  mutating func add(_ column: UnsafeMutablePointer<Float>, _ stride: Int, times row: Row)
}

private struct OneRow<Row: RegisterRow>: RegisterBlock {
  var row: Row

  static var rows: Int { 1 }
  static var zero: Self { Self(row: .zero) }

  @inline(__always)
  static func load(_ place: UnsafeMutablePointer<Vector>, _ stride: Int) -> Self { Self(row: .load(place)) }

  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Vector>, _ stride: Int) { row.store(place) }

  @inline(__always)
  mutating func add(_ column: UnsafeMutablePointer<Float>, _ stride: Int, times other: Row) {
    row.add(Vector(repeating: column.pointee), times: other)
  }
}

/// One block above another.
private struct Rows<Upper: RegisterBlock, Lower: RegisterBlock>: RegisterBlock where Upper.Row == Lower.Row {
  var upper: Upper
  var lower: Lower

  static var rows: Int { Upper.rows + Lower.rows }
  static var zero: Self { Self(upper: .zero, lower: .zero) }

  @inline(__always)
  static func load(_ place: UnsafeMutablePointer<Vector>, _ stride: Int) -> Self {
    Self(upper: .load(place, stride), lower: .load(place + Upper.rows &* stride, stride))
  }

  @inline(__always)
  func store(_ place: UnsafeMutablePointer<Vector>, _ stride: Int) {
    upper.store(place, stride)
    lower.store(place + Upper.rows &* stride, stride)
  }

  @inline(__always)
  mutating func add(_ column: UnsafeMutablePointer<Float>, _ stride: Int, times row: Upper.Row) {
    upper.add(column, stride, times: row)
    lower.add(column + Upper.rows &* stride, stride, times: row)
  }
}

private typealias TwoRows<Row: RegisterRow> = Rows<OneRow<Row>, OneRow<Row>>
private typealias FourRows<Row: RegisterRow> = Rows<TwoRows<Row>, TwoRows<Row>>
private typealias SixRows<Row: RegisterRow> = Rows<FourRows<Row>, TwoRows<Row>>

/// How the left matrix is walked through: floats from one row to the next, from one inner index to the next, and from one
/// panel of inner indices to the next.
private struct Walk {
  let row: Int
  let inner: Int
  let panel: Int
  let panels: Int
  let panelDepth: Int
}

/// The product of a block's rows with one panel of `b`.
@inline(__always)
private func multiplyBlock<Block: RegisterBlock>(
  _: Block.Type, _ a: UnsafeMutablePointer<Float>, _ walk: Walk, _ b: UnsafeMutablePointer<Vector>, _ bStride: Int,
  _ c: UnsafeMutablePointer<Vector>, _ cStride: Int, _ accumulate: Bool
) {
  var sums = accumulate ? Block.load(c, cStride) : Block.zero
  var row = b
  for panel in 0..<walk.panels {
    var column = a + panel &* walk.panel
    for _ in 0..<walk.panelDepth {
      sums.add(column, walk.row, times: .load(row))
      column += walk.inner
      row += bStride
    }
  }
  sums.store(c, cStride)
}

/// `m` rows of one panel: sixes, and what is left in fours, twos and ones.
@inline(__always)
private func multiplyPanel<Row: RegisterRow>(
  _: Row.Type, _ m: Int, _ a: UnsafeMutablePointer<Float>, _ walk: Walk, _ b: UnsafeMutablePointer<Vector>,
  _ bStride: Int, _ c: UnsafeMutablePointer<Vector>, _ cStride: Int, _ accumulate: Bool
) {
  var done = 0
  while done &+ 6 <= m {
    multiplyBlock(
      SixRows<Row>.self, a + done &* walk.row, walk, b, bStride, c + done &* cStride, cStride, accumulate)
    done &+= 6
  }
  if done &+ 4 <= m {
    multiplyBlock(
      FourRows<Row>.self, a + done &* walk.row, walk, b, bStride, c + done &* cStride, cStride, accumulate)
    done &+= 4
  }
  if done &+ 2 <= m {
    multiplyBlock(
      TwoRows<Row>.self, a + done &* walk.row, walk, b, bStride, c + done &* cStride, cStride, accumulate)
    done &+= 2
  }
  if done < m {
    multiplyBlock(OneRow<Row>.self, a + done &* walk.row, walk, b, bStride, c + done &* cStride, cStride, accumulate)
  }
}

/// `c = a · b` or `aᵀ · b`, plus `c` with `accumulate`. Each element is one chain of fused multiply-adds in the order of
/// the inner index, so cutting that dimension into several accumulating calls changes no bit.
func panelProduct(
  _ a: PanelMatrix, transposed: Bool, _ b: PanelMatrix, into c: PanelMatrix, _ size: ProductSize, accumulate: Bool
) {
  require(b.panel == c.panel && size.n % c.panel == 0, "the columns of a product are whole panels")
  // Rows of the result that lie at one stride in `a`: all of them, or, transposed, those of one panel of `a`.
  let rowsAtOnce = transposed ? min(a.panel, size.m) : size.m
  let inRows = !transposed && (a.panelStride == a.panel || size.k <= a.panel)
  let walk =
    transposed
    ? Walk(row: 1, inner: a.rowStride, panel: 0, panels: 1, panelDepth: size.k)
    : Walk(
      row: a.rowStride, inner: 1, panel: a.panelStride, panels: inRows ? 1 : size.k / a.panel,
      panelDepth: inRows ? size.k : a.panel)
  for column in stride(from: 0, to: size.n, by: c.panel) {
    let right = b.from(column: column)
    for first in stride(from: 0, to: size.m, by: rowsAtOnce) {
      let left = transposed ? a.from(column: first) : a
      let result = c.from(row: first, column: column)
      let rows = min(rowsAtOnce, size.m - first)
      let (x, y) = (vectors(right.base), vectors(result.base))
      let (xStride, yStride) = (right.rowStride / 16, result.rowStride / 16)
      switch c.panel {
      case 64: multiplyPanel(RowOf64.self, rows, left.base, walk, x, xStride, y, yStride, accumulate)
      case 32: multiplyPanel(RowOf32.self, rows, left.base, walk, x, xStride, y, yStride, accumulate)
      default: multiplyPanel(RowOf16.self, rows, left.base, walk, x, xStride, y, yStride, accumulate)
      }
    }
  }
}

@inline(__always)
private func vectors(_ base: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Vector> {
  UnsafeMutableRawPointer(base).assumingMemoryBound(to: Vector.self)
}
