// What the algorithms for convolutions have in common: products of transformed tiles and transformed weights.

/// A bilinear algorithm for one shape. It cuts the outputs of an image into tiles, and computes each tile as
/// `Y = Aᵀ [(Bᵀ d) · (G g)]`, a product of matrices at each of several positions of the transformed tile. The backward
/// pass is the exact adjoint of that.
///
/// Tiles are numbered over images, rows and columns. "Inputs" are the transformed channels that a position's product
/// sums over, `C` or a multiple of it.
protocol ConvolutionAlgorithm {
  init(_ shape: ConvolutionShape)

  /// Positions of a transformed tile, each with a product of its own.
  static var positions: Int { get }
  /// Tiles of one image.
  var tilesPerImage: Int { get }
  /// Columns of the transformed input: a multiple of 16.
  var inputs: Int { get }
  /// The columns that `position` uses: whole panels.
  func inputs(at position: Int) -> Range<Int>

  /// Blocks of 16 input channels (for patches: of 16 columns) that weights are transformed in.
  var weightBlocks: Int { get }
  /// G g for the input channels of `block`: rows of `[inputs, K]` at each position.
  func transformWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch)
  /// (G g)ᵀ for the same channels: columns of `[K, inputs]`.
  func transposeWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch)
  /// Gᵀu for a range of blocks and the output channels from vector `group` on: sets their part of the weights' gradient.
  /// The rows of `source` are the channels of these blocks, once for each time that `inputs` repeats them.
  func collectWeightGradient(
    _ blocks: Range<Int>, group: Int, _ source: TileMatrices, into gradient: FloatView, _ scratch: TileScratch)

  /// Bᵀd for a range of tiles, into the rows from `row` on.
  func transformInput(
    _ tiles: Range<Int>, _ input: Activation, into target: TileMatrices, row: Int, _ scratch: TileScratch)
  /// A dY for a range of tiles, into the rows from `row` on.
  func transformGradient(
    _ tiles: Range<Int>, _ gradient: NormalizedGradient, into target: TileMatrices, row: Int, _ scratch: TileScratch)
  /// Aᵀm for a range of tiles: sets their outputs.
  func transformOutput(
    _ tiles: Range<Int>, _ source: TileMatrices, into output: FloatView, _ stage: OutputStage, _ scratch: TileScratch)
  /// B v for a range of tiles, added to the gradient of their inputs. The tiles of an image come in order, the first of
  /// them to touch a pixel sets it, unless `accumulate`.
  func addInputGradient(
    _ tiles: Range<Int>, _ source: TileMatrices, to gradient: FloatView, accumulate: Bool, _ scratch: TileScratch)
}
