// A folder of pictures for each class.

import Datasets
import Foundation
import Images
import Testing

@Suite("Folders of pictures")
struct ImageFolderTests {
  /// A folder with pictures of two classes, dark ones and bright ones, of a shade each.
  private func folder(dark: Int, bright: Int, reversed: Bool = false) throws -> PictureFolder {
    let folder = try PictureFolder()
    var pictures = (0..<dark).map { ("night/\($0).png", UInt8($0)) }
    pictures += (0..<bright).map { ("day/\($0).png", UInt8(128 + $0)) }
    for (name, shade) in reversed ? pictures.reversed() : pictures { try folder.paint(name, shade) }
    return folder
  }

  @Test("classes are the folders in the order of their names' bytes, whatever order they were made in")
  func classes() throws {
    let folder = try PictureFolder()
    for (shade, name) in ["éclair", "apple", "Zebra", "a b"].enumerated() {
      for number in 0..<3 { try folder.paint("\(name)/deeper/\(number).PNG", UInt8(50 * shade + number)) }
    }
    let splits = try folder.load()
    #expect(splits.train.dataset.classNames == ["Zebra", "a b", "apple", "éclair"])
    let all = splits.train.contents + splits.validation.contents + splits.test.contents
    #expect(Set(all).count == 12)
    #expect(all.allSatisfy { [2, 3, 1, 0][Int($0[1])] == $0[0] / 50 })
    #expect(try folder.options().facts() == splits.facts)
  }

  @Test("the division has each class in its share, follows from the seed, and not from the order of the files")
  func division() throws {
    let folder = try folder(dark: 60, bright: 20)
    let splits = try folder.load(folder.options(validation: 8, testShare: 0.25))
    #expect(splits.test.classCounts == [5, 15] && splits.validation.classCounts == [2, 6])
    #expect(splits.train.classCounts == [13, 39])
    let all = splits.train.contents + splits.validation.contents + splits.test.contents
    #expect(Set(all).count == 80, "no image is in two parts")

    let again = try self.folder(dark: 60, bright: 20, reversed: true)
    #expect(try again.load(again.options(validation: 8, testShare: 0.25)).train.contents == splits.train.contents)
    let other = try folder.load(folder.options(validation: 8, testShare: 0.25, splitSeed: 1))
    #expect(other.test.classCounts == [5, 15] && other.test.contents != splits.test.contents)
    let usual = try folder.load()
    #expect(usual.test.count == 16 && usual.validation.count == 6, "a fifth, and a tenth of the rest")
  }

  @Test("folders train, val and test are parts of their own, of which one for validation is used whole")
  func parts() throws {
    let folder = try PictureFolder()
    for (part, first) in [("train", 0), ("val", 100), ("test", 200)] {
      for number in 0..<4 {
        try folder.paint("\(part)/\(number % 2 == 0 ? "b" : "a")/\(number).png", UInt8(first + number))
      }
    }
    let splits = try folder.load()
    #expect(splits.train.contents.map { $0[0] }.sorted() == [0, 1, 2, 3])
    #expect(splits.validation.contents.map { $0[0] }.sorted() == [100, 101, 102, 103])
    #expect(splits.test.contents.map { $0[0] }.sorted() == [200, 201, 202, 203])
    #expect(splits.test.contents.allSatisfy { $0[1] == ($0[0] % 2 == 0 ? 1 : 0) })
    #expect(throws: DatasetError.self) { try folder.load(folder.options(validation: 2)) }
  }

  @Test("pictures are fitted to size and channels, PNG and JPEG, and normalized by what trains")
  func pixels() throws {
    let folder = try PictureFolder()
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("ImagesTests/Fixtures").path
    for (name, copy) in [
      ("color.png", "a/1.png"), ("slope.jpg", "a/2.JPEG"), ("grey.png", "b/1.png"), ("slope.jpg", "b/2.jpg"),
    ] {
      try folder.write(Data(contentsOf: URL(fileURLWithPath: "\(fixtures)/\(name)")), to: copy)
    }
    let size = ImageSize(height: 5, width: 7)
    let splits = try folder.load(folder.options(size: size, channels: 3, testShare: 0.5))
    func fitted(_ name: String) throws -> [UInt8] {
      try Image(path: "\(fixtures)/\(name)").fitted(height: 5, width: 7, channels: 3).pixels
    }
    let expected = try Set(["color.png", "slope.jpg", "grey.png"].map(fitted))
    var found: Set<[UInt8]> = []
    for split in [splits.train, splits.validation, splits.test] {
      for index in 0..<split.count { found.insert(Array(split.image(at: index))) }
    }
    #expect(found == expected)

    let train = splits.train
    for channel in 0..<3 {
      let values = (0..<train.count).flatMap { Array(train.image(at: $0)) }.enumerated()
        .filter { $0.offset % 3 == channel }.map { Double($0.element) / 255 }
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(values.count)
      // Floats hold 7 digits.
      #expect(abs(Double(splits.normalization.mean[channel]) - mean) < 1e-6)
      #expect(abs(Double(splits.normalization.standardDeviation[channel]) - variance.squareRoot()) < 1e-6)
    }
  }

  @Test("what is no picture is left out and counted")
  func leftOut() throws {
    let folder = try folder(dark: 5, bright: 5)
    try folder.write([1, 2], to: "day/notes.txt")
    try folder.write([1, 2], to: "README.md")
    try folder.write([1, 2], to: "day/.hidden.png")
    try folder.write([1, 2], to: ".git/config")
    #expect(try folder.load().train.dataset.classNames == ["day", "night"])
    #expect(
      folder.warnings == [
        "\(folder.path): left out 2 files beside .png, .jpg, .jpeg (the first: README.md) and 2 files whose name begins with a dot"
      ])
  }

  @Test("what cannot be used is refused by its name")
  func refusals() throws {
    let folder = try folder(dark: 3, bright: 3)
    let manager = FileManager.default
    try folder.write(Array("\u{89}PNG\r\n\u{1a}\n".unicodeScalars.map { UInt8($0.value) }), to: "day/1.png")
    guard case .image(.damaged(let file, .png, _))? = folder.error() else {
      Issue.record("\(String(describing: folder.error()))")
      return
    }
    #expect(file == "\(folder.path)/day/1.png")
    try folder.paint("day/1.png", 1)

    try manager.createDirectory(atPath: "\(folder.path)/dusk", withIntermediateDirectories: false)
    #expect(folder.error() == .ownData(.emptyClass(folder: "\(folder.path)/dusk")))
    try manager.removeItem(atPath: "\(folder.path)/dusk")

    try manager.createSymbolicLink(atPath: "\(folder.path)/day/again", withDestinationPath: "..")
    #expect(folder.error() == .ownData(.endlessFolder("\(folder.path)/day/again")))
    try manager.removeItem(atPath: "\(folder.path)/day/again")

    try manager.removeItem(atPath: "\(folder.path)/night")
    #expect(folder.error() == .ownData(.classes(place: folder.path, found: 1)))
    for number in 0..<256 {
      try manager.createDirectory(atPath: "\(folder.path)/\(number)", withIntermediateDirectories: false)
    }
    #expect(folder.error() == .ownData(.classes(place: folder.path, found: 257)))

    try manager.removeItem(atPath: folder.path)
    #expect(folder.error() == .ownData(.noFolder(folder.path)))
    #expect(folder.error()?.isUsage == true)
  }

  @Test("all pictures that cannot be decoded are named at once, the first twenty of many")
  func badPictures() throws {
    let folder = try folder(dark: 70, bright: 70)
    try folder.write([1, 2, 3], to: "night/5.png")
    try folder.write([0xFF, 0xD8, 0xFF], to: "day/69.png")
    guard case .ownData(let problem)? = folder.error(), case .badPictures(folder.path, let errors, 2, 140) = problem
    else {
      Issue.record("\(String(describing: folder.error()))")
      return
    }
    #expect(errors.count == 2 && errors[1] == .unknownFormat(file: "\(folder.path)/night/5.png"))
    let lines = problem.description.split(separator: "\n")
    #expect(
      lines.first
        == "\(folder.path): expected 140 pictures that can be decoded, found 2 that cannot: replace or remove them")
    #expect(lines.count == 3 && lines[1].hasPrefix("\(folder.path)/day/69.png: expected an intact JPEG file"))

    for number in 0..<30 { try folder.write([], to: "day/\(number).png") }
    guard case .ownData(let many)? = folder.error(), case .badPictures(_, let first, 32, 140) = many else {
      Issue.record("\(String(describing: folder.error()))")
      return
    }
    #expect(
      first.count == 20 && many.description.contains("found 32 that cannot: replace or remove them; the first 20 are\n")
    )
    #expect(!FileManager.default.fileExists(atPath: folder.cache), "nothing is kept of a folder that is refused")
  }

  @Test("a class that only tests is refused")
  func unknownClass() throws {
    let folder = try PictureFolder()
    for name in ["train/a", "train/b", "test/c"] { try folder.paint("\(name)/1.png", 7) }
    #expect(
      folder.error()
        == .ownData(.unknownClass(folder: "\(folder.path)/test/c", training: "\(folder.path)/train")))
  }

  @Test("pictures are decoded once: until a file changes, they come from the cache")
  func cache() throws {
    let folder = try folder(dark: 5, bright: 5)
    let first = try folder.load()
    #expect(folder.warnings == [])
    // A picture that cannot be decoded, of the same length and age.
    let picture = "\(folder.path)/day/0.png"
    let attributes = try FileManager.default.attributesOfItem(atPath: picture)
    let time = try #require(attributes[.modificationDate] as? Date)
    let length = try #require(attributes[.size] as? Int)
    func modify(_ date: Date) throws {
      try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: picture)
    }
    try modify(time.addingTimeInterval(-10))
    _ = try folder.load()
    try FileManager.default.removeItem(atPath: folder.cache)
    let again = try folder.load()
    #expect(again.train.contents == first.train.contents)
    try folder.write([UInt8](repeating: 0, count: length), to: "day/0.png")
    try modify(time.addingTimeInterval(-10))
    #expect(try folder.load().train.contents == first.train.contents)
    #expect(folder.warnings == [])

    // Another size, another age: decoded anew.
    #expect(throws: DatasetError.self) { try folder.load(folder.options(size: ImageSize(height: 4, width: 5))) }
    try modify(time.addingTimeInterval(10))
    #expect(throws: DatasetError.self) { try folder.load() }
  }

  @Test("whoever only looks at pictures takes them from the cache, and writes nothing there")
  func readOnlyCache() throws {
    let folder = try folder(dark: 5, bright: 5)
    var options = folder.options()
    options.keepsDecoded = false
    let decoded = try folder.load(options)
    #expect(!FileManager.default.fileExists(atPath: folder.cache))
    _ = try folder.load(folder.options())
    let kept = try Data(contentsOf: URL(fileURLWithPath: folder.cacheFile()))
    let found = try folder.load(options)
    #expect(found.train.contents == decoded.train.contents)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.cacheFile())) == kept)
  }

  @Test("a damaged cache is named, and all is decoded anew", arguments: [0, 9, 70, -1, -5])
  func damagedCache(place: Int) throws {
    let folder = try folder(dark: 5, bright: 5)
    let first = try folder.load()
    let file = try folder.cacheFile()
    let sound = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
    var damaged = sound
    damaged[place < 0 ? damaged.count + place : place] ^= 1
    for content in [damaged, Array(sound.dropLast()), sound + [0], []] {
      try Data(content).write(to: URL(fileURLWithPath: file))
      #expect(try folder.load().test.contents == first.test.contents)
      try #require(folder.warnings.count == 1)
      #expect(folder.warnings[0].hasPrefix("\(file): the decoded pictures that are kept here are damaged"))
      #expect(Array(try Data(contentsOf: URL(fileURLWithPath: file))) == sound)
    }
  }

  @Test("a cache that cannot be written is only warned of")
  func unwritableCache() throws {
    let folder = try folder(dark: 5, bright: 5)
    let expected = try folder.load()
    let found = try folder.load(folder.options(cache: "/dev/null/cache"))
    #expect(found.train.contents == expected.train.contents)
    #expect(folder.warnings.count == 1 && folder.warnings[0].hasPrefix("the decoded pictures are not kept"))
  }
}
