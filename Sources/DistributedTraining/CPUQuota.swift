// How much of its processors a control group leaves to a process: what containers and batch systems limit.

import Foundation

/// The CPU time that the control groups of a process allow it, in cores.
package enum CPUQuota {
  /// That of this process; nil where nothing limits it.
  static let ofProcess = cores(
    groups: (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? "", mountedAt: "/sys/fs/cgroup")

  /// The least quota of the groups that a process is in and of those that they lie in.
  /// - Parameters:
  ///   - groups: the process's groups, as `/proc/self/cgroup` lists them: `0::/path`, or `3:cpu,cpuacct:/path` in version 1.
  ///   - root: where the control groups are mounted.
  package static func cores(groups: String, mountedAt root: String) -> Double? {
    var quotas: [Double] = []
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3, parts[2].hasPrefix("/") else { continue }
      let controllers = parts[1].split(separator: ",")
      guard parts[1].isEmpty || controllers.contains("cpu") else { continue }
      let mount = parts[1].isEmpty ? root : "\(root)/\(parts[1])"
      var path = parts[2]
      while true {
        if let quota = quota(ofGroup: mount + path) { quotas.append(quota) }
        guard let slash = path.lastIndex(of: "/"), path.count > 1 else { break }
        path = slash == path.startIndex ? "/" : path[..<slash]
      }
    }
    return quotas.min()
  }

  /// The quota of one group, in either version's files.
  private static func quota(ofGroup directory: String) -> Double? {
    func numbers(_ file: String) -> [Double?] {
      let text = (try? String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8)) ?? ""
      return text.split(whereSeparator: \.isWhitespace).map { Double($0) }
    }
    let limits = numbers("cpu.max") + numbers("cpu.cfs_quota_us") + numbers("cpu.cfs_period_us")
    guard limits.count == 2, let time = limits[0], let period = limits[1], time > 0, period > 0 else { return nil }
    return time / period
  }
}
