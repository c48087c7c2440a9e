// A wrong, truncated or hostile file ends in an error that says where and what.

import Datasets
import Foundation
import Testing

@Suite("Damaged files")
struct DamagedFileTests {
  static let images = "train-images-idx3-ubyte"
  static let labels = "train-labels-idx1-ubyte"
  static let mat = "train_32x32.mat"

  @Test("IDX: a wrong magic number is named")
  func wrongMagic() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.images) { $0[3] = 1 }
    #expect(
      copy.error()
        == .malformed(
          FilePosition(file: copy.file(Self.images), offset: 0), expected: "the IDX magic number 0x803",
          found: "0x801"))
  }

  @Test("IDX: images of another size are refused")
  func wrongDimensions() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.images) { $0[15] = 29 }
    #expect(
      copy.error()
        == .malformed(
          FilePosition(file: copy.file(Self.images), offset: 12), expected: "images of 28x28", found: "28x29"))
  }

  @Test("IDX: no images at all are refused")
  func empty() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.images) { $0.replaceSubrange(4..<8, with: [0, 0, 0, 0]) }
    #expect(malformed(copy.error())?.position.offset == 4)
  }

  @Test("IDX: a file cut anywhere is truncated there", arguments: [0, 3, 8, 15, 16, 17, 9_423])
  func truncated(length: Int) throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.images) { $0.removeSubrange(length...) }
    let start = length < 16 ? 0 : 16
    #expect(
      copy.error()
        == .truncated(
          FilePosition(file: copy.file(Self.images), offset: start), expected: start == 0 ? 16 : 12 * 784,
          found: length - start))
  }

  @Test("IDX: bytes after the last label are refused")
  func trailing() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.labels) { $0.append(0) }
    #expect(
      copy.error()
        == .malformed(
          FilePosition(file: copy.file(Self.labels), offset: 20), expected: "the end", found: "more bytes"))
  }

  @Test("IDX: a hostile number of images costs no memory, packed or not")
  func hostileCounts() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.images) { $0.replaceSubrange(4..<8, with: [255, 255, 255, 255]) }
    let declared = 0xffff_ffff * 784
    #expect(
      copy.error()
        == .truncated(
          FilePosition(file: copy.file(Self.images), offset: 16), expected: declared, found: 12 * 784))
    for (file, expected) in [("images-without-end", declared), ("images-bomb", 60_000 * 784)] {
      let packed = try Fixture.bytes("single/\(file).gz")
      try copy.change(Self.images) { $0 = packed }
      guard case .truncated(let position, expected, _) = copy.error() else {
        Issue.record("\(file): \(String(describing: copy.error()))")
        continue
      }
      #expect(position == FilePosition(file: copy.file(Self.images), offset: 16, unpackedFrom: 0))
    }
  }

  @Test("IDX: even a file that is as large as it says is not read beyond 1 GiB")
  func tooLarge() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.images) { $0.replaceSubrange(4..<8, with: [0, 255, 255, 255]) }
    let bytes = 0xff_ffff * 784
    // A sparse file: it takes no room on the disk.
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: copy.file(Self.images)))
    try handle.truncate(atOffset: UInt64(16 + bytes))
    try handle.close()
    #expect(
      copy.error()
        == .tooLarge(FilePosition(file: copy.file(Self.images), offset: 16), bytes: bytes, limit: 1 << 30))
  }

  @Test("IDX: as many labels as images, or an error with both numbers")
  func countMismatch() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try copy.change(Self.labels) {
      $0[7] = 11
      $0.removeLast()
    }
    #expect(
      copy.error()
        == .countMismatch(
          imagesFile: copy.file(Self.images), images: 12, labelsFile: copy.file(Self.labels), labels: 11))
  }

  @Test("gzip: a cut file, a wrong checksum, damaged data and bytes after the end are refused")
  func damagedGzip() throws {
    func error(_ change: (inout [UInt8]) -> Void) throws -> (FilePosition, String, String)? {
      let copy = try DamagedCopy(of: "fashion-mnist", as: .fashionMNIST)
      try copy.change("train-images-idx3-ubyte.gz", change)
      let parts = try #require(malformed(copy.error()))
      #expect(parts.position.file == copy.file("train-images-idx3-ubyte.gz"))
      #expect(parts.position.unpackedFrom == nil)
      return parts
    }
    let count = try Fixture.bytes("fashion-mnist/train-images-idx3-ubyte.gz").count
    let cut = try error { $0.removeLast(100) }
    #expect(cut?.0.offset == count - 100 && cut?.1 == "more packed data")
    let withoutChecksum = try error { $0.removeLast(8) }
    #expect(withoutChecksum?.0.offset == count - 8 && withoutChecksum?.1 == "more packed data")
    #expect(try error { $0[count - 8] ^= 1 }?.2 == "incorrect data check")
    #expect(try error { $0[count - 1] ^= 1 }?.2 == "incorrect length check")
    #expect(try error { $0[10] = 0xff }?.2 == "invalid block type")
    #expect(try error { $0 += [1, 2, 3, 4] }?.2 == "incorrect header check")
  }

  @Test("gzip: packed data that ends before the declared number of labels is truncated")
  func shortGzip() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    let packed = try Fixture.bytes("single/labels-one-short.gz")
    try copy.change(Self.labels) { $0 = packed }
    #expect(
      copy.error()
        == .truncated(
          FilePosition(file: copy.file(Self.labels), offset: 8, unpackedFrom: 0), expected: 12, found: 11))
  }

  @Test("a label that stands for no class is named with file, byte, label and classes")
  func labelOutOfRange() throws {
    func error(_ name: DatasetName, _ folder: String, _ file: String, _ offset: Int, _ label: UInt8) throws -> String {
      let copy = try DamagedCopy(of: folder, as: name)
      try copy.change(file) { $0[offset] = label }
      return try #require(copy.error()).description.replacingOccurrences(of: copy.path, with: "DIR")
    }
    #expect(
      try error(.mnist, "mnist", Self.labels, 9, 10).hasPrefix(
        "DIR/\(Self.labels), byte 9: expected a label of 0 to 9 (10 classes), found 10:"))
    #expect(
      try error(.cifar10, "cifar10/cifar-10-batches-bin", "data_batch_2.bin", 3_073, 11).hasPrefix(
        "DIR/data_batch_2.bin, byte 3073: expected a label of 0 to 9 (10 classes), found 11:"))
    #expect(
      try error(.cifar100, "cifar100", "train.bin", 3_075, 100).hasPrefix(
        "DIR/train.bin, byte 3075: expected a label of 0 to 99 (100 classes), found 100:"))
  }

  @Test("EMNIST letters: label 0 is out of range, since its labels count from 1")
  func letterZero() throws {
    let copy = try DamagedCopy(of: "emnist-letters/gzip", as: .emnistLetters)
    let file = "emnist-letters-train-labels-idx1-ubyte.gz"
    try copy.change(file) { $0 = [0, 0, 8, 1, 0, 0, 0, 3, 26, 0, 27] }
    #expect(
      copy.error()
        == .labelOutOfRange(
          FilePosition(file: copy.file(file), offset: 9), label: 0, allowed: 1...26, classes: 26))
  }

  @Test("CIFAR: an empty file and half a record are truncated")
  func cifarTruncated() throws {
    let copy = try DamagedCopy(of: "cifar100", as: .cifar100)
    try copy.change("test.bin") { $0.removeLast(4_000) }
    let file = copy.file("test.bin")
    #expect(copy.error() == .truncated(FilePosition(file: file, offset: 0), expected: 3_074, found: 2_148))
    try copy.change("test.bin") { $0 += [UInt8](repeating: 7, count: 1_000) }
    #expect(copy.error() == .truncated(FilePosition(file: file, offset: 3_074), expected: 3_074, found: 74))
    try copy.change("test.bin") { $0 = [] }
    #expect(copy.error() == .truncated(FilePosition(file: file, offset: 0), expected: 3_074, found: 0))
  }

  @Test("a directory or a pipe in place of a file is an error, not a wait")
  func notAFile() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    let file = copy.file(Self.labels)
    try FileManager.default.removeItem(atPath: file)
    try FileManager.default.createDirectory(atPath: file, withIntermediateDirectories: false)
    #expect(copy.error() == .unreadable(file: file, reason: "it is not a regular file"))
    try FileManager.default.removeItem(atPath: file)
    try #require(mkfifo(file, 0o600) == 0)
    #expect(copy.error() == .unreadable(file: file, reason: "it is not a regular file"))
  }
}
