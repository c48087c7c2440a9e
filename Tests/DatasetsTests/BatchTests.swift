// Normalisation, augmentation and the assembly of batches, against plain versions of the same.

import Datasets
import Foundation
import NumericKernels
import Testing

@Suite("Batches")
struct BatchTests {
  private func assemble(
    _ assembler: BatchAssembler, _ indices: [Int], epoch: Int = 0, size: Int
  ) -> (images: [Float], labels: [Int32]) {
    // Larger than needed, and not zero: every float of the batch must be written, none beyond it.
    let buffer = AlignedBuffer<Float>(count: indices.count * size + 5)
    buffer.view.fill(77)
    let labels = AlignedBuffer<Int32>(count: indices.count + 3)
    withExtendedLifetime((buffer, labels)) {
      assembler.assemble(indices[...], epoch: epoch, images: buffer.view, labels: labels.view)
    }
    #expect(buffer.view.array.suffix(5).allSatisfy { $0 == 77 })
    return (buffer.view.array.dropLast(5), labels.view.array.dropLast(3))
  }

  @Test("pixels become (x/255 − mean)/deviation, per channel")
  func normalization() {
    let digits = DatasetName.mnist.descriptor.normalization
    // The values that PyTorch's users know for black and white.
    #expect(abs(digits.value(0, channel: 0) - -0.42421296) < 1e-7)
    #expect(abs(digits.value(255, channel: 0) - 2.8214867) < 1e-6)
    #expect(Normalization.unitInterval(channels: 3).value(255, channel: 2) == 1)
    #expect(Normalization.unitInterval(channels: 3).value(51, channel: 1) == 0.2)
    let colours = Normalization(mean: [0, 0.5, 1], standardDeviation: [1, 0.5, 2])
    #expect((0..<3).map { colours.value(255, channel: $0) } == [1, 1, 0])
  }

  @Test("a batch holds the images asked for, in that order, normalised, with their labels")
  func assembly() throws {
    let splits = try DatasetSplits(Fixture.options(.cifar10, validation: 4))
    let normalization = Normalization(mean: [0.1, 0.2, 0.3], standardDeviation: [0.5, 0.6, 0.7])
    let assembler = BatchAssembler(splits.validation, normalization: normalization)
    let batch = assemble(assembler, [3, 0, 3], size: 3_072)
    let expected = [9, 6, 9].flatMap { n in
      Fixture.image(n, DatasetName.cifar10.descriptor).enumerated().map {
        normalization.value($0.element, channel: $0.offset % 3)
      }
    }
    #expect(batch.images == expected)
    #expect(batch.labels == [9, 6, 9].map { Int32(Fixture.label($0, classes: 10)) })
    #expect(assemble(assembler, [], size: 3_072).labels.isEmpty)
  }

  /// Pads with black, cuts the window, mirrors: three steps on an image `[H, W, C]`.
  private func shifted(_ image: [UInt8], _ shift: ImageShift, height: Int, width: Int, channels: Int) -> [UInt8] {
    let padding = Augmentation.padding
    func padded(_ row: Int, _ column: Int, _ channel: Int) -> UInt8 {
      let (row, column) = (row - padding, column - padding)
      guard (0..<height).contains(row), (0..<width).contains(column) else { return 0 }
      return image[(row * width + column) * channels + channel]
    }
    var result: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        let column = shift.flipped ? width - 1 - column : column
        for channel in 0..<channels {
          result.append(padded(row + shift.rows + padding, column + shift.columns + padding, channel))
        }
      }
    }
    return result
  }

  @Test(
    "crops and flips equal padding, cutting and mirroring, on images of any size",
    arguments: [(32, 32, 3), (28, 28, 1), (5, 7, 2), (2, 3, 1), (1, 1, 3)], [Augmentation.flip, .crop, .cropAndFlip])
  func augmentation(shape: (Int, Int, Int), augmentation: Augmentation) {
    let (height, width, channels) = shape
    let size = height * width * channels
    let pixels = (0..<2 * size).map { (place: Int) -> UInt8 in UInt8((place * 37 + place / 256) % 255 + 1) }
    let dataset = ImageDataset(
      height: height, width: width, channels: channels, classNames: ["a", "b"], pixels: Data(pixels), labels: [0, 1])
    let normalization = Normalization(
      mean: (0..<channels).map { 0.1 * Float($0) }, standardDeviation: (0..<channels).map { 1 + Float($0) })
    let assembler = BatchAssembler(
      DatasetSplit(dataset), normalization: normalization, augmentation: augmentation, seed: 11)
    for epoch in 0..<100 {
      let shift = augmentation.draw(seed: 11, epoch: epoch, index: 1)
      let expected = shifted(
        Array(pixels[size...]), shift, height: height, width: width, channels: channels
      ).enumerated().map { normalization.value($0.element, channel: $0.offset % channels) }
      #expect(assemble(assembler, [1], epoch: epoch, size: size).images == expected, "\(shift)")
    }
  }

  @Test("shifts reach every offset, flip half of the time, and depend on seed, epoch and image alone")
  func shifts() {
    let draws = (0..<8_100).map { Augmentation.cropAndFlip.draw(seed: 3, epoch: 1, index: $0) }
    #expect(Set(draws.map { [$0.rows, $0.columns] }).count == 81)
    #expect(draws.allSatisfy { (-4...4).contains($0.rows) && (-4...4).contains($0.columns) })
    // 4,050 expected with a standard deviation of 45: five of them.
    #expect(abs(draws.filter(\.flipped).count - 4_050) < 225)
    #expect(draws[5] == Augmentation.cropAndFlip.draw(seed: 3, epoch: 1, index: 5))
    #expect(draws != (0..<8_100).map { Augmentation.cropAndFlip.draw(seed: 3, epoch: 2, index: $0) })
    #expect(draws != (0..<8_100).map { Augmentation.cropAndFlip.draw(seed: 4, epoch: 1, index: $0) })
    #expect(Augmentation.none.draw(seed: 3, epoch: 1, index: 5) == .none)
    #expect((0..<100).allSatisfy { !Augmentation.crop.draw(seed: 3, epoch: 1, index: $0).flipped })
    let flips = (0..<8_100).map { Augmentation.flip.draw(seed: 3, epoch: 1, index: $0) }
    #expect(flips.allSatisfy { $0.rows == 0 && $0.columns == 0 })
    #expect(abs(flips.filter(\.flipped).count - 4_050) < 225)
  }

  @Test("an image is varied alike in whatever batch and on whichever rank it comes")
  func independentOfRanks() throws {
    let splits = try DatasetSplits(Fixture.options(.cifar10))
    let assembler = BatchAssembler(
      splits.train, normalization: splits.normalization, augmentation: splits.augmentation, seed: 1)
    let permutation = EpochPermutation(count: splits.train.count, seed: 1, epoch: 4)
    func epoch(ranks: Int) -> [Float] {
      let shards = (0..<ranks).map { ShardedBatches(permutation, batchSize: 4, rank: $0, ranks: ranks) }
      return shards[0].indices.flatMap { batch in
        shards.flatMap { assemble(assembler, Array($0[batch].indices), epoch: 4, size: 3_072).images }
      }
    }
    let alone = epoch(ranks: 1)
    #expect(alone.count == 9 * 3_072)
    for ranks in 2...7 { #expect(epoch(ranks: ranks) == alone) }
  }
}
