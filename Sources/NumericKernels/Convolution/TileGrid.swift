// Where the pixels of a tile lie, and how its outputs are stored.

import CVector

/// Tiles over the images of a batch: `rows` × `columns` of them in an image of `height` × `width` pixels.
struct TileGrid {
  let height: Int
  let width: Int
  /// Vectors of a pixel.
  let groups: Int
  let rows: Int
  let columns: Int
  /// Pixels from one tile to the next.
  let step: Int
  /// Pixels by which a tile begins above and left of its place.
  let margin: Int
  /// Rows and columns of a tile's pixels.
  let size: Int

  /// Lists where a tile's pixels are read and written; says whether all of them lie in the image.
  @inline(__always)
  func locate(_ tile: Int, in images: VectorPointer, _ scratch: TileScratch) -> Bool {
    let image = tile / (rows &* columns)
    let top = tile / columns % rows &* step &- margin
    let left = tile % columns &* step &- margin
    for i in 0..<size {
      for j in 0..<size {
        let (y, x) = (top &+ i, left &+ j)
        let isInside = y >= 0 && y < height && x >= 0 && x < width
        let pixel = images + ((image &* height &+ y) &* width &+ x) &* groups
        scratch.sources[i &* size &+ j] = isInside ? pixel : scratch.zeros
        scratch.targets[i &* size &+ j] = isInside ? pixel : scratch.sink
      }
    }
    return top >= 0 && left >= 0 && top &+ size <= height && left &+ size <= width
  }

  /// Asks for one group of the pixels that the next tile reads in a column, unless this tile has them too. Columns are
  /// asked for one by one, between the reads of this tile.
  @inline(__always)
  func prefetch(column: Int, _ group: Int, _ scratch: TileScratch) {
    guard column >= size &- step else { return }
    let ahead = step &* groups &+ group
    for i in 0..<size { prefetch_to_read(scratch.sources[i &* size &+ column] + ahead) }
  }

  /// Lets pixels that no earlier tile of the image has touched be added to zeros, and so be set.
  @inline(__always)
  func setFirstTouched(_ tile: Int, _ scratch: TileScratch) {
    let shared = size &- step
    for i in (tile / columns % rows == 0 ? 0 : shared)..<size {
      for j in (tile % columns == 0 ? 0 : shared)..<size { scratch.sources[i &* size &+ j] = scratch.zeros }
    }
  }

  /// Calls `body` with each group of an activation's channels and a function that reads a pixel of the located tile.
  @inline(__always)
  func forEachGroup(
    of input: Activation, _ isInterior: Bool, _ scratch: TileScratch,
    _ body: (_ group: Int, _ pixel: (Int) -> Vector) -> Void
  ) {
    guard let normalization = input.normalization else {
      for group in 0..<groups { body(group) { scratch.sources[$0][group] } }
      return
    }
    let (scale, shift) = (normalization.scale.vectors, normalization.shift.vectors)
    for group in 0..<groups {
      let (a, b) = (scale[group], shift[group])
      if isInterior {
        body(group) { fma(a, scratch.sources[$0][group], b).rectified }
      } else {
        body(group) {
          let pixel = scratch.sources[$0]
          return pixel == scratch.zeros ? .zero : fma(a, pixel[group], b).rectified
        }
      }
    }
  }

  /// The same for the gradient in front of a batch norm.
  @inline(__always)
  func forEachGroup(
    of gradient: NormalizedGradient, _ isInterior: Bool, _ scratch: TileScratch,
    _ body: (_ group: Int, _ pixel: (Int) -> Vector) -> Void
  ) {
    let (gradients, outputs) = (gradient.gradient.vectors, gradient.output.vectors)
    let (scale, slope, shift) = (gradient.scale.vectors, gradient.slope.vectors, gradient.shift.vectors)
    for group in 0..<groups {
      let (a, b, c) = (scale[group], slope[group], shift[group])
      if isInterior {
        body(group) {
          let pixel = scratch.sources[$0]
          return fma(a, pixel[group], fma(b, outputs[pixel - gradients + group], c))
        }
      } else {
        body(group) {
          let pixel = scratch.sources[$0]
          return pixel == scratch.zeros
            ? .zero : fma(a, pixel[group], fma(b, outputs[pixel - gradients + group], c))
        }
      }
    }
  }

  /// Stores one group of a located tile's outputs, which `tile` hands over with their numbers.
  @inline(__always)
  func store(
    _ group: Int, _ stage: OutputStage, in images: VectorPointer, _ isInterior: Bool, _ scratch: TileScratch,
    _ tile: (_ store: (Int, Vector) -> Void) -> Void
  ) {
    switch stage {
    case .statistics(let sums):
      var (sum, squares) = (sums[group], sums[groups &+ group])
      tile { i, value in
        let pixel = scratch.targets[i]
        pixel[group] = value
        if isInterior || pixel != scratch.sink {
          sum += value
          squares = fma(value, value, squares)
        }
      }
      (sums[group], sums[groups &+ group]) = (sum, squares)
    case .inference(let shift, let residual, let relu):
      let summand = shift[group]
      tile { i, value in
        let pixel = scratch.targets[i]
        var value = value + summand
        if let residual, pixel != scratch.sink { value += residual[pixel - images + group] }
        pixel[group] = relu ? value.rectified : value
      }
    }
  }
}
