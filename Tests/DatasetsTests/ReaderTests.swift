// Every format is read to the pixel and label.

import Datasets
import Foundation
import Testing

@Suite("Readers")
struct ReaderTests {
  @Test(
    "every file of every format gives the images and labels that were written",
    arguments: [
      (DatasetName.mnist, "mnist", 12, 5), (.fashionMNIST, "fashion-mnist", 12, 5),
      (.emnistLetters, "emnist-letters", 30, 5), (.emnistLetters, "emnist-letters/gzip", 30, 5),
      (.cifar10, "cifar10", 10, 2), (.cifar10, "cifar10/cifar-10-batches-bin", 10, 2), (.cifar100, "cifar100", 4, 2),
      (.svhn, "svhn/compressed", 12, 5), (.svhn, "svhn/plain", 4, 1), (.svhn, "svhn/big-endian", 4, 1),
    ])
  func reads(name: DatasetName, folder: String, training: Int, test: Int) throws {
    let splits = try DatasetSplits(Fixture.options(name, folder, validation: 3))
    Fixture.expect(splits.train, count: training - 3, first: 0, name.descriptor)
    Fixture.expect(splits.validation, count: 3, first: training - 3, name.descriptor)
    Fixture.expect(splits.test, count: test, first: 100, name.descriptor)
    #expect(splits.train.dataset.classNames == name.descriptor.classNames)
  }

  @Test("a packed file may keep the unpacked one's name, and the other way round")
  func contentDecidesAboutPacking() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    let packed = try Fixture.bytes("fashion-mnist/train-images-idx3-ubyte.gz")
    try copy.change("train-images-idx3-ubyte") { $0 = packed }
    let labels = "train-labels-idx1-ubyte"
    try FileManager.default.moveItem(atPath: copy.file(labels), toPath: copy.file(labels + ".gz"))
    let splits = try copy.load()
    Fixture.expect(splits.train, count: 12, first: 0, DatasetName.mnist.descriptor)
  }

  @Test("a .gz of several members, as parallel packers write it, is read to its end")
  func severalMembers() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    let packed = try Fixture.bytes("single/labels-in-two-members.gz")
    try copy.change("train-labels-idx1-ubyte") { $0 = packed }
    let splits = try copy.load()
    Fixture.expect(splits.train, count: 12, first: 0, DatasetName.mnist.descriptor)
  }
}
