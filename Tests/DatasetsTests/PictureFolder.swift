// Folders of pictures that tests make for themselves.

import Datasets
import Foundation
import Telemetry
import Testing

/// A directory of a test's own, removed at the end, with pictures in it and a cache beside them.
final class PictureFolder {
  let path: String
  /// What reading it warned of.
  private(set) var warnings: [String] = []
  private let base: URL

  init() throws {
    base = FileManager.default.temporaryDirectory.appendingPathComponent("odn-\(UUID().uuidString)")
    path = base.appendingPathComponent("pictures").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: base) }

  var cache: String { base.appendingPathComponent("cache").path }

  /// The one file in the cache.
  func cacheFile() throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: cache)
    try #require(names.count == 1)
    return "\(cache)/\(names[0])"
  }

  func write(_ bytes: some Sequence<UInt8>, to name: String) throws {
    let file = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
  }

  /// Writes a picture of 4x4 pixels, all of one colour.
  func paint(_ name: String, _ color: UInt8...) throws {
    let pixels = (0..<16).flatMap { _ in color }
    try write(PNGImage(width: 4, height: 4, channels: color.count, pixels: pixels).file, to: name)
  }

  /// Options for grey pictures of 4x4 pixels.
  func options(
    size: ImageSize = ImageSize(height: 4, width: 4), channels: Int = 1, validation: Int? = nil,
    testShare: Double? = nil, splitSeed: UInt64 = 0, cache: String? = nil
  ) -> DatasetOptions {
    DatasetOptions(
      name: .images, directory: path, size: size, channels: channels, validation: validation, testShare: testShare,
      splitSeed: splitSeed, cache: cache ?? self.cache)
  }

  func load(_ options: DatasetOptions? = nil) throws(DatasetError) -> DatasetSplits {
    warnings = []
    var told: [String] = []
    defer { warnings = told }
    return try DatasetSplits(options ?? self.options(), warn: { told.append($0) })
  }

  /// The error that reading ends in; nil if it ends in none.
  func error() -> DatasetError? {
    do {
      _ = try load()
      return nil
    } catch {
      return error
    }
  }
}

extension DatasetSplit {
  /// The first pixel and the label of each image.
  var contents: [[UInt8]] { (0..<count).map { [Array(image(at: $0))[0], label(at: $0)] } }

  /// How many images of each class there are.
  var classCounts: [Int] {
    (0..<count).reduce(into: [Int](repeating: 0, count: dataset.classes)) { $0[Int(label(at: $1))] += 1 }
  }
}
