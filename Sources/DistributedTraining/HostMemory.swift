// How much memory a process may use: what its host has, and what its control groups allow.

import Foundation

/// The memory of a host, as a process there may use it together with the others of its job.
public struct HostMemory: Codable, Equatable, Sendable {
  /// Bytes that the host has, or that a control group allows, whichever is less.
  public let total: Int
  /// Bytes of them that are free, or become so when the system drops what it keeps of files.
  public let available: Int

  /// - Parameters:
  ///   - total: bytes, above 0.
  ///   - available: bytes of them, at least 0.
  public init(total: Int, available: Int) {
    self.total = total
    self.available = available
  }

  /// The memory of this host; nil where the system does not say.
  public static var ofProcess: HostMemory? {
    let information = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
    return HostMemory(information: information ?? "", .ofProcess)
  }

  /// - Parameter information: what `/proc/meminfo` says.
  package init?(information: String, _ groups: ControlGroups) {
    func bytes(_ name: String) -> Double? {
      let line = information.split(separator: "\n").first { $0.hasPrefix(name + ":") }
      return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) }.map { 1024 * $0 }
    }
    guard let total = bytes("MemTotal"), total > 0 else { return nil }
    let limits = groups.directories(of: "memory").compactMap(Self.limit)
    // Without a limit, version 1 states one beyond any memory.
    let least = ([total] + limits.map(\.total)).min() ?? total
    let free = ([bytes("MemAvailable") ?? total] + limits.map(\.available)).min() ?? total
    self.init(total: Int(least), available: Int(max(0, min(free, least))))
  }

  /// What one group allows, in either version's files; nil where it limits nothing.
  private static func limit(ofGroup directory: String) -> (total: Double, available: Double)? {
    func number(_ files: String...) -> Double? {
      files.lazy.compactMap { ControlGroups.numbers(directory, $0).first ?? nil }.first
    }
    guard let limit = number("memory.max", "memory.limit_in_bytes"), limit > 0 else { return nil }
    let statistics = (try? String(contentsOfFile: "\(directory)/memory.stat", encoding: .utf8)) ?? ""
    let files = statistics.split(separator: "\n").first { $0.hasPrefix("inactive_file ") }
    let reclaimable = files?.split(separator: " ").last.flatMap { Double($0) } ?? 0
    let used = number("memory.current", "memory.usage_in_bytes") ?? 0
    return (limit, limit - max(0, used - reclaimable))
  }
}
