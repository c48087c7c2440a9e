// Decoded pictures on disk, so that a folder of them is decoded once.

import Files
import Foundation

/// A file of decoded pictures: a header that says of which, their pixels one after the other, and a CRC-32 of these.
struct PixelCache {
  private let path: String
  private let header: [UInt8]
  private let imageSize: Int
  private static let mark = Array("odnpixel".utf8) + [1, 0, 0, 0]
  /// About how many bytes are read or written at once.
  private static let pieceSize = 1 << 20

  /// The file in `directory` for the pictures that `fingerprint`, 32 bytes, stands for.
  init(directory: String, fingerprint: [UInt8], _ images: OwnInventory) {
    imageSize = images.imageSize
    path = "\(directory)/images-\(Array(fingerprint.prefix(8)).hexadecimal).pixels"
    func field(_ number: Int) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
    header = Self.mark + fingerprint + field(images.labels.count) + field(images.imageSize)
  }

  /// The directory `odn` among the user's caches, as the XDG Base Directory Specification places them.
  static var usualDirectory: String {
    let environment = ProcessInfo.processInfo.environment
    if let caches = environment["XDG_CACHE_HOME"], caches.hasPrefix("/") { return "\(caches)/odn" }
    return "\(environment["HOME"] ?? NSHomeDirectory())/.cache/odn"
  }

  /// Takes all pictures from the file, if it is there and sound.
  /// - Returns: whether it was. Otherwise some of the pixels may have been set.
  func read(into pixels: inout ArrangedPixels, progress: () -> Void, warn: (String) -> Void) -> Bool {
    guard access(path, F_OK) == 0 else { return false }
    do throws(DatasetError) {
      let stream = try FileStream(path: path)
      let expected = header.count + pixels.count * imageSize + 4
      guard stream.mostBytesLeft == expected else {
        throw .malformed(stream.position, expected: "\(expected) bytes", found: "\(stream.mostBytesLeft)")
      }
      guard try stream.bytes(header.count) == header else {
        throw .malformed(stream.position, expected: "the header for these pictures", found: "another one")
      }
      try read(stream, into: &pixels, progress)
      return true
    } catch {
      warn("\(path): the decoded pictures that are kept here are damaged, so that all are decoded anew (\(error))")
      return false
    }
  }

  private func read(
    _ stream: FileStream, into pixels: inout ArrangedPixels, _ progress: () -> Void
  ) throws(DatasetError) {
    let imagesPerPiece = max(1, Self.pieceSize / imageSize)
    var piece = [UInt8](repeating: 0, count: imagesPerPiece * imageSize)
    var checksum = CyclicChecksum()
    for start in stride(from: 0, to: pixels.count, by: imagesPerPiece) {
      let count = min(imagesPerPiece, pixels.count - start)
      try stream.fill(&piece, 0..<count * imageSize)
      checksum.add(piece[..<(count * imageSize)])
      for image in 0..<count { pixels.set(start + image, to: piece[image * imageSize..<(image + 1) * imageSize]) }
      progress()
    }
    let position = stream.position
    let stored = try stream.bytes(4).integer(UInt32.self, at: 0, bigEndian: false)
    guard stored == checksum.value else {
      throw .malformed(position, expected: "the checksum \(checksum.value) of the pixels", found: "\(stored)")
    }
  }

  /// Keeps all pictures; where that fails, there is only a warning.
  func write(_ pixels: ArrangedPixels, warn: (String) -> Void) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do throws(FileError) {
      var file = try AtomicFile(path: path)
      try file.write(header)
      var checksum = CyclicChecksum()
      var piece: [UInt8] = []
      for image in 0..<pixels.count {
        piece += pixels[image]
        if piece.count >= Self.pieceSize || image == pixels.count - 1 {
          checksum.add(piece)
          try file.write(piece)
          piece.removeAll(keepingCapacity: true)
        }
      }
      try file.write([checksum.value])
      try file.commit()
    } catch {
      warn("the decoded pictures are not kept, so that every run decodes them: \(error); or set dataset.cache")
    }
  }
}
