// Winograd's convolution F(4×4, 3×3) for 3×3 kernels of stride 1: 36 products for 16 outputs, a quarter of the
// multiplications of the direct way. Lavin and Gray (2015).

import CVector

/// The tiles of a 3×3 convolution of stride 1: 4×4 outputs from 6×6 inputs.
struct WinogradConvolution: ConvolutionAlgorithm {
  let inputs: Int
  private let inputGrid: TileGrid
  private let outputGrid: TileGrid

  init(_ shape: ConvolutionShape) {
    inputs = shape.inputChannels
    let rows = (shape.height + Winograd.outputs - 1) / Winograd.outputs
    let columns = (shape.width + Winograd.outputs - 1) / Winograd.outputs
    func grid(_ channels: Int, margin: Int, size: Int) -> TileGrid {
      TileGrid(
        height: shape.height, width: shape.width, groups: channels / 16, rows: rows, columns: columns,
        step: Winograd.outputs, margin: margin, size: size)
    }
    inputGrid = grid(shape.inputChannels, margin: 1, size: Winograd.inputs)
    outputGrid = grid(shape.outputChannels, margin: 0, size: Winograd.outputs)
  }

  /// Whether the algorithm computes `shape`.
  static func applies(to shape: ConvolutionShape) -> Bool {
    shape.kernel == 3 && shape.stride == 1 && shape.padding == 1 && shape.inputChannels % 16 == 0
  }

  static var positions: Int { 36 }
  var tilesPerImage: Int { inputGrid.rows * inputGrid.columns }
  var weightBlocks: Int { inputs / 16 }
  func inputs(at position: Int) -> Range<Int> { 0..<inputs }

  func transformInput(
    _ tiles: Range<Int>, _ input: Activation, into target: TileMatrices, row: Int, _ scratch: TileScratch
  ) {
    let images = input.values.vectors
    for tile in tiles {
      let isInterior = inputGrid.locate(tile, in: images, scratch)
      let row = row &+ tile &- tiles.lowerBound
      inputGrid.forEachGroup(of: input, isInterior, scratch) { group, pixel in
        for j in 0..<6 {
          inputGrid.prefetch(column: j, group, scratch)
          let column = (pixel(j), pixel(6 &+ j), pixel(12 &+ j), pixel(18 &+ j), pixel(24 &+ j), pixel(30 &+ j))
          store(Winograd.input(column), scratch.half + j, 6)
        }
        let place = target.place(row, group)
        for i in 0..<6 {
          store(Winograd.input(loadSix(scratch.half + 6 &* i, 1)), place + 6 &* i &* target.stride, target.stride)
        }
      }
    }
  }

  func transformGradient(
    _ tiles: Range<Int>, _ gradient: NormalizedGradient, into target: TileMatrices, row: Int, _ scratch: TileScratch
  ) {
    let images = gradient.gradient.vectors
    for tile in tiles {
      let isInterior = outputGrid.locate(tile, in: images, scratch)
      let row = row &+ tile &- tiles.lowerBound
      outputGrid.forEachGroup(of: gradient, isInterior, scratch) { group, pixel in
        for j in 0..<4 {
          let column = (pixel(j), pixel(4 &+ j), pixel(8 &+ j), pixel(12 &+ j))
          store(Winograd.outputAdjoint(column), scratch.half + j, 4)
        }
        let place = target.place(row, group)
        for i in 0..<6 {
          let half = scratch.half + 4 &* i
          let factors = Winograd.outputAdjoint((half[0], half[1], half[2], half[3]))
          store(factors, place + 6 &* i &* target.stride, target.stride)
        }
      }
    }
  }

  func transformOutput(
    _ tiles: Range<Int>, _ source: TileMatrices, into output: FloatView, _ stage: OutputStage, _ scratch: TileScratch
  ) {
    let images = output.vectors
    for tile in tiles {
      let isInterior = outputGrid.locate(tile, in: images, scratch)
      for group in 0..<outputGrid.groups {
        let place = source.place(tile &- tiles.lowerBound, group)
        for i in 0..<6 {
          let row = Winograd.output(loadSix(place + 6 &* i &* source.stride, source.stride))
          let half = scratch.half + 4 &* i
          (half[0], half[1], half[2], half[3]) = row
        }
        outputGrid.store(group, stage, in: images, isInterior, scratch) { store in
          for j in 0..<4 {
            let y = Winograd.output(loadSix(scratch.half + j, 4))
            store(j, y.0)
            store(4 &+ j, y.1)
            store(8 &+ j, y.2)
            store(12 &+ j, y.3)
          }
        }
      }
    }
  }

  func addInputGradient(
    _ tiles: Range<Int>, _ source: TileMatrices, to gradient: FloatView, accumulate: Bool, _ scratch: TileScratch
  ) {
    let images = gradient.vectors
    for tile in tiles {
      _ = inputGrid.locate(tile, in: images, scratch)
      if !accumulate { inputGrid.setFirstTouched(tile, scratch) }
      for group in 0..<inputGrid.groups {
        let place = source.place(tile &- tiles.lowerBound, group)
        for i in 0..<6 {
          let row = Winograd.inputAdjoint(loadSix(place + 6 &* i &* source.stride, source.stride))
          store(row, scratch.half + 6 &* i, 1)
        }
        for j in 0..<6 {
          let d = Winograd.inputAdjoint(loadSix(scratch.half + j, 6))
          scratch.targets[j][group] = scratch.sources[j][group] + d.0
          scratch.targets[6 &+ j][group] = scratch.sources[6 &+ j][group] + d.1
          scratch.targets[12 &+ j][group] = scratch.sources[12 &+ j][group] + d.2
          scratch.targets[18 &+ j][group] = scratch.sources[18 &+ j][group] + d.3
          scratch.targets[24 &+ j][group] = scratch.sources[24 &+ j][group] + d.4
          scratch.targets[30 &+ j][group] = scratch.sources[30 &+ j][group] + d.5
        }
      }
    }
  }

  func transformWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch) {
    let taps = weights.vectors
    let pairs = inputs &* outputGrid.groups
    for panel in stride(from: 0, to: outputGrid.groups, by: target.panelVectors) {
      for input in 16 &* block..<16 &* block &+ 16 {
        for group in panel..<panel &+ target.panelVectors {
          let tap = taps + (input &* outputGrid.groups &+ group)
          transformWeights(target.place(input, group), target, scratch.half) { tap[$0 &* pairs] }
        }
      }
    }
  }

  func transposeWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch) {
    let taps = weights.vectors
    let pairs = inputs &* outputGrid.groups
    let (transposed, rest) = (scratch.half + 32, scratch.half)
    for group in 0..<outputGrid.groups {
      let corner = taps + (16 &* block &* outputGrid.groups &+ group)
      for tap in 0..<9 {
        transpose(corner + tap &* pairs, outputGrid.groups, into: transposed + 16 &* tap, 1, scratch: rest)
      }
      for output in 0..<16 {
        transformWeights(target.place(16 &* group &+ output, block), target, rest) {
          transposed[16 &* $0 &+ output]
        }
      }
    }
  }

  /// U = G g Gᵀ.
  @inline(__always)
  private func transformWeights(
    _ place: VectorPointer, _ target: TileMatrices, _ half: VectorPointer, _ tap: (Int) -> Vector
  ) {
    for j in 0..<3 { store(Winograd.weight((tap(j), tap(3 &+ j), tap(6 &+ j))), half + j, 3) }
    for i in 0..<6 {
      let row = half + 3 &* i
      let factors = Winograd.weight((row[0], row[1], row[2]))
      let place = place + 6 &* i &* target.stride
      if target.isStreamed { stream(factors, place, target.stride) } else { store(factors, place, target.stride) }
    }
  }

  /// dW = Gᵀ dU G.
  func collectWeightGradient(
    _ blocks: Range<Int>, group first: Int, _ source: TileMatrices, into gradient: FloatView, _ scratch: TileScratch
  ) {
    let taps = gradient.vectors
    let pairs = inputs &* outputGrid.groups
    for channel in 0..<16 &* blocks.count {
      for group in 0..<source.panelVectors {
        let place = source.place(channel, group)
        for i in 0..<6 {
          let row = Winograd.weightAdjoint(loadSix(place + 6 &* i &* source.stride, source.stride))
          let half = scratch.half + 3 &* i
          (half[0], half[1], half[2]) = row
        }
        for j in 0..<3 {
          let column = Winograd.weightAdjoint(loadSix(scratch.half + j, 3))
          let tap = taps + (j &* pairs &+ (16 &* blocks.lowerBound &+ channel) &* outputGrid.groups &+ first &+ group)
          (tap[0], tap[3 &* pairs], tap[6 &* pairs]) = column
        }
      }
    }
  }

  @inline(__always)
  private func loadSix(_ base: VectorPointer, _ stride: Int) -> Six {
    (base[0], base[stride], base[2 &* stride], base[3 &* stride], base[4 &* stride], base[5 &* stride])
  }

  @inline(__always)
  private func stream(_ values: Six, _ base: VectorPointer, _ stride: Int) {
    vector_stream(base, values.0)
    vector_stream(base + stride, values.1)
    vector_stream(base + 2 &* stride, values.2)
    vector_stream(base + 3 &* stride, values.3)
    vector_stream(base + 4 &* stride, values.4)
    vector_stream(base + 5 &* stride, values.5)
  }

  @inline(__always)
  private func store(_ values: Six, _ base: VectorPointer, _ stride: Int) {
    base[0] = values.0
    base[stride] = values.1
    base[2 &* stride] = values.2
    base[3 &* stride] = values.3
    base[4 &* stride] = values.4
    base[5 &* stride] = values.5
  }
}
