// What is known of a level that is trained by itself, while the search may not have come to it yet.

import DepthSearch

/// A level and what has happened to it so far. Epochs are counted within the level, rollbacks too.
struct LevelHistory: Codable, Equatable, Sendable {
  /// Something that the search takes note of once it has come to the level.
  enum Entry: Codable, Equatable, Sendable {
    case epoch(EpochRecord, EpochResult)
    case rolledBack(Rollback)
  }

  let depth: Int
  var entries: [Entry] = []
  /// Whether the search goes no deeper than this level.
  var isDeepest = false
  /// Whether it was given up, or is the search's last.
  var isEnded = false

  /// Epochs done.
  var epochs: Int { results.count }

  /// The results of its epochs.
  var results: [EpochResult] {
    entries.compactMap { if case .epoch(_, let result) = $0 { result } else { nil } }
  }

  /// Whether it can be one of a search down to `deepest`, as far as can be told without a policy.
  func isSound(deepest: Int) -> Bool {
    let results = results
    return (1...deepest).contains(depth) && results.map(\.epoch) == Array(1..<results.count + 1)
      && results.allSatisfy { $0.depth == depth } && (!isEnded || !results.isEmpty)
  }
}
