// A directory of a test's own with what a user would have there: a configuration and a data set.

import Foundation
import Telemetry

/// A temporary directory, removed when nothing refers to it any more.
final class Workspace: Sendable {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("odn-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Path of a file in it.
  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Names of the files in a directory in it.
  func names(in directory: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file(directory)).sorted()
  }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func lines(_ name: String) throws -> [String] { try text(name).split(separator: "\n").map(String.init) }

  /// How many epochs a run's log has. Weights follow each of them.
  func epochs(_ run: String) throws -> Int {
    let log = "\(run)/events.jsonl"
    guard FileManager.default.fileExists(atPath: file(log)) else { return 0 }
    return try lines(log).count { $0.contains("\"event\":\"epoch\"") }
  }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
  }

  /// Writes a changed copy of a file, in its place or under a name of its own.
  func change(_ name: String, to copy: String? = nil, _ body: (inout [UInt8]) -> Void) throws {
    var content = try bytes(name)
    body(&content)
    try write(content, to: copy ?? name)
  }

  /// A new file to write to.
  func create(_ name: String) throws -> FileHandle {
    try write([], to: name)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
  }
}

extension Workspace {
  /// One with `tiny.yaml` and its images in `images/`.
  ///
  /// The configuration grows after 2 epochs at depth 1 and ends after 1 at depth 2, whatever is learned: its validation
  /// images are all the same, 2 of each class, so that any network is right about 2 of 20.
  static func withTinySearch() throws -> Workspace {
    let workspace = try Workspace()
    try TinyDigits(training: 48, validation: 20, test: 20).write(to: workspace, "images")
    let configuration = """
      dataset: {name: mnist, directory: images, validation: 20}
      network: {architecture: resnet18}
      warmUp: {epochs: 1}
      search: {policy: paper, target: 100, maximumDepth: 2, patience: 1, epochLimit: 3}
      training: {batchSize: 16}

      """
    try workspace.write(configuration.utf8, to: "tiny.yaml")
    return workspace
  }
}

extension Workspace {
  /// One with `tiny.yaml`, a search that learns something in each of its 7 epochs and is saved after almost every step.
  static func withLearningSearch() throws -> Workspace {
    let workspace = try Workspace()
    try TinyDigits(training: 68, validation: 0, test: 20).write(to: workspace, "images")
    let configuration = """
      dataset: {name: mnist, directory: images, validation: 20}
      network: {architecture: resnet18}
      warmUp: {epochs: 1, learningRate: 0.01}
      search: {policy: paper, target: 100, tolerance: 0, maximumDepth: 2, patience: 2, epochLimit: 6, restart: inherit}
      training: {batchSize: 2, learningRate: 0.02}
      reliability: {checkpointMinutes: 0.001}

      """
    try workspace.write(configuration.utf8, to: "tiny.yaml")
    return workspace
  }
}

extension Workspace {
  /// One with `photos/`, coloured pictures of three classes in folders, and `tiny.yaml` for a search in them.
  static func withPhotos() throws -> Workspace {
    let workspace = try Workspace()
    for name in Self.photoClasses {
      for number in 0..<12 { try workspace.writePhoto(name, number, to: "photos/\(name)/\(number).png") }
    }
    try workspace.write([1], to: "photos/été/notes.txt")
    let configuration = """
      dataset: {name: images, directory: photos, size: 12x16, cache: cache}
      network: {architecture: resnet18}
      warmUp: {epochs: 1}
      search: {policy: paper, target: 100, maximumDepth: 1, patience: 1, epochLimit: 2}
      training: {batchSize: 8}

      """
    try workspace.write(configuration.utf8, to: "tiny.yaml")
    return workspace
  }

  /// The classes of `photos/`, whose pictures are red, green and blue.
  static let photoClasses = ["red wine", "Grass", "été"]

  /// Writes a picture of a class of `photos/`, of which no two are alike, in a share of its brightness.
  func writePhoto(_ name: String, _ number: Int, brightness: Double = 1, to path: String) throws {
    let ownChannel = Self.photoClasses.firstIndex(of: name) ?? 0
    let (height, width) = (10 + number, 20 - number)
    var pixels: [UInt8] = []
    for pixel in 0..<height * width {
      for channel in 0..<3 {
        let value = channel == ownChannel ? 200 + (pixel + number) % 50 : 5 * number
        pixels.append(UInt8(brightness * Double(value)))
      }
    }
    let folder = URL(fileURLWithPath: file(path)).deletingLastPathComponent()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try write(PNGImage(width: width, height: height, channels: 3, pixels: pixels).file, to: path)
  }
}

/// Files in MNIST's format with few images that look like no digits: a bright bar at a height that tells the class.
struct TinyDigits {
  static let size = 28

  let training: Int
  /// Images at the end of the training file without a bar.
  let validation: Int
  let test: Int

  func write(to workspace: Workspace, _ directory: String) throws {
    try FileManager.default.createDirectory(atPath: workspace.file(directory), withIntermediateDirectories: true)
    let parts = [("train", training, validation), ("t10k", test, 0)]
    for (prefix, bars, blanks) in parts {
      let labels = (0..<bars + blanks).map { UInt8($0 % 10) }
      let images = (0..<bars + blanks).flatMap { Self.image(class: $0 < bars ? $0 % 10 : nil, shade: UInt8($0 % 64)) }
      let count = UInt32(bars + blanks)
      let size = UInt32(Self.size)
      try workspace.write(
        Self.header([0x0803, count, size, size]) + images, to: "\(directory)/\(prefix)-images-idx3-ubyte")
      try workspace.write(Self.header([0x0801, count]) + labels, to: "\(directory)/\(prefix)-labels-idx1-ubyte")
    }
  }

  private static func image(class number: Int?, shade: UInt8) -> [UInt8] {
    (0..<size * size).map { pixel in
      let row = pixel / size
      guard let number else { return 0 }
      return row / 2 == number + 2 ? 255 - shade : shade
    }
  }

  private static func header(_ fields: [UInt32]) -> [UInt8] {
    fields.flatMap { field in (0..<4).map { UInt8(truncatingIfNeeded: field >> (24 - 8 * $0)) } }
  }
}
