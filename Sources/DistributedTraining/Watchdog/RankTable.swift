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
    /// The number of the report that told it.
    var number = 0
    /// Seconds since anything was heard.
    var silence = 0.0

    /// Whether the rank is one of a group, as far as is known; nil stands for all ranks.
    func isOf(_ group: Int?) -> Bool { group == nil || state?.group == group }
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
  mutating func note(_ state: Heartbeat.State, progress: Int, of rank: Int, number: Int) {
    guard let index = entries.firstIndex(where: { $0.rank == rank }) else { return }
    // Datagrams may overtake each other.
    if number >= entries[index].number {
      entries[index].state = state
      entries[index].progress = progress
      entries[index].number = number
    }
    entries[index].silence = 0
  }

  /// A count that grows as long as any rank of a group makes progress; nil for any rank at all.
  func progress(of group: Int?) -> Int {
    entries.reduce(0) { $1.isOf(group) ? $0 &+ $1.progress : $0 }
  }

  /// Whether nothing has been heard of any rank.
  var isSilent: Bool { entries.allSatisfy { $0.state == nil } }

  /// The groups that ranks work in, in order.
  var groups: [Int] { Set(entries.compactMap { $0.state?.group }).sorted() }

  /// A line for each rank that keeps the others of its group waiting, as `observer` sees it, which itself is at `own`: the
  /// ranks that have been silent for longer than `limit` seconds, or else those that have not come as far as the others.
  func lines(of group: Int?, observer: Int, at own: Heartbeat.State, silenceLimit limit: Double) -> [String] {
    let entries = entries.filter { $0.isOf(group) }
    let silent = entries.filter { $0.silence > limit }
    if !silent.isEmpty {
      return silent.map { entry in
        let last = entry.state.map { "; the last was \($0)" } ?? ", and never was"
        return "\(name(entry.rank)) has not been heard of for \(Int(entry.silence)) s\(last)"
      }
    }
    // Those that have no work have come as far as they can.
    if own.group == group && own.operation == .waitingForWork { return [] }
    let states =
      (own.group == group ? [(observer, own)] : [])
      + entries.compactMap { entry in entry.state.map { (entry.rank, $0) } }
    let furthest = states.map(\.1.position).max() ?? 0
    // Where some wait for what others do at the same place, it is these that keep them waiting.
    let someWait = states.contains { $0.1.position == furthest && $0.1.operation == .waitingForOther }
    let behind = states.filter { $0.1.position < furthest || (someWait && !$0.1.operation.isWait) }
    if behind.isEmpty && entries.count > 1 {
      return ["all ranks are heard of and equally far: look at the network between their hosts"]
    }
    return behind.map { "\(name($0)) is behind: \($1)" }
  }

  /// For example `rank 2 (h1, process 4711)`.
  func name(_ rank: Int) -> String { "rank \(rank) (\(places[rank].host), process \(places[rank].process))" }
}
