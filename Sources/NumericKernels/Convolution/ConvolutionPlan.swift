// How the tiles of one convolution are cut into chunks, and where everything lies in the workspace.

/// Sizes for one call. They follow from the shape, the images, the threads and the machine's caches, never from
/// measurements, so every run decides alike.
struct ConvolutionPlan<Algorithm: ConvolutionAlgorithm> {
  let shape: ConvolutionShape
  let images: Int
  let algorithm: Algorithm
  let inputs: Int
  let outputs: Int
  let threads: Int
  let engine: MatrixEngine
  /// Tiles of all images.
  let tiles: Int
  /// Tiles that a thread transforms and multiplies at once. Sums over images are taken chunk by chunk, so it does not
  /// depend on the threads.
  let chunk: Int
  /// Groups of images whose backward passes are independent, each with a gradient of the transformed weights of its own;
  /// 0 where there is no memory for these, and the backward pass goes block by block. It does not depend on the threads.
  let lanes: Int
  /// Tiles whose transforms the backward pass holds at once, for all threads.
  let block: Int

  init(_ shape: ConvolutionShape, images: Int, threads: Int, engine: MatrixEngine) {
    self.shape = shape
    self.images = images
    algorithm = Algorithm(shape)
    inputs = algorithm.inputs
    outputs = shape.outputChannels
    self.threads = threads
    self.engine = engine
    tiles = images * algorithm.tilesPerImage
    let weights = Algorithm.positions * inputs * outputs
    let perTile = Algorithm.positions * (inputs + outputs)
    // Transforms stay in the second-level cache, but the transformed weights are read once per chunk, which wants 24 tiles
    // to be worth it. Small batches make four chunks, so that threads have something to share.
    let fitting = min(max(Caches.secondLevelFloats * 5 / 8 / perTile, 24), 510)
    chunk = max(1, min(tiles, fitting / 6 * 6, (tiles + 23) / 24 * 6))
    // Narrow layers, whose gradients of the transformed weights fit in the third level several times.
    let affordableLanes = weights <= 3 * Caches.secondLevelFloats ? Caches.thirdLevelFloats * 3 / 4 / weights : 0
    lanes = min([16, 8, 4, 2].first { $0 <= affordableLanes } ?? 0, images)
    // For wide ones, that gradient is read and written once per block: it is as large as makes that cheap, and fits in
    // the third level. Several threads share out a block by whole images, as many for each.
    let cheap = max(chunk, min(inputs * outputs / 256, Caches.thirdLevelFloats * 5 / 8 / perTile))
    let shared = (cheap + algorithm.tilesPerImage - 1) / algorithm.tilesPerImage * threads * algorithm.tilesPerImage
    block = min(threads == 1 ? cheap : shared, max(tiles, 1))
  }

  /// The tiles of a lane: those of whole images.
  func lane(_ index: Int) -> Range<Int> {
    let images = EqualShares(count: images, parts: lanes)[index]
    return images.lowerBound * algorithm.tilesPerImage..<images.upperBound * algorithm.tilesPerImage
  }

  /// Equal shares of `count` things for the threads, each of about `size` things.
  func shares(_ count: Int, size: Int) -> EqualShares {
    let rounds = max(1, (count + threads * size - 1) / (threads * size))
    return EqualShares(count: count, parts: min(count, rounds * threads))
  }

  /// Number of chunks.
  var chunks: Int { (tiles + chunk - 1) / chunk }

  /// Blocks of 16 channels whose weights' gradient is summed and transformed back at once: four, or fewer to give every
  /// thread something to do.
  var gradientBlocks: Int {
    for blocks in [4, 2] where algorithm.weightBlocks % blocks == 0 {
      if algorithm.weightBlocks / blocks * (outputs / gradientColumns) >= threads { return blocks }
    }
    return 1
  }
  /// Rows of such a part: its channels, as often as they come.
  var gradientRows: Int { inputs / algorithm.weightBlocks * gradientBlocks }
  /// Columns of it.
  var gradientColumns: Int { engine.panel(outputs) }
  /// How many such parts there are.
  var gradientParts: Int { algorithm.weightBlocks / gradientBlocks * (outputs / gradientColumns) }

  /// Whether each part has memory of its own. Where one block completes them, or lanes keep the sums, they are transformed
  /// back at once, and a place for each thread will do.
  var keepsGradientParts: Bool { lanes == 0 && (block < tiles || gradientParts <= threads) }

  /// Where everything lies in the workspace.
  var layout: ConvolutionLayout {
    var layout = ConvolutionLayout()
    func matrices(_ rows: Int, _ columns: Int) -> Int {
      TileMatrices.floats(positions: Algorithm.positions, rows: rows, columns: columns)
    }
    layout.scratch = layout.take(threads, TileScratch.floats(channels: max(inputs, outputs)))
    layout.weights = layout.take(1, matrices(inputs, outputs))
    layout.weightGradient = layout.take(
      keepsGradientParts ? gradientParts : threads, matrices(gradientRows, gradientColumns))
    layout.chunkInputs = layout.take(threads, matrices(chunk, inputs))
    layout.chunkOutputs = layout.take(threads, matrices(chunk, outputs))
    if lanes > 0 {
      layout.laneGradients = layout.take(lanes, matrices(inputs, outputs))
    } else {
      layout.blockInputs = layout.take(1, matrices(block, inputs))
      layout.blockGradients = layout.take(1, matrices(block, outputs))
    }
    layout.sums = layout.take(chunks, 2 * outputs)
    layout.finish = layout.take(1, images * 4 * shape.inputChannels)
    return layout
  }
}

/// `count` things in `parts` consecutive runs, none more than one longer than another.
struct EqualShares {
  let count: Int
  let parts: Int

  subscript(part: Int) -> Range<Int> { count * part / parts..<count * (part + 1) / parts }
}

/// The regions of a workspace, in floats.
struct ConvolutionLayout {
  /// Equally long parts, one behind the other.
  struct Region {
    var start = 0
    var stride = 0

    /// The part for a thread or a chunk.
    func part(_ index: Int = 0) -> Range<Int> { start + index * stride..<start + (index + 1) * stride }
  }

  /// Scratch for tiles, for each thread.
  var scratch = Region()
  /// The transformed weights, or their transposes.
  var weights = Region()
  /// Parts of the gradient of the transformed weights: all of them, or one for each thread.
  var weightGradient = Region()
  /// A chunk's transformed inputs, or their gradient, for each thread.
  var chunkInputs = Region()
  /// A chunk's products, or its transformed gradients, for each thread.
  var chunkOutputs = Region()
  /// Each lane's gradient of the transformed weights.
  var laneGradients = Region()
  /// A block's transformed inputs.
  var blockInputs = Region()
  /// A block's transformed gradients.
  var blockGradients = Region()
  /// Σ and Σ² of each channel, for each chunk.
  var sums = Region()
  /// Σg and Σg·x of each input channel for each image, as doubles.
  var finish = Region()
  /// Floats of all regions.
  private(set) var floats = 0

  /// A region of `count` parts of `floats` each, every part on a 64-byte boundary.
  mutating func take(_ count: Int, _ floats: Int) -> Region {
    let region = Region(start: self.floats, stride: (floats + 15) & ~15)
    self.floats += count * region.stride
    return region
  }
}
