// Convolutions of any shape as one product with the matrix of patches; for 1×1 kernels the pixels themselves.

/// The tiles of any convolution: single outputs, from the patch of inputs that each looks at.
struct PatchConvolution: ConvolutionAlgorithm {
  private let shape: ConvolutionShape
  private let outputGroups: Int
  /// Floats of a patch.
  private let patch: Int

  init(_ shape: ConvolutionShape) {
    self.shape = shape
    outputGroups = shape.outputChannels / 16
    patch = shape.kernel * shape.kernel * shape.inputChannels
  }

  static var positions: Int { 1 }
  var tilesPerImage: Int { shape.outputHeight * shape.outputWidth }
  var inputs: Int { (patch + 15) & ~15 }
  var weightBlocks: Int { inputs / 16 }
  func inputs(at position: Int) -> Range<Int> { 0..<inputs }

  /// Calls `body` with each pixel of a tile's patch: its number in the patch, and its number in the batch, or nil outside
  /// of the image.
  @inline(__always)
  private func forEachPixel(_ tile: Int, _ body: (_ number: Int, _ pixel: Int?) -> Void) {
    let image = tile / tilesPerImage
    let top = tile / shape.outputWidth % shape.outputHeight &* shape.stride &- shape.padding
    let left = tile % shape.outputWidth &* shape.stride &- shape.padding
    for i in 0..<shape.kernel {
      for j in 0..<shape.kernel {
        let (y, x) = (top &+ i, left &+ j)
        let isInside = y >= 0 && y < shape.height && x >= 0 && x < shape.width
        body(i &* shape.kernel &+ j, isInside ? (image &* shape.height &+ y) &* shape.width &+ x : nil)
      }
    }
  }

  func transformInput(
    _ tiles: Range<Int>, _ input: Activation, into target: TileMatrices, row: Int, _ scratch: TileScratch
  ) {
    guard shape.inputChannels % 16 == 0 else {
      return gather(tiles, input, into: target, row: row, scratch)
    }
    let groups = shape.inputChannels / 16
    let images = input.values.vectors
    let affine = input.normalization.map { (scale: $0.scale.vectors, shift: $0.shift.vectors) }
    for tile in tiles {
      let row = row &+ tile &- tiles.lowerBound
      forEachPixel(tile) { number, pixel in
        let first = number &* groups
        guard let pixel else {
          for group in 0..<groups { target.place(row, first &+ group).pointee = .zero }
          return
        }
        let source = images + pixel &* groups
        if let affine {
          for group in 0..<groups {
            target.place(row, first &+ group).pointee =
              fma(affine.scale[group], source[group], affine.shift[group]).rectified
          }
        } else {
          for group in 0..<groups { target.place(row, first &+ group).pointee = source[group] }
        }
      }
    }
  }

  /// Patches of images whose channels do not fill vectors, those that the stem reads: run by run, as pixels of a row
  /// follow each other in the image and in the patch.
  private func gather(
    _ tiles: Range<Int>, _ input: Activation, into target: TileMatrices, row: Int, _ scratch: TileScratch
  ) {
    require(input.normalization == nil, "images with channels that do not fill vectors are not normalized")
    let (images, channels, groups) = (input.values.base, shape.inputChannels, inputs / 16)
    let patch = floats(scratch.sink)
    for tile in tiles {
      let image = tile / tilesPerImage
      let top = tile / shape.outputWidth % shape.outputHeight &* shape.stride &- shape.padding
      let left = tile % shape.outputWidth &* shape.stride &- shape.padding
      let (first, last) = (max(left, 0), min(left &+ shape.kernel, shape.width))
      for group in 0..<groups { scratch.sink[group] = .zero }
      for y in max(top, 0)..<max(min(top &+ shape.kernel, shape.height), max(top, 0)) where first < last {
        let source = images + ((image &* shape.height &+ y) &* shape.width &+ first) &* channels
        let run = patch + ((y &- top) &* shape.kernel &+ first &- left) &* channels
        for i in 0..<(last &- first) &* channels { run[i] = source[i] }
      }
      let row = row &+ tile &- tiles.lowerBound
      for group in 0..<groups { target.place(row, group).pointee = scratch.sink[group] }
    }
  }

  func transformGradient(
    _ tiles: Range<Int>, _ gradient: NormalizedGradient, into target: TileMatrices, row: Int, _ scratch: TileScratch
  ) {
    let (gradients, outputs) = (gradient.gradient.vectors, gradient.output.vectors)
    let (scale, slope, shift) = (gradient.scale.vectors, gradient.slope.vectors, gradient.shift.vectors)
    for tile in tiles {
      let row = row &+ tile &- tiles.lowerBound
      for group in 0..<outputGroups {
        let i = tile &* outputGroups &+ group
        target.place(row, group).pointee = fma(
          scale[group], gradients[i], fma(slope[group], outputs[i], shift[group]))
      }
    }
  }

  func transformOutput(
    _ tiles: Range<Int>, _ source: TileMatrices, into output: FloatView, _ stage: OutputStage, _ scratch: TileScratch
  ) {
    let outputs = output.vectors
    for group in 0..<outputGroups {
      switch stage {
      case .statistics(let sums):
        var (sum, squares) = (sums[group], sums[outputGroups &+ group])
        for tile in tiles {
          let value = source.place(tile &- tiles.lowerBound, group).pointee
          outputs[tile &* outputGroups &+ group] = value
          sum += value
          squares = fma(value, value, squares)
        }
        (sums[group], sums[outputGroups &+ group]) = (sum, squares)
      case .inference(let shift, let residual, let relu):
        for tile in tiles {
          let i = tile &* outputGroups &+ group
          var value = source.place(tile &- tiles.lowerBound, group).pointee + shift[group]
          if let residual { value += residual[i] }
          outputs[i] = relu ? value.rectified : value
        }
      }
    }
  }

  func addInputGradient(
    _ tiles: Range<Int>, _ source: TileMatrices, to gradient: FloatView, accumulate: Bool, _ scratch: TileScratch
  ) {
    let channels = shape.inputChannels
    if !accumulate && !isPixelwise {
      for tile in tiles where tile % tilesPerImage == 0 {
        let image = tile / tilesPerImage &* shape.inputCount
        gradient[image..<image + shape.inputCount].fill(0)
      }
    }
    for tile in tiles {
      let row = tile &- tiles.lowerBound
      forEachPixel(tile) { number, pixel in
        guard let pixel else { return }
        if channels % 16 == 0 {
          let groups = channels / 16
          let target = gradient.vectors + pixel &* groups
          for group in 0..<groups {
            let value = source.place(row, number &* groups &+ group).pointee
            target[group] = isPixelwise && !accumulate ? value : target[group] + value
          }
        } else {
          for channel in 0..<channels {
            let column = number &* channels &+ channel
            gradient.base[pixel &* channels &+ channel] += floats(source.place(row, column / 16))[column % 16]
          }
        }
      }
    }
  }

  /// Whether each input pixel belongs to exactly one patch.
  private var isPixelwise: Bool {
    shape.kernel == 1 && shape.stride == 1 && shape.padding == 0 && shape.inputChannels % 16 == 0
  }

  func transformWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch) {
    let source = weights.vectors
    for input in 16 &* block..<16 &* block &+ 16 {
      for group in 0..<outputGroups {
        target.place(input, group).pointee = input < patch ? source[input &* outputGroups &+ group] : .zero
      }
    }
  }

  func transposeWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch) {
    let source = weights.vectors
    let (rows, rest) = (scratch.half + 32, scratch.half)
    for group in 0..<outputGroups {
      for i in 0..<16 {
        let input = 16 &* block &+ i
        rows[i] = input < patch ? source[input &* outputGroups &+ group] : .zero
      }
      transpose(rows, 1, into: rows + 16, 1, scratch: rest)
      for output in 0..<16 { target.place(16 &* group &+ output, block).pointee = rows[16 &+ output] }
    }
  }

  func collectWeightGradient(
    _ blocks: Range<Int>, group first: Int, _ source: TileMatrices, into gradient: FloatView, _ scratch: TileScratch
  ) {
    let target = gradient.vectors
    for input in 16 &* blocks.lowerBound..<min(16 &* blocks.upperBound, patch) {
      for group in 0..<source.panelVectors {
        target[input &* outputGroups &+ first &+ group] = source.place(input &- 16 &* blocks.lowerBound, group).pointee
      }
    }
  }

  @inline(__always)
  private func floats(_ place: VectorPointer) -> UnsafeMutablePointer<Float> {
    UnsafeMutableRawPointer(place).assumingMemoryBound(to: Float.self)
  }
}
