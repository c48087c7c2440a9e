// How much of its processors a control group leaves to a process.

/// The CPU time that the control groups of a process allow it, in cores.
package enum CPUQuota {
  /// That of this process; nil where nothing limits it.
  static let ofProcess = cores(.ofProcess)

  /// The least quota of the groups that a process is in and of those around them.
  package static func cores(_ groups: ControlGroups) -> Double? {
    groups.directories(of: "cpu").compactMap(quota).min()
  }

  /// The quota of one group, in either version's files.
  private static func quota(ofGroup directory: String) -> Double? {
    let limits = ["cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us"].flatMap { ControlGroups.numbers(directory, $0) }
    guard limits.count == 2, let time = limits[0], let period = limits[1], time > 0, period > 0 else { return nil }
    return time / period
  }
}
