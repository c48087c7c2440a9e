// A directory for one test, and a small checkpoint to damage.

import Checkpoints
import Foundation

final class TemporaryDirectory {
  let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoints-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  /// Names of all files, hidden ones too.
  func names(in directory: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: file(directory)).sorted()
  }

  func bytes(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: file(name)))) }

  /// Writes a file and returns its path.
  func write(_ bytes: some Sequence<UInt8>, as name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }
}

enum Fixture {
  static let text = Array(#"{"epoch":3}"#.utf8)
  static let floats: [Float] = [1, -0.0, .nan, .infinity, .leastNonzeroMagnitude, 0.1]
  static let doubles: [Double] = [.pi, -1e300]

  static let content = CheckpointContent([
    CheckpointSection("state", .bytes(text)), CheckpointSection("values", .floats(floats)),
    CheckpointSection("none", .floats([])), CheckpointSection("sums", .doubles(doubles)),
  ])

  /// Everything in a file written from `content`, in bits.
  struct Bits: Equatable {
    let text: [UInt8]
    let floats: [UInt32]
    let none: [UInt32]
    let doubles: [UInt64]
  }

  static let bits = Bits(
    text: text, floats: floats.map(\.bitPattern), none: [], doubles: doubles.map(\.bitPattern))

  static func read(_ path: String) throws(CheckpointError) -> Bits {
    var reader = try CheckpointReader(path: path)
    let text = try reader.bytes("state", atMost: 100)
    let floats = try reader.floats("values", count: floats.count)
    let none = try reader.floats("none", count: 0)
    let doubles = try reader.doubles("sums", count: doubles.count)
    try reader.expectEnd()
    return Bits(
      text: text, floats: floats.map(\.bitPattern), none: none.map(\.bitPattern), doubles: doubles.map(\.bitPattern))
  }

  /// The error that reading `path` ends in.
  static func error(_ path: String) -> CheckpointError? {
    do throws(CheckpointError) {
      _ = try read(path)
      return nil
    } catch {
      return error
    }
  }
}
