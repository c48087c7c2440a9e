// The checkpoints of one run: numbered files in a directory, of which the last two are kept.

import Files
import Foundation

/// A directory of checkpoints, written by one process.
public struct CheckpointDirectory: Sendable {
  /// How many checkpoints are kept: one, and the one before in case it is damaged.
  public static let kept = 2
  private static let suffix = ".checkpoint"

  /// Path of the directory; it is made with the first checkpoint.
  public let path: String
  /// Numbers of the checkpoints that may be replaced, oldest first.
  private var numbers: [Int]
  private var last: Int

  /// The directory at `path`.
  ///
  /// - Parameter resumed: the path of the checkpoint that the run continues from, if it does. Later ones are damaged:
  ///   they do not count among those that are kept, and are left for whoever wants to look at them.
  public init(path: String, resumed: String? = nil) {
    self.path = path
    AtomicFile.removeLeftovers(in: path)
    let existing = Self.numbers(in: path)
    last = existing.last ?? 0
    let newest = resumed.map { URL(fileURLWithPath: $0).lastPathComponent }.flatMap(Self.number) ?? last
    numbers = existing.filter { $0 <= newest }
  }

  /// The paths of a directory's checkpoints, newest first.
  public static func files(in path: String) -> [String] {
    numbers(in: path).reversed().map { "\(path)/\(name($0))" }
  }

  /// Writes the next checkpoint and removes those that it makes superfluous. Returns its path.
  /// - Throws: `CheckpointError.unwritable`; the checkpoints before are then as they were.
  public mutating func write(_ content: CheckpointContent) throws(CheckpointError) -> String {
    let file = "\(path)/\(Self.name(last + 1))"
    // Whether this has worked shows when the file is written.
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try content.write(to: file)
    last += 1
    numbers.append(last)
    while numbers.count > Self.kept { unlink("\(path)/\(Self.name(numbers.removeFirst()))") }
    return file
  }

  /// Removes all checkpoints, and the directory if nothing else is in it.
  public func remove() {
    for number in Self.numbers(in: path) { unlink("\(path)/\(Self.name(number))") }
    rmdir(path)
  }

  /// For example `000042.checkpoint`.
  private static func name(_ number: Int) -> String { String(format: "%06d", number) + suffix }

  private static func number(_ name: String) -> Int? {
    guard name.hasSuffix(suffix), let number = Int(name.dropLast(suffix.count)),
      (1...1_000_000_000).contains(number), Self.name(number) == name
    else { return nil }
    return number
  }

  private static func numbers(in path: String) -> [Int] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap(number).sorted()
  }
}
