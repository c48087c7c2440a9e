// Images that a network is scored on come in its size and with its classes, whatever file they are in.

import Datasets
import Foundation
import Images
import Testing

@Suite("Images to be scored")
struct ScoredImagesTests {
  private static func options(
    _ classes: [String], height: Int = 4, width: Int = 4, channels: Int = 1, idx: IDXLayout = .upright,
    isCertain: Bool = false, labels: String? = nil, part: ScoringOptions.Part? = nil
  ) -> ScoringOptions {
    ScoringOptions(
      height: height, width: width, channels: channels, classes: ClassList(classes), idxLayout: idx,
      isLayoutCertain: isCertain, labels: labels, part: part)
  }

  private static func error(_ path: String, _ options: ScoringOptions) -> DatasetError? {
    do {
      _ = try ImageDataset(scoring: path, options)
      return nil
    } catch {
      return error
    }
  }

  @Test("classes are found by their names or numbers, in any order")
  func classes() {
    let names = ClassList(["rose", "daisy", "e\u{301}t\u{e9}"])
    #expect(names.label(of: "daisy") == 1 && names.label(of: "\u{e9}te\u{301}") == 2 && names.label(of: "Rose") == nil)
    #expect(names.label(ofNumber: 2) == 2 && names.label(ofNumber: 3) == nil && names.label(ofNumber: -1) == nil)
    let numbers = ClassList(["0", "1", "10", "2"])
    #expect(numbers.label(ofNumber: 10) == 2 && numbers.label(ofNumber: 2) == 3 && numbers.label(ofNumber: 3) == nil)
  }

  @Test("all pictures of a folder of some of the classes, with their files")
  func folder() throws {
    let folder = try PictureFolder()
    try folder.paint("night/1.png", 3)
    try folder.paint("night/more/2.png", 5)
    try folder.paint("day/1.png", 200, 100, 50)
    try folder.write([1], to: "day/notes.txt")
    var warnings: [String] = []
    let images = try ImageDataset(
      scoring: folder.path, Self.options(["night", "dusk", "day"]), warn: { warnings.append($0) })
    #expect(images.classNames == ["night", "dusk", "day"] && images.labels == [2, 0, 0])
    #expect(warnings.count == 1 && warnings[0].contains("left out 1 file"))
    let split = DatasetSplit(images)
    #expect(
      (0..<3).map { split.origin(at: $0)?.file }
        == ["day", "night", "night/more"].enumerated().map {
          "\(folder.path)/\($0.element)/\($0.offset == 2 ? 2 : 1).png"
        })
    #expect(Array(split.image(at: 2)) == [UInt8](repeating: 5, count: 16))

    let known = ["night", "dusk"]
    #expect(
      Self.error(folder.path, Self.options(known)) == .unknownClass(place: folder.path, name: "day", known: known))
    #expect(
      Self.error("\(folder.path)/night/more", Self.options(known))
        == .ownData(.noClasses(directory: "\(folder.path)/night/more", found: 0)))
    #expect(
      Self.error(folder.path, Self.options(known, channels: 2))
        == .ownData(.channels(place: folder.path, network: 2)))
    for wrong in [Self.options(known, labels: "labels"), Self.options(known, part: .test)] {
      let error = try #require(Self.error(folder.path, wrong))
      #expect(error.isUsage && error.description.contains("leave it out"))
    }
    guard case .ownData(.noLabels)? = Self.error("\(folder.path)/night/1.png", Self.options(known)) else {
      Issue.record("a picture alone has no class")
      return
    }
  }

  private static let letters = "\(Fixture.root)/emnist-letters/gzip/emnist-letters-test-images-idx3-ubyte.gz"
  private static let digits = "\(Fixture.root)/mnist/t10k-images-idx3-ubyte"

  @Test("IDX files are turned and counted as the network's own are, and fitted")
  func idx() throws {
    let descriptor = DatasetName.emnistLetters.descriptor
    let layout = try #require(descriptor.idxLayout)
    let own = Self.options(descriptor.classNames, height: 28, width: 28, idx: layout)
    let images = try ImageDataset(scoring: Self.letters, own)
    Fixture.expect(DatasetSplit(images), count: images.count, first: 100, descriptor)
    #expect(images.origins?[2] == DatasetSplit(images).origin(at: 2) && images.origins?[2].index == 2)

    // The user says so, for a network of upright files.
    var said = Self.options(descriptor.classNames, height: 28, width: 28, isCertain: true)
    said.idxLayout.isTransposed = true
    let turned = try ImageDataset(scoring: Self.letters, said)
    #expect(turned.pixels == images.pixels && turned.labels == images.labels.map { $0 + 1 })

    let small = try ImageDataset(scoring: Self.digits, Self.options((0...9).map(String.init), channels: 3))
    let first = Image(
      height: 28, width: 28, channels: 1, pixels: Fixture.image(100, DatasetName.mnist.descriptor)
    ).fitted(height: 4, width: 4, channels: 3)
    #expect(Array(DatasetSplit(small).image(at: 0)) == first.pixels)
  }

  @Test("labels that do not belong to images, or are missing, are refused")
  func idxLabels() throws {
    let digits = Self.options((0...9).map(String.init), height: 28, width: 28)
    let images = try DamagedCopy(of: "mnist", as: .mnist)
    var options = digits
    options.labels = images.file("train-labels-idx1-ubyte")
    guard case .countMismatch? = Self.error(Self.digits, options) else {
      Issue.record("more labels than images")
      return
    }
    #expect(Self.error(images.file("t10k-images-idx3-ubyte"), digits) == nil)
    try FileManager.default.removeItem(atPath: images.file("t10k-labels-idx1-ubyte"))
    guard case .ownData(.noLabels)? = Self.error(images.file("t10k-images-idx3-ubyte"), digits) else {
      Issue.record("no labels")
      return
    }
    let few = Self.options(["0", "1", "2", "3"], height: 28, width: 28)
    guard case .unknownClass(Self.digits, _, ["0", "1", "2", "3"])? = Self.error(Self.digits, few) else {
      Issue.record("\(String(describing: Self.error(Self.digits, few)))")
      return
    }
  }

  @Test("of an archive, the part to test or the one asked for; without parts all")
  func archive() throws {
    let npz = "\(Fixture.root)/npz"
    let classes = (0...9).map(String.init)
    func count(_ name: String, _ part: ScoringOptions.Part? = nil) throws -> Int {
      let input = try DatasetOptions(name: .npz, file: "\(npz)/\(name).npz").facts()
      let options = Self.options(
        classes, height: input.height, width: input.width, channels: input.channels, part: part)
      return try ImageDataset(scoring: "\(npz)/\(name).npz", options).count
    }
    #expect(try count("stored") == 5 && count("deflated", .test) == 5)
    #expect(try count("parts") == 4 && count("parts", .validation) == 4)
    #expect(try count("whole") == 20)
    #expect(throws: DatasetError.self) { try count("whole", .validation) }
  }

  @Test("IDX images that are not square are turned as a whole")
  func transposed() throws {
    let folder = try PictureFolder()
    try folder.write([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + Array(1...12), to: "images")
    let file = try ImageFile(path: "\(folder.path)/images", isTransposed: true)
    #expect(file.count == 2)
    #expect(file.image(at: 1) == Image(height: 3, width: 2, channels: 1, pixels: [7, 10, 8, 11, 9, 12]))
    #expect(
      try ImageFile(path: "\(folder.path)/images").image(at: 0)
        == Image(height: 2, width: 3, channels: 1, pixels: Array(1...6)))
  }

  @Test("the pictures in a folder are listed in the order of their paths, whatever else is there")
  func listing() throws {
    let folder = try PictureFolder()
    for name in ["b/2.png", "b/10.JPG", "a.jpeg", "B.png"] { try folder.write([1], to: name) }
    try folder.write([1], to: "b/notes.txt")
    let (paths, leftOut) = try ImageFile.pictures(in: folder.path)
    #expect(paths == ["B.png", "a.jpeg", "b/10.JPG", "b/2.png"].map { "\(folder.path)/\($0)" })
    #expect(leftOut?.contains("1 file beside .png, .jpg, .jpeg (the first: b/notes.txt)") == true)
    let empty = try PictureFolder()
    #expect(throws: DatasetError.ownData(.noPictures(directory: empty.path))) { try ImageFile.pictures(in: empty.path) }
  }

  @Test("a network that another data set of the same classes taught sees them in its order, normalized as its own")
  func seen() throws {
    let folder = try PictureFolder()
    for (name, color) in [("a", UInt8(10)), ("b", 20), ("c", 30)] {
      for number in 0..<4 { try folder.paint("\(name)/\(number).png", color) }
    }
    let data = try folder.load()
    let normalization = Normalization(mean: [0.25], standardDeviation: [0.5])
    let classes = ClassList(["c", "x", "b", "a"])
    let seen = try data.seen(by: classes, normalization: normalization, naming: .names, place: "p")
    #expect(seen.normalization == normalization && seen.test.dataset.classNames == classes.names)
    for split in [seen.train, seen.validation, seen.test] {
      for index in 0..<split.count {
        let name = try #require(split.origin(at: index)).file.dropFirst(folder.path.count + 1).prefix(1)
        #expect(classes.names[Int(split.label(at: index))] == name)
      }
    }
    #expect(throws: DatasetError.unknownClass(place: "p", name: "c", known: ["a", "b"])) {
      try data.seen(by: ClassList(["a", "b"]), normalization: normalization, naming: .names, place: "p")
    }
  }
}
