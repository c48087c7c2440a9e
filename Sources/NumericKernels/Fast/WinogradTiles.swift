// Moves tiles of images into the transformed domain and back: 36 matrices [tiles, channels], one per position of a 6×6
// tile.

/// The 4×4 output tiles of a batch, numbered over images, rows and columns, and the images they are cut from.
struct WinogradTiles {
  let height: Int
  let width: Int
  /// Vectors of 16 channels in a pixel.
  let groups: Int
  let rows: Int
  let columns: Int

  init(height: Int, width: Int, channels: Int) {
    self.height = height
    self.width = width
    groups = channels / 16
    rows = (height + Winograd.outputs - 1) / Winograd.outputs
    columns = (width + Winograd.outputs - 1) / Winograd.outputs
  }

  /// Tiles of one image.
  var perImage: Int { rows * columns }

  /// Calls `body` with the offsets, in vectors, of the first channels of a tile's `size`×`size` pixels, row by row; nil
  /// for pixels outside of the image. The tile starts `margin` pixels above and left of its outputs.
  @inline(__always)
  func forEachPixel(of tile: Int, size: Int, margin: Int, _ body: (_ index: Int, _ offset: Int?) -> Void) {
    let image = tile / perImage
    let top = tile / columns % rows &* Winograd.outputs &- margin
    let left = tile % columns &* Winograd.outputs &- margin
    for index in 0..<size &* size {
      let (y, x) = (top &+ index / size, left &+ index % size)
      let isInside = y >= 0 && y < height && x >= 0 && x < width
      body(index, isInside ? ((image &* height &+ y) &* width &+ x) &* groups : nil)
    }
  }
}

/// 36 matrices `[tiles, channels]` of a chunk of tiles.
struct TransformedTiles {
  let base: UnsafeMutablePointer<Vector>
  /// Vectors of one row.
  let groups: Int
  /// Vectors from one position's matrix to the next: a cache line more than the matrix, so that the 36 places which one
  /// tile is written to do not fall on the same lines of the cache.
  let stride: Int

  init(_ memory: FloatView, capacity: Int, channels: Int) {
    require(memory.count >= Self.floats(capacity: capacity, channels: channels), "the workspace is too small")
    base = memory.vectors
    groups = channels / 16
    stride = capacity * groups + 1
  }

  /// Floats that `capacity` tiles take.
  static func floats(capacity: Int, channels: Int) -> Int { 36 * (capacity * channels + 16) }

  /// Where `position` of a tile's channels lies.
  @inline(__always)
  func place(_ tile: Int, _ group: Int) -> UnsafeMutablePointer<Vector> { base + (tile &* groups &+ group) }

  /// The matrix of one position, `rows` tiles.
  func matrix(_ position: Int, rows: Int) -> FloatView {
    let start = UnsafeMutableRawPointer(base + position * stride).assumingMemoryBound(to: Float.self)
    return FloatView(base: start, count: rows * groups * 16)
  }
}

/// Scratch for one tile: its pixels and a half-transformed tile, 36 vectors each, and a vector to write to in place of
/// pixels outside of the image.
struct TileScratch {
  let pixels: UnsafeMutablePointer<UnsafeMutablePointer<Vector>?>
  let half: UnsafeMutablePointer<Vector>

  /// Calls `body` with scratch on the stack.
  @inline(__always)
  static func with(_ body: (TileScratch) -> Void) {
    withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Vector>?.self, capacity: 36) { pixels in
      withUnsafeTemporaryAllocation(of: Vector.self, capacity: 36) { half in
        if let first = pixels.baseAddress, let second = half.baseAddress {
          body(TileScratch(pixels: first, half: second))
        }
      }
    }
  }

  /// Channels of a pixel; zeros outside of the image.
  @inline(__always)
  func load(_ index: Int, _ group: Int) -> Vector { pixels[index].map { $0[group] } ?? .zero }
}

extension WinogradTiles {
  /// V = BᵀdB for a range of tiles of `images[N, H, W, C]`.
  func transformInput(_ range: Range<Int>, _ images: FloatView, into target: TransformedTiles) {
    let source = images.vectors
    TileScratch.with { scratch in
      for tile in range {
        forEachPixel(of: tile, size: 6, margin: 1) { scratch.pixels[$0] = $1.map { source + $0 } }
        for group in 0..<groups {
          for j in 0..<6 {
            let t = Winograd.input(
              (
                scratch.load(j, group), scratch.load(6 &+ j, group), scratch.load(12 &+ j, group),
                scratch.load(18 &+ j, group), scratch.load(24 &+ j, group), scratch.load(30 &+ j, group)
              ))
            store(t, scratch.half + j, 6)
          }
          let place = target.place(tile &- range.lowerBound, group)
          for i in 0..<6 {
            let t = Winograd.input(loadSix(scratch.half + 6 &* i, 1))
            store(t, place + 6 &* i &* target.stride, target.stride)
          }
        }
      }
    }
  }

  /// dM = A dY Aᵀ for a range of tiles of `gradients[N, H, W, K]`.
  func transformOutputGradient(_ range: Range<Int>, _ gradients: FloatView, into target: TransformedTiles) {
    let source = gradients.vectors
    TileScratch.with { scratch in
      for tile in range {
        forEachPixel(of: tile, size: 4, margin: 0) { scratch.pixels[$0] = $1.map { source + $0 } }
        for group in 0..<groups {
          for j in 0..<4 {
            let t = Winograd.outputAdjoint(
              (
                scratch.load(j, group), scratch.load(4 &+ j, group), scratch.load(8 &+ j, group),
                scratch.load(12 &+ j, group)
              ))
            store(t, scratch.half + j, 4)
          }
          let place = target.place(tile &- range.lowerBound, group)
          for i in 0..<6 {
            let row = scratch.half + 4 &* i
            store(
              Winograd.outputAdjoint((row[0], row[1], row[2], row[3])), place + 6 &* i &* target.stride, target.stride)
          }
        }
      }
    }
  }

  /// Y = AᵀMA: sets the outputs `images[N, H, W, K]` of a range of tiles.
  func transformOutput(_ range: Range<Int>, _ products: TransformedTiles, into images: FloatView) {
    let target = images.vectors
    TileScratch.with { scratch in
      for tile in range {
        forEachPixel(of: tile, size: 4, margin: 0) { scratch.pixels[$0] = $1.map { target + $0 } }
        for group in 0..<groups {
          let place = products.place(tile &- range.lowerBound, group)
          for i in 0..<6 {
            let t = Winograd.output(loadSix(place + 6 &* i &* products.stride, products.stride))
            let half = scratch.half + 4 &* i
            (half[0], half[1], half[2], half[3]) = t
          }
          for j in 0..<4 {
            let y = Winograd.output(loadSix(scratch.half + j, 4))
            scratch.pixels[j]?[group] = y.0
            scratch.pixels[4 &+ j]?[group] = y.1
            scratch.pixels[8 &+ j]?[group] = y.2
            scratch.pixels[12 &+ j]?[group] = y.3
          }
        }
      }
    }
  }

  /// dX += B dV Bᵀ: adds to the pixels of `gradients[N, H, W, C]` that a range of tiles covers.
  func addInputGradient(_ range: Range<Int>, _ transformed: TransformedTiles, to gradients: FloatView) {
    let target = gradients.vectors
    TileScratch.with { scratch in
      for tile in range {
        forEachPixel(of: tile, size: 6, margin: 1) { scratch.pixels[$0] = $1.map { target + $0 } }
        for group in 0..<groups {
          let place = transformed.place(tile &- range.lowerBound, group)
          for i in 0..<6 {
            let t = Winograd.inputAdjoint(loadSix(place + 6 &* i &* transformed.stride, transformed.stride))
            store(t, scratch.half + 6 &* i, 1)
          }
          for j in 0..<6 {
            let d = Winograd.inputAdjoint(loadSix(scratch.half + j, 6))
            scratch.pixels[j]?[group] += d.0
            scratch.pixels[6 &+ j]?[group] += d.1
            scratch.pixels[12 &+ j]?[group] += d.2
            scratch.pixels[18 &+ j]?[group] += d.3
            scratch.pixels[24 &+ j]?[group] += d.4
            scratch.pixels[30 &+ j]?[group] += d.5
          }
        }
      }
    }
  }

  @inline(__always)
  private func loadSix(_ base: UnsafeMutablePointer<Vector>, _ stride: Int) -> Six {
    (base[0], base[stride], base[2 &* stride], base[3 &* stride], base[4 &* stride], base[5 &* stride])
  }

  @inline(__always)
  private func store(_ values: Six, _ base: UnsafeMutablePointer<Vector>, _ stride: Int) {
    base[0] = values.0
    base[stride] = values.1
    base[2 &* stride] = values.2
    base[3 &* stride] = values.3
    base[4 &* stride] = values.4
    base[5 &* stride] = values.5
  }
}
