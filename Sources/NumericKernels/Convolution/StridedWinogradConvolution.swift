// Winograd's convolution for 3×3 kernels of stride 2: 81 products for 16 outputs instead of 144.

import CVector

/// The tiles of a 3×3 convolution of stride 2: 4×4 outputs from 9×9 inputs.
///
/// A tile's rows are odd or even ones, and so are its columns: four phases, each a quarter of the image with all its
/// channels. At every position the product sums over the channels of all phases at once, except that even phases have no
/// factor at the point 0.
struct StridedWinogradConvolution: ConvolutionAlgorithm {
  /// The phases in the order of their columns, such that each position uses consecutive ones.
  private enum Phase {
    static let oddRowEvenColumn = 0
    static let oddRowOddColumn = 1
    static let evenRowOddColumn = 2
    static let evenRowEvenColumn = 3
    static let count = 4
  }

  private let channels: Int
  private let inputGrid: TileGrid
  private let outputGrid: TileGrid

  init(_ shape: ConvolutionShape) {
    channels = shape.inputChannels
    let rows = (shape.outputHeight + StridedWinograd.outputs - 1) / StridedWinograd.outputs
    let columns = (shape.outputWidth + StridedWinograd.outputs - 1) / StridedWinograd.outputs
    inputGrid = TileGrid(
      height: shape.height, width: shape.width, groups: shape.inputChannels / 16, rows: rows, columns: columns,
      step: 2 * StridedWinograd.outputs, margin: 1, size: StridedWinograd.inputs)
    outputGrid = TileGrid(
      height: shape.outputHeight, width: shape.outputWidth, groups: shape.outputChannels / 16, rows: rows,
      columns: columns, step: StridedWinograd.outputs, margin: 0, size: StridedWinograd.outputs)
  }

  /// Whether the algorithm computes `shape`: phases are whole panels of columns.
  static func applies(to shape: ConvolutionShape) -> Bool {
    shape.kernel == 3 && shape.stride == 2 && shape.padding == 1 && shape.inputChannels % 64 == 0
  }

  static var positions: Int { StridedWinograd.points * StridedWinograd.points }
  var tilesPerImage: Int { inputGrid.rows * inputGrid.columns }
  var inputs: Int { Phase.count * channels }
  var weightBlocks: Int { channels / 16 }

  func inputs(at position: Int) -> Range<Int> {
    let (i, j) = (position / StridedWinograd.points, position % StridedWinograd.points)
    let first = j == 0 ? Phase.oddRowOddColumn : Phase.oddRowEvenColumn
    let last = i == 0 ? Phase.oddRowOddColumn : j == 0 ? Phase.evenRowOddColumn : Phase.evenRowEvenColumn
    return first * channels..<(last + 1) * channels
  }

  /// The nine rows of a transformed tile, five of odd phases and four of even ones: the position where row `i` begins, and
  /// the phases of its odd and even columns. Those of even columns begin at the next position.
  @inline(__always)
  private func row(_ i: Int) -> (position: Int, odd: Int, even: Int) {
    i < 5
      ? (5 &* i, Phase.oddRowOddColumn, Phase.oddRowEvenColumn)
      : (5 &* (i &- 4), Phase.evenRowOddColumn, Phase.evenRowEvenColumn)
  }

  // MARK: Tiles

  func transformInput(
    _ tiles: Range<Int>, _ input: Activation, into target: TileMatrices, row: Int, _ scratch: TileScratch
  ) {
    let images = input.values.vectors
    for tile in tiles {
      let isInterior = inputGrid.locate(tile, in: images, scratch)
      let row = row &+ tile &- tiles.lowerBound
      inputGrid.forEachGroup(of: input, isInterior, scratch) { group, pixel in
        for j in 0..<9 {
          inputGrid.prefetch(column: j, group, scratch)
          let odd = StridedWinograd.odd(
            (pixel(j), pixel(18 &+ j), pixel(36 &+ j), pixel(54 &+ j), pixel(72 &+ j)))
          let even = StridedWinograd.even((pixel(9 &+ j), pixel(27 &+ j), pixel(45 &+ j), pixel(63 &+ j)))
          store(odd, scratch.half + j, 9)
          store(even, scratch.half + (45 &+ j), 9)
        }
        forEachRow(target, row, group) { i, odd, even in
          let half = scratch.half + 9 &* i
          store(StridedWinograd.odd((half[0], half[2], half[4], half[6], half[8])), odd, target.stride)
          store(StridedWinograd.even((half[1], half[3], half[5], half[7])), even, target.stride)
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
        forEachRow(source, tile &- tiles.lowerBound, group) { i, odd, even in
          let half = scratch.half + 9 &* i
          let d = StridedWinograd.oddAdjoint(loadFive(odd, source.stride))
          (half[0], half[2], half[4], half[6], half[8]) = d
          (half[1], half[3], half[5], half[7]) = StridedWinograd.evenAdjoint(loadFour(even, source.stride))
        }
        for j in 0..<9 {
          let odd = StridedWinograd.oddAdjoint(loadFive(scratch.half + j, 9))
          let even = StridedWinograd.evenAdjoint(loadFour(scratch.half + (45 &+ j), 9))
          add(odd.0, j, group, scratch)
          add(even.0, 9 &+ j, group, scratch)
          add(odd.1, 18 &+ j, group, scratch)
          add(even.1, 27 &+ j, group, scratch)
          add(odd.2, 36 &+ j, group, scratch)
          add(even.2, 45 &+ j, group, scratch)
          add(odd.3, 54 &+ j, group, scratch)
          add(even.3, 63 &+ j, group, scratch)
          add(odd.4, 72 &+ j, group, scratch)
        }
      }
    }
  }

  @inline(__always)
  private func add(_ value: Vector, _ pixel: Int, _ group: Int, _ scratch: TileScratch) {
    scratch.targets[pixel][group] = scratch.sources[pixel][group] + value
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
          store(StridedWinograd.outputAdjoint(column), scratch.half + j, 4)
        }
        let place = target.place(row, group)
        for i in 0..<5 {
          let factors = StridedWinograd.outputAdjoint(loadFour(scratch.half + 4 &* i, 1))
          store(factors, place + 5 &* i &* target.stride, target.stride)
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
        for i in 0..<5 {
          let row = StridedWinograd.output(loadFive(place + 5 &* i &* source.stride, source.stride))
          store(row, scratch.half + 4 &* i, 1)
        }
        outputGrid.store(group, stage, in: images, isInterior, scratch) { store in
          for j in 0..<4 {
            let y = StridedWinograd.output(loadFive(scratch.half + j, 4))
            store(j, y.0)
            store(4 &+ j, y.1)
            store(8 &+ j, y.2)
            store(12 &+ j, y.3)
          }
        }
      }
    }
  }

  /// Calls `body` with the number of each row of a transformed tile, and the places of its first factors of the odd and of
  /// the even columns.
  @inline(__always)
  private func forEachRow(
    _ matrices: TileMatrices, _ tile: Int, _ group: Int,
    _ body: (Int, _ odd: VectorPointer, _ even: VectorPointer) -> Void
  ) {
    for i in 0..<9 {
      let (position, odd, even) = row(i)
      body(
        i, matrices.place(tile, odd &* inputGrid.groups &+ group) + position &* matrices.stride,
        matrices.place(tile, even &* inputGrid.groups &+ group) + (position &+ 1) &* matrices.stride)
    }
  }

  // MARK: Weights

  func transformWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch) {
    let taps = weights.vectors
    let pairs = channels &* outputGrid.groups
    for panel in stride(from: 0, to: outputGrid.groups, by: target.panelVectors) {
      for channel in 16 &* block..<16 &* block &+ 16 {
        for group in panel..<panel &+ target.panelVectors {
          let tap = taps + (channel &* outputGrid.groups &+ group)
          transformWeights({ tap[$0 &* pairs] }, target, scratch.half) { phase in
            target.place(phase &* channels &+ channel, group)
          }
        }
      }
    }
  }

  func transposeWeights(_ block: Int, _ weights: FloatView, into target: TileMatrices, _ scratch: TileScratch) {
    let taps = weights.vectors
    let pairs = channels &* outputGrid.groups
    let (transposed, rest) = (scratch.half + 32, scratch.half)
    for group in 0..<outputGrid.groups {
      let corner = taps + (16 &* block &* outputGrid.groups &+ group)
      for tap in 0..<9 {
        transpose(corner + tap &* pairs, outputGrid.groups, into: transposed + 16 &* tap, 1, scratch: rest)
      }
      for output in 0..<16 {
        transformWeights({ transposed[16 &* $0 &+ output] }, target, rest) { phase in
          target.place(16 &* group &+ output, phase &* inputGrid.groups &+ block)
        }
      }
    }
  }

  /// U = G g Gᵀ for each phase, whose first position `place` tells.
  @inline(__always)
  private func transformWeights(
    _ tap: (Int) -> Vector, _ target: TileMatrices, _ half: VectorPointer, _ place: (_ phase: Int) -> VectorPointer
  ) {
    let stride = target.stride
    for j in 0..<3 {
      store(StridedWinograd.oddWeight((tap(j), tap(6 &+ j))), half + j, 3)
      store(StridedWinograd.evenWeight(tap(3 &+ j)), half + (15 &+ j), 3)
    }
    for i in 0..<9 {
      let (position, odd, even) = row(i)
      let taps = half + 3 &* i
      let (oddFactors, evenFactors) = (
        StridedWinograd.oddWeight((taps[0], taps[2])), StridedWinograd.evenWeight(taps[1])
      )
      let (oddPlace, evenPlace) = (place(odd) + position &* stride, place(even) + (position &+ 1) &* stride)
      if target.isStreamed {
        stream(oddFactors, oddPlace, stride)
        stream(evenFactors, evenPlace, stride)
      } else {
        store(oddFactors, oddPlace, stride)
        store(evenFactors, evenPlace, stride)
      }
    }
  }

  /// dW = Gᵀ dU G.
  func collectWeightGradient(
    _ blocks: Range<Int>, group first: Int, _ source: TileMatrices, into gradient: FloatView, _ scratch: TileScratch
  ) {
    let taps = gradient.vectors
    let pairs = channels &* outputGrid.groups
    for channel in 0..<16 &* blocks.count {
      for group in 0..<source.panelVectors {
        for i in 0..<9 {
          let (position, odd, even) = row(i)
          let half = scratch.half + 3 &* i
          let oddPlace = source.place(16 &* blocks.count &* odd &+ channel, group) + position &* source.stride
          let evenPlace = source.place(16 &* blocks.count &* even &+ channel, group) + (position &+ 1) &* source.stride
          (half[0], half[2]) = StridedWinograd.oddWeightAdjoint(loadFive(oddPlace, source.stride))
          half[1] = StridedWinograd.evenWeightAdjoint(loadFour(evenPlace, source.stride))
        }
        for j in 0..<3 {
          let tap = taps + (j &* pairs &+ (16 &* blocks.lowerBound &+ channel) &* outputGrid.groups &+ first &+ group)
          (tap[0], tap[6 &* pairs]) = StridedWinograd.oddWeightAdjoint(loadFive(scratch.half + j, 3))
          tap[3 &* pairs] = StridedWinograd.evenWeightAdjoint(loadFour(scratch.half + (15 &+ j), 3))
        }
      }
    }
  }

  // MARK: Vectors at a stride

  @inline(__always)
  private func loadFive(_ base: VectorPointer, _ stride: Int) -> Five {
    (base[0], base[stride], base[2 &* stride], base[3 &* stride], base[4 &* stride])
  }

  @inline(__always)
  private func loadFour(_ base: VectorPointer, _ stride: Int) -> Four {
    (base[0], base[stride], base[2 &* stride], base[3 &* stride])
  }

  @inline(__always)
  private func stream(_ values: Five, _ base: VectorPointer, _ stride: Int) {
    vector_stream(base, values.0)
    vector_stream(base + stride, values.1)
    vector_stream(base + 2 &* stride, values.2)
    vector_stream(base + 3 &* stride, values.3)
    vector_stream(base + 4 &* stride, values.4)
  }

  @inline(__always)
  private func stream(_ values: Four, _ base: VectorPointer, _ stride: Int) {
    vector_stream(base, values.0)
    vector_stream(base + stride, values.1)
    vector_stream(base + 2 &* stride, values.2)
    vector_stream(base + 3 &* stride, values.3)
  }

  @inline(__always)
  private func store(_ values: Five, _ base: VectorPointer, _ stride: Int) {
    base[0] = values.0
    base[stride] = values.1
    base[2 &* stride] = values.2
    base[3 &* stride] = values.3
    base[4 &* stride] = values.4
  }

  @inline(__always)
  private func store(_ values: Four, _ base: VectorPointer, _ stride: Int) {
    base[0] = values.0
    base[stride] = values.1
    base[2 &* stride] = values.2
    base[3 &* stride] = values.3
  }
}
