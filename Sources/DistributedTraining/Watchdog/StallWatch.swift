// Watches a rank from a thread of its own, so that no run hangs silently: without progress the rank says where it stands,
// rank 0 names the ranks that all others wait for, and in the end every rank ends itself, and the launcher with it the
// run.
//
// A watcher never calls MPI, which is for the main thread. Watchers tell rank 0's by datagrams how far their ranks are, and
// rank 0's answers with how far its own is, and that any rank has made progress: as long as one has, to wait for it is not
// to hang. Where ranks work in groups that do not wait for each other, only those of the same group count. A network that
// carries no datagrams costs names in the messages, and each rank then counts for itself.

import Datagrams
import Foundation
import MPI
import Synchronization

/// A thread that watches this rank's heartbeat, for as long as the object lives.
public final class StallWatch {
  /// The exit code of a rank that has made no progress for too long.
  public static let exitCode: Int32 = 76

  private let watcher: Watcher?

  /// Begins to watch, unless the options say never. Collective.
  /// - Throws: `MPIError`.
  public init(_ heartbeat: Heartbeat, options: ReliabilityOptions, communicator: Communicator) throws(MPIError) {
    guard options.stallSeconds > 0 else {
      watcher = nil
      return
    }
    let socket = communicator.size > 1 ? DatagramSocket() : nil
    let own = RankPlace(
      host: ProcessInfo.processInfo.hostName, process: ProcessInfo.processInfo.processIdentifier)
    let gathered = try communicator.gatherCodable(own, to: 0)
    let meeting = try communicator.broadcast(gathered.map { Meeting(places: $0, socket: socket) }, from: 0)
    let watcher = Watcher(heartbeat, options, rank: communicator.rank, meeting, socket)
    self.watcher = watcher
    Thread.detachNewThread { watcher.run() }
  }

  deinit { watcher?.isDone.store(true, ordering: .relaxed) }
}

/// What all watchers have to know of each other.
private struct Meeting: Codable, Sendable {
  /// Tells this run's datagrams from others.
  var token = UInt64.random(in: .min ... .max)
  let places: [RankPlace]
  /// Where rank 0's watcher may be reached.
  let endpoints: [Endpoint]

  init(places: [RankPlace], socket: DatagramSocket?) {
    self.places = places
    endpoints =
      socket.map { socket in
        DatagramSocket.localAddresses.map { Endpoint(address: $0, port: socket.port) }
      } ?? []
  }
}

/// A datagram.
private struct Report: Codable {
  let token: UInt64
  let rank: Int
  let state: Heartbeat.State
  /// Grows as long as this rank, and if it is rank 0 any rank of the receiver's group, makes progress.
  let progress: Int
  /// Counts this rank's reports.
  let number: Int
}

/// The thread.
private final class Watcher: Sendable {
  let isDone = Atomic(false)
  private let heartbeat: Heartbeat
  private let options: ReliabilityOptions
  private let rank: Int
  private let meeting: Meeting
  private let socket: DatagramSocket?

  init(_ heartbeat: Heartbeat, _ options: ReliabilityOptions, rank: Int, _ meeting: Meeting, _ socket: DatagramSocket?)
  {
    self.heartbeat = heartbeat
    self.options = options
    self.rank = rank
    self.meeting = meeting
    self.socket = socket
  }

  func run() {
    var timer = StallTimer(options)
    var table = RankTable(
      meeting.places, of: socket == nil ? [] : rank == 0 ? Array(1..<meeting.places.count) : [0])
    var leader = meeting.endpoints
    var others: [Int: StallTimer] = [:]
    var number = 0
    var last = ContinuousClock.now
    // At once, so that others know of a rank that stops before it has done anything.
    exchange(heartbeat.state, number, &table, &leader)
    while !isDone.load(ordering: .relaxed) {
      Thread.sleep(forTimeInterval: timer.interval)
      let now = ContinuousClock.now
      // When the whole run was suspended, this thread was too. That time does not count.
      let elapsed = min(now.seconds(since: last), 2 * timer.interval)
      last = now
      let state = heartbeat.state
      table.advance(by: elapsed)
      number += 1
      exchange(state, number, &table, &leader)
      // A rank that waits for others without hearing of them cannot tell whether they hang. They can.
      if state.operation.isWait && table.isSilent { continue }
      // Rank 0 has told the others of their group.
      let progress = state.beats &+ table.progress(of: rank == 0 ? state.group : nil)
      switch timer.look(at: progress, elapsed: elapsed) {
      case .fine: break
      case .stalled: tell(state, timer, table)
      case .recovered(let seconds): print("\(table.name(rank)) goes on after \(Int(seconds)) s")
      case .expired: end(timer, table)
      }
      if rank == 0 { watch(&others, of: table, at: state, elapsed: elapsed) }
    }
  }

  /// Names the ranks that others of their group wait for, where that is not rank 0's own group.
  private func watch(
    _ timers: inout [Int: StallTimer], of table: RankTable, at own: Heartbeat.State, elapsed: Double
  ) {
    for group in table.groups where group != own.group {
      let verdict = timers[group, default: StallTimer(options)].look(at: table.progress(of: group), elapsed: elapsed)
      guard verdict == .stalled else { continue }
      for line in table.lines(of: group, observer: rank, at: own, silenceLimit: options.stallSeconds / 2) {
        print(line)
      }
    }
  }

  /// Tells rank 0 of this rank, or answers those that tell it of theirs.
  private func exchange(
    _ state: Heartbeat.State, _ number: Int, _ table: inout RankTable, _ leader: inout [Endpoint]
  ) {
    guard let socket else { return }
    func send(_ progress: Int, to endpoint: Endpoint) {
      let report = Report(token: meeting.token, rank: rank, state: state, progress: progress, number: number)
      if let bytes = try? JSONEncoder().encode(report) { socket.send(Array(bytes), to: endpoint) }
    }
    if rank != 0 { for endpoint in leader { send(state.beats, to: endpoint) } }
    while let (bytes, sender) = socket.receive(atMost: 1024) {
      guard let report = try? JSONDecoder().decode(Report.self, from: Data(bytes)), report.token == meeting.token
      else { continue }
      table.note(report.state, progress: report.progress, of: report.rank, number: report.number)
      guard rank == 0 else {
        leader = [sender]
        continue
      }
      let group = report.state.group
      let own = group == nil || group == state.group ? state.beats : 0
      send(own &+ table.progress(of: group), to: sender)
    }
  }

  /// Says where this rank stands, and which others it waits for.
  private func tell(_ state: Heartbeat.State, _ timer: StallTimer, _ table: RankTable) {
    print("\(table.name(rank)) has made no progress for \(Int(timer.seconds)) s: \(state)")
    for line in table.lines(of: state.group, observer: rank, at: state, silenceLimit: options.stallSeconds / 2) {
      print(line)
    }
  }

  /// Ends the process. Rank 0 goes first, since the others' ends would cut its message off.
  private func end(_ timer: StallTimer, _ table: RankTable) {
    if rank != 0 { Thread.sleep(forTimeInterval: 1) }
    print(
      "\(table.name(rank)) has made no progress for \(Int(timer.seconds)) s: ending the run with code "
        + "\(StallWatch.exitCode); --resume auto continues it")
    _exit(StallWatch.exitCode)
  }

  private func print(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data("odn: \(line)\n".utf8))
  }
}
