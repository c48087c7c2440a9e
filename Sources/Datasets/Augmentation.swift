// How training images are varied from epoch to epoch.

import NumericKernels

/// Random changes to training images that keep their class.
public enum Augmentation: String, Codable, CaseIterable, Sendable {
  /// Images as they are.
  case none
  /// Mirrored left to right every second time.
  case flip
  /// A window of the image's own size, anywhere in the image padded with four black pixels on each side.
  case crop
  /// A window, then mirrored left to right every second time.
  case cropAndFlip = "crop-and-flip"

  /// Black pixels added on each side before the window is cut.
  public static let padding = 4

  /// The change made to one image in one epoch: the same on whichever rank it happens.
  ///
  /// - Parameter index: the image's place among the training images.
  public func draw(seed: UInt64, epoch: Int, index: Int) -> ImageShift {
    if self == .none { return .none }
    var random = RandomStream(seed: seed, purpose: .augmentation, epoch: epoch, index: index)
    func offset() -> Int { random.integer(below: 2 * Self.padding + 1) - Self.padding }
    var shift = ImageShift.none
    if self != .flip { (shift.rows, shift.columns) = (offset(), offset()) }
    if self != .crop { shift.flipped = random.integer(below: 2) == 1 }
    return shift
  }
}

/// An image moved inside its frame, black where nothing is left, and then perhaps mirrored.
public struct ImageShift: Equatable, Sendable {
  /// Row of the original that becomes the first row, negative above it.
  public var rows: Int
  /// Column of the original that becomes the first column (the last one if flipped), negative left of it.
  public var columns: Int
  /// Whether left and right are exchanged after the move.
  public var flipped: Bool

  /// A move and a mirroring.
  public init(rows: Int, columns: Int, flipped: Bool) {
    self.rows = rows
    self.columns = columns
    self.flipped = flipped
  }

  /// No change.
  public static let none = ImageShift(rows: 0, columns: 0, flipped: false)
}
