// What is said about data sets holds together, and missing files are explained.

import Datasets
import Foundation
import Testing

@Suite("Catalogue")
struct CatalogueTests {
  @Test("descriptors answer to their own name and name every class once", arguments: DatasetName.allCases)
  func descriptors(name: DatasetName) {
    let descriptor = name.descriptor
    #expect(descriptor.name == name)
    #expect(Set(descriptor.classNames).count == descriptor.classes)
    #expect(descriptor.normalization.channels == descriptor.channels)
    #expect(descriptor.validationCount < descriptor.trainingCount)
    #expect(!descriptor.files.isEmpty && !descriptor.directories.isEmpty && !descriptor.homepage.isEmpty)
  }

  @Test("the numbers of classes are the published ones")
  func classes() {
    #expect(DatasetName.allCases.map(\.descriptor.classes) == [10, 10, 26, 10, 100, 10])
    // CIFAR-100 numbers its classes in the order of the alphabet.
    let names = DatasetName.cifar100.descriptor.classNames
    #expect(names == names.sorted())
  }

  @Test("missing files: the error lists every directory, what it lacks, and how to get the files")
  func missing() throws {
    let copy = try DamagedCopy(of: "mnist", as: .mnist)
    try FileManager.default.removeItem(atPath: copy.file("t10k-labels-idx1-ubyte"))
    let message = try #require(copy.error()).description
    #expect(message.contains("\(copy.path) (lacks t10k-labels-idx1-ubyte[.gz])"))
    #expect(message.contains("yann.lecun.com"))
    #expect(!message.contains("\n"))

    let searched = DatasetName.cifar10.descriptor.search(directory: "/nowhere")
    #expect(searched.map(\.path) == ["/nowhere", "/nowhere/cifar-10-batches-bin"])
    #expect(searched.allSatisfy { !$0.exists && !$0.isComplete && $0.missingFiles.count == 6 })
    #expect(throws: DatasetError.missing(.cifar10, searched: searched)) {
      try DatasetSplits(DatasetOptions(name: .cifar10, directory: "/nowhere"))
    }
    #expect(
      DatasetName.fashionMNIST.descriptor.search().map(\.path) == [
        "data/fashion-mnist", "/usr/share/datasets/fashion-mnist",
      ])
    #expect(DatasetName.fashionMNIST.descriptor.instructions.contains("apt-get install dataset-fashion-mnist"))
  }
}
