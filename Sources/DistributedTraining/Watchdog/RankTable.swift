// What a watcher knows of the other ranks: rank 0's of all of them, the others' of rank 0 only.

/// Who runs where.
struct RankPlace: Codable, Equatable, Sendable {
  let host: String
  let process: Int32
}

/// The last that was heard of ranks.
struct RankTable {
  private struct Entry {
    let rank: Int
    /// Nil before anything was heard.
    var state: Heartbeat.State?
    /// What the rank counts as progress.
    var progress = 0
    /// Seconds since anything was heard.
    var silence = 0.0
  }

  private let places: [RankPlace]
  private var entries: [Entry]

  /// - Parameters:
  ///   - places: where each rank runs.
  ///   - ranks: those that something can be heard of, in order.
  init(_ places: [RankPlace], of ranks: [Int]) {
    self.places = places
    entries = ranks.map { Entry(rank: $0) }
  }

  /// Lets time pass.
  mutating func advance(by seconds: Double) {
    for index in entries.indices { entries[index].silence += seconds }
  }

  /// Takes note of what was heard of a rank; others than those of the table are ignored.
  mutating func note(_ state: Heartbeat.State, progress: Int, of rank: Int) {
    guard let index = entries.firstIndex(where: { $0.rank == rank }) else { return }
    // Datagrams may overtake each other.
    if progress >= entries[index].progress {
      entries[index].state = state
      entries[index].progress = progress
    }
    entries[index].silence = 0
  }

  /// A count that grows as long as any of the ranks makes progress.
  var progress: Int { entries.reduce(0) { $0 &+ $1.progress } }

  /// A line for each rank that keeps the others waiting, as `observer` sees it, which itself is at `own`: the ranks that
  /// have been silent for longer than `limit` seconds, or else those that have not come as far as the others.
  func lines(observer: Int, at own: Heartbeat.State, silenceLimit limit: Double) -> [String] {
    let silent = entries.filter { $0.silence > limit }
    if !silent.isEmpty {
      return silent.map { entry in
        let last = entry.state.map { "; the last was \($0)" } ?? ", and never was"
        return "\(name(entry.rank)) has not been heard of for \(Int(entry.silence)) s\(last)"
      }
    }
    let states = [(observer, own)] + entries.compactMap { entry in entry.state.map { (entry.rank, $0) } }
    let furthest = states.map(\.1.position).max() ?? 0
    let behind = states.filter { $0.1.position < furthest }
    if behind.isEmpty && entries.count > 1 {
      return ["all ranks are heard of and equally far: look at the network between their hosts"]
    }
    return behind.map { "\(name($0)) is behind: \($1)" }
  }

  /// For example `rank 2 (h1, process 4711)`.
  func name(_ rank: Int) -> String { "rank \(rank) (\(places[rank].host), process \(places[rank].process))" }
}
