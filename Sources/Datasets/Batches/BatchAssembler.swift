// From bytes in memory to the floats of a batch: gathers images, varies and normalises them in one pass.

import NumericKernels

/// Fills batches with the images of a split. It allocates nothing per batch.
public struct BatchAssembler {
  private let split: DatasetSplit
  private let augmentation: Augmentation
  private let seed: UInt64
  /// Floats for all pixel values, `[channels, 256]`.
  private let table: [Float]

  /// - Parameters:
  ///   - split: where the images are.
  ///   - normalization: how pixels become floats; one mean and deviation per channel.
  ///   - augmentation: how images are varied; none for validation and test.
  ///   - seed: the run's seed; it decides the variations, with the epoch and the image's number.
  public init(
    _ split: DatasetSplit, normalization: Normalization, augmentation: Augmentation = .none, seed: UInt64 = 0
  ) {
    precondition(normalization.channels == split.dataset.channels, "every channel is normalised")
    self.split = split
    self.augmentation = augmentation
    self.seed = seed
    table = normalization.table
  }

  /// Writes images and their labels.
  ///
  /// - Parameters:
  ///   - indices: numbers of the images within the split, n of them.
  ///   - epoch: the epoch, which decides how images are varied.
  ///   - images: receives `[n, H, W, C]`, and may be longer.
  ///   - labels: receives the n labels, and may be longer.
  public func assemble(_ indices: ArraySlice<Int>, epoch: Int = 0, images: FloatView, labels: BufferView<Int32>) {
    let size = split.dataset.imageSize
    for (place, index) in indices.enumerated() {
      labels[place] = Int32(split.label(at: index))
      let shift = augmentation.draw(seed: seed, epoch: epoch, index: index)
      write(index, shift, to: images[place * size..<(place + 1) * size])
    }
  }

  /// Writes one image: black stripes where the window has left the image, table look-ups elsewhere.
  private func write(_ index: Int, _ shift: ImageShift, to image: FloatView) {
    let (height, width, channels) = (split.dataset.height, split.dataset.width, split.dataset.channels)
    let start = split.position(of: index) * split.dataset.imageSize
    let target = image.unsafeBuffer
    // Columns of the window, before mirroring, that lie inside the image.
    let columns = (0..<width).clamped(to: -shift.columns..<width - shift.columns)
    split.dataset.pixels.withUnsafeBytes { pixels in
      table.withUnsafeBufferPointer { table in
        for row in 0..<height {
          let sourceRow = row + shift.rows
          let inside = (0..<height).contains(sourceRow) ? columns : 0..<0
          for column in 0..<width {
            let targetColumn = shift.flipped ? width - 1 - column : column
            let out = (row * width + targetColumn) * channels
            let source = start + (sourceRow * width + column + shift.columns) * channels
            for channel in 0..<channels {
              let pixel = inside.contains(column) ? Int(pixels[source + channel]) : 0
              target[out + channel] = table[channel << 8 | pixel]
            }
          }
        }
      }
    }
  }
}
