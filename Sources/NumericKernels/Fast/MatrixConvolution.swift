// Convolutions of any shape as matrix products: the patches of a chunk of output pixels are gathered into rows, and BLAS
// does the rest.

/// A convolution as products with the matrix of its patches.
struct MatrixConvolution: ConvolutionAlgorithm {
  private let shape: ConvolutionShape
  private let workspace: FloatView

  init(_ shape: ConvolutionShape, workspace: FloatView) {
    self.shape = shape
    self.workspace = workspace
  }

  static func workspace(_ shape: ConvolutionShape) -> Int {
    shape.isPlainProduct ? 0 : chunkPixels(shape) * shape.patchCount
  }

  /// Output pixels whose patches are gathered at once: enough rows for an efficient product, few enough to stay in a
  /// second-level cache where the patches are short.
  private static func chunkPixels(_ shape: ConvolutionShape) -> Int { max(256, (1 << 17) / shape.patchCount) }

  func forward(images: Int, input: FloatView, weights: FloatView, output: FloatView) {
    forEachChunk(images) { pixels in
      multiply(
        .plain(gather(pixels, images, input)), .plain(weights), into: output[pixels.scaled(by: shape.outputChannels)],
        m: pixels.count, n: shape.outputChannels, k: shape.patchCount)
    }
  }

  func inputGradient(
    images: Int, outputGradient: FloatView, weights: FloatView, inputGradient: FloatView, accumulate: Bool
  ) {
    let gradient = inputGradient.prefix(images * shape.inputCount)
    if !accumulate && !shape.isPlainProduct { gradient.fill(0) }
    forEachChunk(images) { pixels in
      let rows = pixels.scaled(by: shape.patchCount)
      let patches = shape.isPlainProduct ? gradient[rows] : workspace.prefix(rows.count)
      multiply(
        .plain(outputGradient[pixels.scaled(by: shape.outputChannels)]), .transposed(weights), into: patches,
        m: pixels.count, n: shape.patchCount, k: shape.outputChannels, accumulate: accumulate && shape.isPlainProduct)
      if !shape.isPlainProduct { scatter(pixels, patches, gradient) }
    }
  }

  func weightGradient(images: Int, input: FloatView, outputGradient: FloatView, weightGradient: FloatView) {
    if images == 0 { weightGradient.fill(0) }
    forEachChunk(images) { pixels in
      multiply(
        .transposed(gather(pixels, images, input)), .plain(outputGradient[pixels.scaled(by: shape.outputChannels)]),
        into: weightGradient, m: shape.patchCount, n: shape.outputChannels, k: pixels.count,
        accumulate: pixels.lowerBound > 0)
    }
  }

  /// Calls `body` with consecutive ranges of output pixels, counted over all images.
  private func forEachChunk(_ images: Int, _ body: (Range<Int>) -> Void) {
    let total = images * shape.outputHeight * shape.outputWidth
    let chunk = shape.isPlainProduct ? max(total, 1) : Self.chunkPixels(shape)
    for start in stride(from: 0, to: total, by: chunk) { body(start..<min(start + chunk, total)) }
  }

  /// The patches `[pixels, kernel·kernel·C]` of output pixels; zeros where a patch reaches over the border.
  private func gather(_ pixels: Range<Int>, _ images: Int, _ input: FloatView) -> FloatView {
    let rows = pixels.scaled(by: shape.patchCount)
    if shape.isPlainProduct { return input[rows] }
    require(input.count >= images * shape.inputCount, "the input is smaller than its shape says")
    let patches = workspace.prefix(rows.count)
    forEachRun(pixels) { position, image, count in
      let target = patches.base + position
      if let image {
        target.update(from: input.base + image, count: count)
      } else {
        target.update(repeating: 0, count: count)
      }
    }
    return patches
  }

  /// Adds patches back to the pixels that they were gathered from.
  private func scatter(_ pixels: Range<Int>, _ patches: FloatView, _ gradient: FloatView) {
    forEachRun(pixels) { position, image, count in
      guard let image else { return }
      let source = patches.base + position
      let target = gradient.base + image
      for i in 0..<count { target[i] += source[i] }
    }
  }

  /// Cuts the patches of `pixels` into runs that are consecutive in the image too, and calls `body` with each run's
  /// place in the patches, its place in the images (nil outside of them) and its length.
  @inline(__always)
  private func forEachRun(_ pixels: Range<Int>, _ body: (Int, Int?, Int) -> Void) {
    let channels = shape.inputChannels
    let plane = shape.outputHeight * shape.outputWidth
    var position = 0
    for pixel in pixels {
      let image = (pixel / plane) * shape.inputCount
      let top = (pixel % plane) / shape.outputWidth * shape.stride - shape.padding
      let left = pixel % shape.outputWidth * shape.stride - shape.padding
      let before = min(max(-left, 0), shape.kernel)
      let after = min(max(left + shape.kernel - shape.width, 0), shape.kernel)
      for y in top..<top + shape.kernel {
        if y < 0 || y >= shape.height {
          body(position, nil, shape.kernel * channels)
        } else {
          let row = image + (y * shape.width + left) * channels
          if before > 0 { body(position, nil, before * channels) }
          body(position + before * channels, row + before * channels, (shape.kernel - before - after) * channels)
          if after > 0 { body(position + (shape.kernel - after) * channels, nil, after * channels) }
        }
        position += shape.kernel * channels
      }
    }
  }
}

extension ConvolutionShape {
  /// Floats that one output pixel looks at.
  var patchCount: Int { kernel * kernel * inputChannels }

  /// Whether the input itself is the matrix of patches.
  var isPlainProduct: Bool { kernel == 1 && stride == 1 && padding == 0 }
}

extension Range<Int> {
  func scaled(by factor: Int) -> Range<Int> { lowerBound * factor..<upperBound * factor }
}
