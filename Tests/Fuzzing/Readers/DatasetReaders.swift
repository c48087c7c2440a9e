// The readers of data sets. Each reads one part of a data set from one or two files in memory, or all of an archive.

import Datasets

extension FuzzReader {
  private static let images = "train-images-idx3-ubyte"
  private static let labels = "train-labels-idx1-ubyte"

  /// A byte for the data set, the file of labels as a part, the file of images.
  static let idx = FuzzReader(name: "idx") { bytes in
    var input = FuzzInput(bytes)
    let isLetters = input.byte() & 1 == 1
    let prefix = isLetters ? "emnist-letters-" : ""
    return read(
      isLetters ? .emnistLetters : .mnist, .training, [prefix + labels: input.part(), prefix + images: input.rest()])
  }

  /// A byte for the form, and a packed file of images; or, if the form is 1, what is to be packed in two members, the
  /// first of them as a part.
  static let gzip = FuzzReader(name: "gzip") { bytes in
    var input = FuzzInput(bytes)
    let file = input.byte() == 1 ? Packing.gzip(input.part()) + Packing.gzip(input.rest()) : input.rest()
    return read(.mnist, .training, [labels: [0, 0, 8, 1, 0, 0, 0, 1, 7], images: file])
  }

  /// A byte for the data set, and its file.
  static let cifar = FuzzReader(name: "cifar") { bytes in
    var input = FuzzInput(bytes)
    return input.byte() & 1 == 1
      ? read(.cifar100, .test, ["test.bin": input.rest()]) : read(.cifar10, .test, ["test_batch.bin": input.rest()])
  }

  /// A byte for the form and the byte order, and a whole file, the elements behind a header, or those to be packed.
  static let matlab = FuzzReader(name: "matlab") { bytes in
    var input = FuzzInput(bytes)
    let form = input.byte()
    let isBigEndian = form & 4 != 0
    let header = [UInt8](repeating: 32, count: 124) + (isBigEndian ? [1, 0, 77, 73] : [0, 1, 73, 77])
    func packed(_ element: [UInt8]) -> [UInt8] {
      let data = Packing.zlib(element)
      let tag = [15, UInt32(data.count)]
      return tag.flatMap { isBigEndian ? $0.bigEndianBytes : $0.littleEndianBytes } + data
    }
    let file =
      switch form & 3 {
      case 1: header + input.rest()
      case 2: header + packed(input.part()) + packed(input.rest())
      default: input.rest()
      }
    return read(.svhn, .test, ["test_32x32.mat": file])
  }

  /// A byte for the form, and a whole archive; or, if the form is 1 or 2, the four arrays as parts, stored or deflated.
  static let npz = FuzzReader(name: "npz") { bytes in
    var input = FuzzInput(bytes)
    let form = input.byte()
    var file: [UInt8]
    if form == 1 || form == 2 {
      let names = ["x_train", "y_train", "x_test", "y_test"]
      file = Packing.zip(names.map { ("\($0).npy", input.part()) }, deflated: form == 2)
    } else {
      file = input.rest()
    }
    do throws(DatasetError) {
      _ = try DatasetSplits(npz: file, name: "fuzz.npz", DatasetOptions(name: .npz))
      return nil
    } catch {
      return error.description
    }
  }

  private static func read(_ name: DatasetName, _ part: DatasetPart, _ files: [String: [UInt8]]) -> String? {
    do throws(DatasetError) {
      _ = try ImageDataset(name, part, files: files)
      return nil
    } catch {
      return error.description
    }
  }
}
