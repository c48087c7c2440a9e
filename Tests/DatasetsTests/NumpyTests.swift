// Archives of numpy: those that it has written, and others that are not as they should be.

import Datasets
import Foundation
import Testing

@Suite("Archives of numpy")
struct NumpyTests {
  private func options(_ name: String, validation: Int? = nil) -> DatasetOptions {
    DatasetOptions(name: .npz, file: "\(Fixture.root)/npz/\(name).npz", validation: validation)
  }

  /// Requires that a split holds the images `numbers` as `generate.py` computes them, in any order.
  private func expect(_ split: DatasetSplit, _ numbers: Range<Int>) {
    let data = split.dataset
    var left = numbers.map { n in
      let pixels = (0..<data.height).flatMap { row in
        (0..<data.width).flatMap { column in
          (0..<data.channels).map { UInt8((31 * n + 7 * row + 13 * column + 101 * $0 + row * column) % 256) }
        }
      }
      return pixels + [Fixture.label(n, classes: data.classes)]
    }
    for index in 0..<split.count {
      let found = left.firstIndex(of: Array(split.image(at: index)) + [split.label(at: index)])
      if let found { left.remove(at: found) } else { Issue.record("image \(index) is none that is expected") }
    }
    #expect(left.isEmpty)
  }

  @Test("x_train, y_train, x_test and y_test, stored and deflated", arguments: ["stored", "deflated"])
  func keras(name: String) throws {
    let splits = try DatasetSplits(options(name, validation: 0))
    expect(splits.train, 0..<12)
    expect(splits.test, 100..<105)
    #expect(splits.train.dataset.classNames == ["0", "1", "2", "3"])
    #expect(try options(name).facts() == DatasetSplits(options(name)).facts)
    #expect(try DatasetSplits(options(name)).validation.count == 1, "a tenth")
  }

  @Test("parts for training, validation and test of images in colour, with labels of any integers")
  func parts() throws {
    let splits = try DatasetSplits(options("parts"))
    expect(splits.train, 0..<8)
    expect(splits.validation, 50..<54)
    expect(splits.test, 100..<104)
  }

  @Test("images and labels alone are divided")
  func whole() throws {
    let splits = try DatasetSplits(options("whole"))
    #expect(splits.test.classCounts == [2, 2] && splits.train.count == 15 && splits.validation.count == 1)
  }

  private static let images = NumpyFile("u1", [2, 1, 3], [1, 2, 3, 4, 5, 6])
  private static let labels = NumpyFile("u1", [2], [0, 1])
  private static let arrays = [
    "x_train": images, "y_train": labels, "x_test": images, "y_test": labels,
  ]

  private func splits(_ archive: ZipFile) throws(DatasetError) -> DatasetSplits {
    try DatasetSplits(npz: archive.bytes, name: "a.npz", DatasetOptions(name: .npz, validation: 0))
  }

  @Test("labels of every type of integers")
  func labelTypes() throws {
    for type in ["|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "=i4", ">u1"] {
      var arrays = Self.arrays
      arrays["y_train"] = NumpyFile(type, [2], NumpyFile.littleEndian([1, 0], type))
      let found = try splits(ZipFile(arrays)).train
      #expect(Set(found.contents) == [[1, 1], [4, 0]], "\(type)")
    }
  }

  @Test("a single image, of which none is left to test, is refused")
  func one() throws {
    let arrays = ["images": NumpyFile("u1", [1, 1, 3], [1, 2, 3]), "labels": NumpyFile("u1", [1], [1])]
    let error = #expect(throws: DatasetError.self) { try splits(ZipFile(arrays)) }
    #expect(
      error?.description.contains("and one at least to test, found 1 image") == true, "\(String(describing: error))")
  }

  struct Refusal: Sendable {
    let name: String
    let array: NumpyFile?
    let message: String

    init(_ name: String, _ array: NumpyFile?, _ message: String) {
      (self.name, self.array, self.message) = (name, array, message)
    }
  }

  @Test(
    "what is no images and labels is refused",
    arguments: [
      Refusal("y_train", nil, "expected an array y_train beside x_train"),
      Refusal("x_train", nil, "expected images in an array x_train"),
      Refusal("x_train", NumpyFile("<f4", [2, 1, 3], [UInt8](repeating: 0, count: 24)), "found the type <f4"),
      Refusal("x_train", NumpyFile("<u2", [2, 1, 3], [UInt8](repeating: 0, count: 12)), "found u2 (2, 1, 3)"),
      Refusal("x_train", NumpyFile("u1", [6], [1, 2, 3, 4, 5, 6]), "found u1 (6)"),
      Refusal("x_train", NumpyFile("u1", [2, 1, 3], [1, 2, 3, 4, 5, 6], isFortran: true), "in Fortran order"),
      Refusal("x_train", NumpyFile("u1", [3, 1, 2], [1, 2, 3, 4, 5, 6]), "found 3 images"),
      Refusal("x_train", NumpyFile("u1", [2, 1, 3], [1, 2, 3, 4, 5]), "expected 6 more bytes"),
      Refusal("x_train", NumpyFile("u1", [2, 1, 3], [1, 2, 3, 4, 5, 6, 7]), "expected the end"),
      Refusal("x_train", NumpyFile("u1", [1 << 40, 4_096, 4_096], []), "expected a shape that fits into memory"),
      Refusal("x_train", NumpyFile("u1", [1 << 30, 64, 64], []), "at most 10000000 images"),
      Refusal("y_train", NumpyFile("u1", [1 << 30], []), "and \(1 << 30) labels"),
      Refusal("x_test", NumpyFile("u1", [2, 3, 1], [1, 2, 3, 4, 5, 6]), "expected images like those before"),
      Refusal("y_train", NumpyFile(">i2", [2], [0, 0, 0, 1]), "found the type >i2"),
      Refusal("y_train", NumpyFile("i1", [2], [0, 255]), "found -1 at 1"),
      Refusal("y_train", NumpyFile("<u2", [2], [0, 0, 0, 1]), "found 256 at 1"),
      Refusal("y_train", NumpyFile("<u8", [2], [UInt8](repeating: 255, count: 16)), "found a far larger number at 0"),
      Refusal("y_train", NumpyFile("u1", [2, 2], [0, 1, 1, 0]), "expected labels of shape (N) or (N, 1)"),
    ])
  func refusals(_ refusal: Refusal) throws {
    var arrays = Self.arrays
    arrays[refusal.name] = refusal.array
    let error = #expect(throws: DatasetError.self) { try splits(ZipFile(arrays)) }
    #expect(error?.description.contains(refusal.message) == true, "\(String(describing: error))")
  }

  @Test("labels that are all the same make no classes")
  func oneClass() throws {
    var arrays = Self.arrays
    arrays["y_train"] = NumpyFile("u1", [2], [0, 0])
    arrays["y_test"] = arrays["y_train"]
    #expect(throws: DatasetError.ownData(.classes(place: "a.npz", found: 1))) { try splits(ZipFile(arrays)) }
  }

  @Test("archives that are too large, encrypted, packed otherwise, or damaged are refused")
  func archives() throws {
    func complaint(_ change: (inout ZipFile) -> Void) -> String {
      var archive = ZipFile(Self.arrays)
      change(&archive)
      do {
        _ = try splits(archive)
        return ""
      } catch {
        return error.description
      }
    }
    #expect(complaint { _ in } == "")
    #expect(complaint { $0.entries = 0xFFFF }.contains("zip64"))
    #expect(complaint { $0.size = 0xFFFF_FFFF }.contains("zip64"))
    #expect(complaint { $0.flags = 1 }.contains("found an encrypted one"))
    #expect(complaint { $0.method = 12 }.contains("found compression method 12"))
    #expect(complaint { $0.checksum = 7 }.contains("expected bytes with the checksum 7"))
    #expect(complaint { $0.size = 1 << 30 }.contains("more bytes"))
    #expect(complaint { $0.start = 1 << 30 }.contains("more bytes"))
    #expect(complaint { $0.end = [] }.contains("expected a zip archive"))
    #expect(complaint { $0.entries = 60_000 }.contains("more bytes"))
    for length in stride(from: 0, to: ZipFile(Self.arrays).bytes.count, by: 7) {
      #expect(throws: DatasetError.self) {
        try DatasetSplits(
          npz: Array(ZipFile(Self.arrays).bytes.prefix(length)), name: "a.npz", DatasetOptions(name: .npz))
      }
    }
  }
}

/// One array as numpy writes it.
struct NumpyFile: Sendable {
  let bytes: [UInt8]

  init(_ type: String, _ shape: [Int], _ numbers: [UInt8], isFortran: Bool = false) {
    let sizes = shape.map { "\($0)," }.joined(separator: " ")
    let header = "{'descr': '\(type)', 'fortran_order': \(isFortran ? "True" : "False"), 'shape': (\(sizes)), }\n"
    bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + numbers
  }

  static func littleEndian(_ numbers: [UInt8], _ type: String) -> [UInt8] {
    numbers.flatMap { [$0] + [UInt8](repeating: 0, count: (Int(type.suffix(1)) ?? 1) - 1) }
  }
}

/// A zip archive of stored files, whose directory may be made wrong.
struct ZipFile {
  var flags = 0
  var method = 0
  /// What the directory says of the first file instead of the truth.
  var checksum: UInt32?
  var size: Int?
  var start: Int?
  /// The number of entries that the end record says instead of the truth.
  var entries: Int?
  var end: [UInt8] = [0x50, 0x4B, 5, 6]
  private let files: [(name: String, content: [UInt8])]

  init(_ arrays: [String: NumpyFile]) {
    files = arrays.sorted { $0.key < $1.key }.map { ("\($0.key).npy", $0.value.bytes) }
  }

  var bytes: [UInt8] {
    var content: [UInt8] = []
    var directory: [UInt8] = []
    for (index, file) in files.enumerated() {
      let name = Array(file.name.utf8)
      let (isFirst, size) = (index == 0, file.content.count)
      let fields =
        word(flags, 2) + word(method, 2) + word(0, 4)
        + word(Int(isFirst ? checksum ?? crc(file.content) : crc(file.content)), 4)
        + word(isFirst ? self.size ?? size : size, 4) + word(isFirst ? self.size ?? size : size, 4)
        + word(name.count, 2)
      directory += [0x50, 0x4B, 1, 2] + word(20, 2) + word(20, 2) + fields + word(0, 12)
      directory += word(isFirst ? start ?? content.count : content.count, 4) + name
      content += [0x50, 0x4B, 3, 4] + word(20, 2) + fields + word(0, 2) + name + file.content
    }
    let count = word(entries ?? files.count, 2)
    return content + directory + end + word(0, 4) + count + count + word(directory.count, 4) + word(content.count, 4)
      + word(0, 2)
  }

  private func word(_ number: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> (8 * $0)) : 0 }
  }

  /// CRC-32 bit by bit.
  private func crc(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xEDB8_8320 : 0) }
    }
  }
}
