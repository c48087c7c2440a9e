// Published files are known by their content, whatever they are called and however they are packed.

import Datasets
import Foundation
import Testing

@Suite("Published files")
struct RecognitionTests {
  private static let fashion = DatasetName.fashionMNIST.descriptor.search().first(where: \.isComplete)?.path

  /// The four files of Fashion-MNIST under the names of another data set in a folder of their own.
  private static func copy(as name: DatasetName) throws -> DamagedCopy {
    let copy = try DamagedCopy(of: "single", as: name)
    let theirs = DatasetName.fashionMNIST.descriptor.files.map { $0.replacing("[.gz]", with: ".gz") }
    let ours = name.descriptor.files.map { $0.replacing("[.gz]", with: ".gz") }
    for (source, target) in zip(theirs, ours) {
      try FileManager.default.copyItem(atPath: "\(try #require(fashion))/\(source)", toPath: copy.file(target))
    }
    return copy
  }

  @Test(
    "those of one data set are refused as another's by their name",
    .enabled(if: fashion != nil, "Fashion-MNIST is not installed: apt-get install dataset-fashion-mnist"),
    arguments: [DatasetName.mnist, .emnistLetters])
  func others(name: DatasetName) throws {
    let copy = try Self.copy(as: name)
    guard case .otherDataset(let file, name, let found)? = copy.error() else {
      Issue.record("\(String(describing: copy.error()))")
      return
    }
    #expect(file.hasPrefix(copy.path) && found.dataset == .fashionMNIST)
    let message = try #require(copy.error()).description
    #expect(message.contains("expected a file of \(name), found ") && message.contains("dataset.name to fashion-mnist"))
    #expect(throws: DownloadError.self) { try name.descriptor.fetch(to: copy.path) { _ in } }
  }

  @Test(
    "each of them is recognized packed, unpacked, and by its beginning",
    .enabled(if: fashion != nil, "Fashion-MNIST is not installed: apt-get install dataset-fashion-mnist"))
  func forms() throws {
    let copy = try Self.copy(as: .fashionMNIST)
    #expect(copy.error() == nil)
    for file in DatasetName.fashionMNIST.descriptor.published {
      let found = try #require(RecognizedFile(idx: copy.file(file.name)))
      #expect(found.dataset == .fashionMNIST && found.name == file.name)
      // As it stands in the file, without the bytes of its last items.
      let unpack = Process()
      unpack.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      unpack.arguments = ["gzip", "-d", copy.file(file.name)]
      try unpack.run()
      unpack.waitUntilExit()
      let plain = String(file.name.dropLast(3))
      #expect(RecognizedFile(idx: copy.file(plain)) == found)
      try copy.change(plain) { bytes in
        let isLabels = bytes[3] == 1
        bytes.removeLast(bytes.count - (isLabels ? 8 + 1_000 : 16 + 1_000 * 784))
        (bytes[6], bytes[7]) = (3, 232)  // 1,000
        (bytes[4], bytes[5]) = (0, 0)
      }
      #expect(RecognizedFile(idx: copy.file(plain)) == found)
      try copy.change(plain) { $0[20] ^= 1 }
      #expect(RecognizedFile(idx: copy.file(plain)) == nil)
    }
  }

  @Test("others are not, whatever they are")
  func unknown() {
    for file in [
      "mnist/t10k-images-idx3-ubyte", "emnist-letters/gzip/emnist-letters-test-images-idx3-ubyte.gz",
      "single/images-without-end.gz", "single/images-bomb.gz", "npz/whole.npz", "generate.py", "absent", "single",
    ] {
      #expect(RecognizedFile(idx: "\(Fixture.root)/\(file)") == nil)
    }
  }

  @Test("the layout of IDX files is that of their data set")
  func layouts() {
    let layouts = DatasetName.allCases.map(\.descriptor.idxLayout)
    let letters = IDXLayout(isTransposed: true, firstLabel: 1)
    #expect(layouts == [.upright, .upright, letters, nil, nil, nil])
    let file = "\(Fixture.root)/mnist/t10k-images-idx3-ubyte"
    #expect(IDXLayout.ofFile(file, otherwise: letters) == letters)
  }
}
