// Who works on which images: batches of an epoch divided among ranks, and a split divided for evaluation.

/// What one rank does of one global batch.
public struct BatchShare: Sendable {
  /// Images in the whole batch, over all ranks: what a sum over the batch is divided by.
  public let globalCount: Int
  /// The rank's own images, numbers within the split. Empty if there are more ranks than images.
  public let indices: ArraySlice<Int>

  /// Number of the rank's own images.
  public var count: Int { indices.count }
}

/// The global batches of an epoch, as one rank sees them.
///
/// The batches are those of `BatchDivision`, whatever the number of ranks. Of a batch's n images, rank r of R takes
/// ⌊r·n/R⌋ ..< ⌊(r+1)·n/R⌋. So every image of the epoch belongs to exactly one rank.
public struct ShardedBatches: RandomAccessCollection, Sendable {
  private let order: [Int]
  private let division: BatchDivision
  private let share: Share

  /// - Parameters:
  ///   - permutation: the order of the epoch.
  ///   - batchSize: images in a global batch, at least 1; the last one may have fewer, or more (`BatchDivision`).
  ///   - rank: whose shares, 0..<`ranks`.
  ///   - ranks: how many share a batch.
  public init(_ permutation: EpochPermutation, batchSize: Int, rank: Int, ranks: Int) {
    order = permutation.order
    division = BatchDivision(images: permutation.count, batchSize: batchSize)
    share = Share(rank: rank, ranks: ranks)
  }

  /// The first batch's number.
  public var startIndex: Int { 0 }
  /// Number of batches.
  public var endIndex: Int { division.count }

  /// The rank's share of a batch.
  public subscript(batch: Int) -> BatchShare {
    let places = division[batch]
    let own = share.part(of: places.count)
    return BatchShare(
      globalCount: places.count,
      indices: order[places.lowerBound + own.lowerBound..<places.lowerBound + own.upperBound])
  }
}

/// A rank's part of a split in its own order, cut into batches: every image once over all ranks.
public struct EvaluationBatches: RandomAccessCollection, Sendable {
  private let indices: [Int]
  private let batchSize: Int

  /// - Parameters:
  ///   - count: images in the split.
  ///   - batchSize: images that the rank reads at a time, at least 1.
  ///   - rank: whose part, 0..<`ranks`.
  ///   - ranks: how many share the split.
  public init(count: Int, batchSize: Int, rank: Int, ranks: Int) {
    precondition(batchSize >= 1, "a batch has at least one image")
    indices = Array(Share(rank: rank, ranks: ranks).part(of: count))
    self.batchSize = batchSize
  }

  /// The first batch's number.
  public var startIndex: Int { 0 }
  /// Number of batches; 0 if the rank has no images.
  public var endIndex: Int { (indices.count + batchSize - 1) / batchSize }

  /// Numbers, within the split, of the images of one batch.
  public subscript(batch: Int) -> ArraySlice<Int> {
    let start = batch * batchSize
    return indices[start..<Swift.min(start + batchSize, indices.count)]
  }
}

/// One rank's claim on whatever is divided; the parts differ by at most one.
private struct Share {
  private let rank: Int
  private let ranks: Int

  init(rank: Int, ranks: Int) {
    precondition(rank >= 0 && rank < ranks, "there is no rank \(rank) of \(ranks)")
    self.rank = rank
    self.ranks = ranks
  }

  func part(of count: Int) -> Range<Int> { rank * count / ranks..<(rank + 1) * count / ranks }
}
