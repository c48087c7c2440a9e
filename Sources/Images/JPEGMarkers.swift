// What the markers of a JPEG file tell that its library does not: whether it has an end, and its EXIF data.

/// A walk over a file's markers, as its library makes it: bytes between them are passed over.
struct JPEGMarkers {
  /// Whether the mark of the end is there. A file that has none was cut.
  private(set) var hasEnd = false
  /// Whether the pixels come in one scan, from the first row to the last, so that the library can tell if some are missing.
  var isOneScan: Bool { scans == 1 && !isProgressive }
  /// The EXIF data that stands before the pixels, with its mark.
  private(set) var exif: [UInt8] = []
  private var scans = 0
  private var isProgressive = false

  /// The mark of the end.
  static let end: [UInt8] = [0xFF, Code.end]

  private enum Code {
    static let start: UInt8 = 0xD8
    static let end: UInt8 = 0xD9
    static let scan: UInt8 = 0xDA
    static let application1: UInt8 = 0xE1
    /// Frames whose scans make the same pixels more precise.
    static let progressiveFrames: [UInt8] = [0xC2, 0xC6, 0xCA, 0xCE]
    /// Markers without a segment: for restarts within a scan, and for private use.
    static func isAlone(_ code: UInt8) -> Bool { (0xD0...start).contains(code) || code == 0x01 }
  }

  init(_ bytes: [UInt8]) {
    var place = 2
    while let code = Self.next(in: bytes, &place) {
      if code == Code.end {
        hasEnd = true
        return
      }
      if Code.isAlone(code) { continue }
      guard place + 2 <= bytes.count else { return }
      let length = Int(bytes[place]) << 8 | Int(bytes[place + 1])
      guard length >= 2, length <= bytes.count - place else { return }
      if code == Code.scan { scans += 1 }
      if Code.progressiveFrames.contains(code) { isProgressive = true }
      let segment = bytes[place + 2..<place + length]
      if scans == 0 && code == Code.application1 && segment.starts(with: Orientation.mark) {
        // Data that is longer than a segment goes on in the next one.
        exif += exif.isEmpty ? segment : segment.dropFirst(Orientation.mark.count)
      }
      place += length
    }
  }

  /// The code of the next marker, with `place` behind it; nil at the end of the file. `FF 00` stands for a byte of pixels.
  private static func next(in bytes: [UInt8], _ place: inout Int) -> UInt8? {
    while place + 1 < bytes.count {
      if bytes[place] == 0xFF && bytes[place + 1] != 0 && bytes[place + 1] != 0xFF {
        place += 2
        return bytes[place - 1]
      }
      place += 1
    }
    return nil
  }
}
