// How an epoch's images are cut into batches: in one place, for whoever trains, plans or counts steps.

/// The batches of an epoch.
///
/// Batch b holds places b·B ..< (b+1)·B of the epoch's order, and the last one what is left. A rest of fewer than
/// `fewestImages` joins the batch before it: batch norm would take its statistics over too few images, and a single image
/// may not have any. So the last batch may have up to `fewestImages` − 1 images more than the others.
public struct BatchDivision: Equatable, Sendable {
  /// Images that a batch cut from a longer epoch has at least, unless all batches are smaller.
  public static let fewestImages = 16

  /// Images of the epoch.
  public let images: Int
  /// Images per batch, but for the last one.
  public let batchSize: Int

  /// - Parameters:
  ///   - images: images of the epoch, at least 0.
  ///   - batchSize: images per batch, at least 1.
  public init(images: Int, batchSize: Int) {
    precondition(batchSize >= 1, "a batch has at least one image")
    self.images = images
    self.batchSize = batchSize
  }

  /// Whether the last batch has what would be too small a batch of its own.
  public var joinsRest: Bool { images > batchSize && (1..<Self.fewestImages).contains(images % batchSize) }

  /// Number of batches.
  public var count: Int { images / batchSize + (images.isMultiple(of: batchSize) || joinsRest ? 0 : 1) }

  /// Images of the last batch, which are all of them where there is one batch; 0 without images.
  public var last: Int { images - images(after: max(count - 1, 0)) }

  /// Images of the largest batch.
  public var largest: Int { max(last, min(batchSize, images)) }

  /// Images of the first `batches` batches.
  public func images(after batches: Int) -> Int { batches < count ? batches * batchSize : images }

  /// The places of a batch in the epoch's order.
  public subscript(batch: Int) -> Range<Int> { images(after: batch)..<images(after: batch + 1) }
}
