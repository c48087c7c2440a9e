// How a camera was held, as EXIF notes it beside the pixels.

/// How stored pixels lie, in EXIF's numbers; a mirrored picture is turned after it is mirrored.
enum Orientation: Int {
  case upright = 1
  case mirrored
  case upsideDown
  case mirroredUpsideDown
  /// Mirrored at the diagonal from the upper left.
  case transposed
  /// Upright when it is turned clockwise.
  case turnedLeft
  /// Mirrored at the diagonal from the upper right.
  case transversed
  /// Upright when it is turned counterclockwise.
  case turnedRight

  /// Whether rows are stored as columns.
  var swapsSides: Bool { rawValue >= Self.transposed.rawValue }

  /// What EXIF data notes: a TIFF file, after the mark `Exif` with two zeros or without it. It is upright where nothing is
  /// noted, or the data is damaged before the note.
  init(exif: ArraySlice<UInt8>) {
    var exif = exif
    if exif.starts(with: Self.mark) { exif = exif.dropFirst(Self.mark.count) }
    self = TIFF(exif)?.orientation().flatMap(Self.init(rawValue:)) ?? .upright
  }

  /// What EXIF data begins with in JPEG files.
  static let mark: [UInt8] = Array("Exif\0\0".utf8)
}

/// The numbers of a TIFF file, none of which is read outside of it.
private struct TIFF {
  private let bytes: ArraySlice<UInt8>
  private let isBigEndian: Bool
  private static let orientationTag = 0x0112
  /// Bytes of a value of each type, from type 1 on.
  private static let sizes = [1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8]

  init?(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    switch bytes.prefix(4) {
    case [0x49, 0x49, 42, 0]: isBigEndian = false
    case [0x4D, 0x4D, 0, 42]: isBigEndian = true
    default: return nil
    }
  }

  /// The number of `size` bytes at an offset; nil if it is not all there.
  private func number(_ size: Int, at offset: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - size else { return nil }
    let start = bytes.startIndex + offset
    let stored = bytes[start..<start + size]
    return isBigEndian ? stored.reduce(0) { $0 << 8 | Int($1) } : stored.reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The first orientation in the first directory: a whole number without a sign.
  ///
  /// An entry that lies outside ends the directory, as does one whose values do; one of more values than there are bytes is
  /// passed over.
  func orientation() -> Int? {
    guard let directory = number(4, at: 4), let count = number(2, at: directory) else { return nil }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard number(4, at: entry + 8) != nil, let tag = number(2, at: entry), let type = number(2, at: entry + 2),
        let values = number(4, at: entry + 4)
      else { return nil }
      guard (1...Self.sizes.count).contains(type) else { continue }
      let size = values * Self.sizes[type - 1]
      guard size <= 4 else {
        if size > bytes.count { continue }
        guard let place = number(4, at: entry + 8), place <= bytes.count - size else { return nil }
        if tag == Self.orientationTag { return nil }
        continue
      }
      guard size > 0 else { continue }
      if tag == Self.orientationTag {
        return values == 1 && [1, 3, 4].contains(type) ? number(size, at: entry + 8) : nil
      }
    }
    return nil
  }
}
