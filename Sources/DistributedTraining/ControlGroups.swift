// The control groups of a process: where containers and batch systems write what they allow it.

import Foundation

/// The control groups of a process, in either version.
package struct ControlGroups {
  /// Those of this process.
  static let ofProcess = ControlGroups(
    listing: (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? "", mountedAt: "/sys/fs/cgroup")

  private let listing: String
  private let root: String

  /// - Parameters:
  ///   - listing: a process's groups, as `/proc/self/cgroup` lists them: `0::/path`, or `3:cpu,cpuacct:/path` in version 1.
  ///   - root: where the control groups are mounted.
  package init(listing: String, mountedAt root: String) {
    self.listing = listing
    self.root = root
  }

  /// The directories of the groups by which `controller` limits the process: the process's own, then those around it.
  func directories(of controller: String) -> [String] {
    listing.split(separator: "\n").flatMap { line -> [String] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/") else { return [] }
      guard parts[1].isEmpty || parts[1].split(separator: ",").contains(Substring(controller)) else { return [] }
      let mount = parts[1].isEmpty ? root : "\(root)/\(parts[1])"
      var directories: [String] = []
      var path = parts[2]
      while true {
        directories.append(mount + path)
        guard let slash = path.lastIndex(of: "/"), path.count > 1 else { return directories }
        path = slash == path.startIndex ? "/" : path[..<slash]
      }
    }
  }

  /// The numbers in a group's file; nil in place of a word, as of `max`. Empty where there is no such file.
  static func numbers(_ directory: String, _ file: String) -> [Double?] {
    let text = (try? String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isWhitespace).map { Double($0) }
  }
}
