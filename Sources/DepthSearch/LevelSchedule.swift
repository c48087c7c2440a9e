// Which depths of a search are trained when several can be at the same time. Who trains them is left to
// DistributedTraining.

/// The depths of a search that are still to be trained, those that are being trained, and how deep the search may go.
///
/// The search finds the shallowest depth that meets the target, so that depths are taken up from the shallowest on; what
/// is deeper than one that has met it is of no more use.
public struct LevelSchedule: Equatable, Sendable {
  /// The depths in training, shallowest first.
  public private(set) var inTraining: [Int] = []
  /// The depths that nobody has taken up yet, shallowest first.
  private var untried: [Int]

  /// All `depths` are untried.
  public init(_ depths: ClosedRange<Int>) {
    untried = Array(depths)
  }

  /// The depth that whoever is free takes up, from now on in training; nil if there is none left.
  public mutating func takeUp() -> Int? {
    guard !untried.isEmpty else { return nil }
    let depth = untried.removeFirst()
    inTraining.append(depth)
    inTraining.sort()
    return depth
  }

  /// The training of a depth is over, whether it has come to its end or was cancelled.
  public mutating func end(_ depth: Int) {
    inTraining.removeAll { $0 == depth }
    untried.removeAll { $0 == depth }
  }

  /// The search goes no deeper than `depth`: nobody takes up anything deeper.
  /// - Returns: the deeper depths that are in training and can be cancelled, shallowest first.
  public mutating func settle(at depth: Int) -> [Int] {
    untried.removeAll { $0 > depth }
    return inTraining.filter { $0 > depth }
  }
}
