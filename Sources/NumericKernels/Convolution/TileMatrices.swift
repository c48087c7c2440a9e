// Where transformed tiles lie, and the scratch that one thread needs to transform a tile.

/// One matrix `[tiles, channels]` (or `[channels, channels]`) for each position of a transformed tile, in panels.
struct TileMatrices {
  let base: VectorPointer
  /// Vectors of a panel's row.
  let panelVectors: Int
  private let panelStride: Int
  /// Vectors from one position's matrix to the next: a cache line more than the matrix, so that the places which one
  /// tile is written to do not fall on the same lines of the cache.
  let stride: Int
  /// Whether the matrices take so much of the third-level cache that storing past it is faster.
  let isStreamed: Bool

  /// - Parameters:
  ///   - rows: the rows there is room for.
  ///   - panel: columns of a panel.
  init(_ memory: FloatView, positions: Int, rows: Int, columns: Int, panel: Int) {
    require(
      memory.count >= Self.floats(positions: positions, rows: rows, columns: columns), "the workspace is too small")
    base = memory.vectors
    panelVectors = panel / 16
    panelStride = rows * panelVectors
    stride = rows * columns / 16 + 1
    isStreamed = positions * rows * columns > Caches.thirdLevelFloats / 4
  }

  /// Floats of memory that the matrices take.
  static func floats(positions: Int, rows: Int, columns: Int) -> Int { positions * (rows * columns + 16) }

  /// Where a row's 16 channels of `group` lie in the first position's matrix.
  @inline(__always)
  func place(_ row: Int, _ group: Int) -> VectorPointer {
    base + (group / panelVectors &* panelStride &+ row &* panelVectors &+ group % panelVectors)
  }

  /// The matrix of one position.
  @inline(__always)
  func matrix(_ position: Int) -> PanelMatrix {
    PanelMatrix(
      base: UnsafeMutableRawPointer(base + position &* stride).assumingMemoryBound(to: Float.self),
      panel: panelVectors &* 16, panelStride: panelStride &* 16, rowStride: panelVectors &* 16)
  }
}

/// One thread's scratch for transforming tiles.
struct TileScratch {
  /// Pixels that a tile has at most.
  static let pixels = 81

  /// Where a tile's pixels are read from; `zeros` outside of the image.
  let sources: UnsafeMutablePointer<VectorPointer>
  /// Where a tile's pixels are written to; `sink` outside of the image.
  let targets: UnsafeMutablePointer<VectorPointer>
  /// The half-transformed tile; 16×16 blocks of weights.
  let half: VectorPointer
  let zeros: VectorPointer
  let sink: VectorPointer

  /// - Parameter channels: the most channels of a pixel.
  init(_ memory: FloatView, channels: Int) {
    require(memory.count >= Self.floats(channels: channels), "the workspace is too small")
    let start = memory.vectors
    let raw = UnsafeMutableRawPointer(start)
    sources = raw.assumingMemoryBound(to: VectorPointer.self)
    targets = sources + 128
    half = start + 32
    zeros = half + Self.halfVectors
    sink = zeros + channels / 16
    for i in 0..<channels / 16 { zeros[i] = .zero }
  }

  /// Floats of memory that the scratch takes.
  static func floats(channels: Int) -> Int { 16 * (32 + halfVectors + 2 * (channels / 16)) }

  private static let halfVectors = 9 * 16 + 32
}

/// Where a convolution's results go, and what happens to them on the way.
enum OutputStage {
  /// Stored as they are; Σ and Σ² of each channel are added to these 2·K floats.
  case statistics(VectorPointer)
  /// Not trained: shifted, added to a residual, rectified.
  case inference(shift: VectorPointer, residual: VectorPointer?, relu: Bool)
}
