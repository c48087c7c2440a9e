// The small data sets of Fixtures/, the formulas behind them, and copies of them that a test may damage.

import Datasets
import Foundation
import Testing

enum Fixture {
  static var root: String { "\(Bundle.module.bundlePath)/Fixtures" }

  static func options(_ name: DatasetName, _ folder: String? = nil, validation: Int = 1) -> DatasetOptions {
    DatasetOptions(name: name, directory: "\(root)/\(folder ?? name.rawValue)", validation: validation)
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: "\(root)/\(path)")))
  }

  /// Image n as `generate.py` computes it, `[H, W, C]`.
  static func image(_ n: Int, _ descriptor: DatasetDescriptor) -> [UInt8] {
    var pixels: [UInt8] = []
    for row in 0..<descriptor.height {
      for column in 0..<descriptor.width {
        for channel in 0..<descriptor.channels {
          pixels.append(UInt8((31 * n + 7 * row + 13 * column + 101 * channel + row * column) % 256))
        }
      }
    }
    return pixels
  }

  static func label(_ n: Int, classes: Int) -> UInt8 { UInt8((3 * n + 1) % classes) }

  /// Requires that a split holds the images `first`… as `generate.py` computes them.
  static func expect(_ split: DatasetSplit, count: Int, first: Int, _ descriptor: DatasetDescriptor) {
    #expect(split.count == count)
    for index in 0..<split.count {
      #expect(Array(split.image(at: index)) == image(first + index, descriptor), "image \(index)")
      #expect(split.label(at: index) == label(first + index, classes: descriptor.classes), "label \(index)")
    }
  }
}

/// A copy of a fixture's folder, removed at the end, whose files can be changed.
final class DamagedCopy {
  let path: String
  private let name: DatasetName

  init(of folder: String, as name: DatasetName) throws {
    self.name = name
    path = FileManager.default.temporaryDirectory.appendingPathComponent("datasets-\(UUID().uuidString)").path
    try FileManager.default.copyItem(atPath: "\(Fixture.root)/\(folder)", toPath: path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func change(_ file: String, _ body: (inout [UInt8]) -> Void) throws {
    let url = URL(fileURLWithPath: self.file(file))
    var bytes = Array(try Data(contentsOf: url))
    body(&bytes)
    try Data(bytes).write(to: url)
  }

  /// Reads the copy, nothing held out.
  func load() throws(DatasetError) -> DatasetSplits {
    try DatasetSplits(DatasetOptions(name: name, directory: path, validation: 0))
  }

  /// The error that reading the copy ends in; nil if it ends in none.
  func error() -> DatasetError? {
    do {
      _ = try load()
      return nil
    } catch {
      return error
    }
  }
}

/// The parts of a `malformed` error, for tests that compare one of them.
func malformed(_ error: DatasetError?) -> (position: FilePosition, expected: String, found: String)? {
  if case .malformed(let position, let expected, let found) = error { return (position, expected, found) }
  return nil
}
