// Gathers the facts of all hosts on rank 0.

import Datasets
import DistributedTraining
import Foundation
import MPI

/// All that is known of a run's hosts.
public struct Examination: Codable, Equatable, Sendable {
  /// Where the ranks are.
  public var layout: RunLayout
  /// Facts about the hosts, in the order of `layout`.
  public var hosts: [HostFacts]
  /// How threads may use MPI, such as `funneled`.
  public var threadLevel: String
  /// The clocks of the hosts after the first against that one's.
  public var clocks: [ClockOffset]

  /// An examination made in code.
  public init(layout: RunLayout, hosts: [HostFacts], threadLevel: String = "funneled", clocks: [ClockOffset] = []) {
    self.layout = layout
    self.hosts = hosts
    self.threadLevel = threadLevel
    self.clocks = clocks
  }

  /// Looks at all hosts; nil on other ranks than 0. Collective.
  /// - Parameters:
  ///   - threads: threads of each rank; nil for what its binding gives it.
  ///   - dataset: the images that a run would read.
  ///   - output: the directory that a run would write to.
  /// - Throws: `MPIError`.
  public static func ofRanks(
    _ world: Communicator, threads: Int?, dataset: DatasetOptions?, output: String
  ) throws -> Examination? {
    let layout = try RunLayout(world, threads: threads)
    let host = try world.splitSharedMemory()
    var facts = HostFacts(dataset: dataset, output: output)
    facts.output.isShared = try isShared(facts.output, world)
    let firstRanks = try world.allgather(host.rank == 0 ? 1 : 0).enumerated().filter { $0.element == 1 }.map(\.offset)
    let clocks = try ClockOffset.measure(world, ranks: firstRanks.filter { $0 > 0 })
    let all = try world.gatherCodable(facts, to: 0)
    let level = Universe.providedThreadLevel.map { "\($0)" } ?? "unknown"
    return all.map { all in
      Examination(layout: layout, hosts: firstRanks.map { all[$0] }, threadLevel: level, clocks: clocks)
    }
  }

  /// Whether this rank sees a file that rank 0 makes in its directory. Collective.
  private static func isShared(_ directory: DirectoryFacts, _ world: Communicator) throws -> Bool {
    var probe: String?
    if world.rank == 0 {
      let path = "\(directory.existing)/.odn-doctor-\(ProcessInfo.processInfo.processIdentifier)"
      probe = FileManager.default.createFile(atPath: path, contents: nil) ? path : ""
    }
    let path = try world.broadcast(probe, from: 0)
    let found = path.isEmpty || FileManager.default.fileExists(atPath: path)
    try world.barrier()
    if world.rank == 0, !path.isEmpty { try? FileManager.default.removeItem(atPath: path) }
    return found
  }
}

/// How far a host's clock is ahead of the first host's.
public struct ClockOffset: Codable, Equatable, Sendable {
  /// Seconds that it is ahead.
  public let seconds: Double
  /// The most that this may be wrong by: half of the shortest round trip.
  public let error: Double

  /// An offset made in code.
  public init(seconds: Double, error: Double) {
    self.seconds = seconds
    self.error = error
  }

  private static let rounds = 9

  /// The clocks of `ranks` against rank 0's, by Cristian's algorithm ("Probabilistic clock synchronization", 1989): an answer
  /// was given somewhere between question and receipt. Known on rank 0; none elsewhere. Collective.
  static func measure(_ world: Communicator, ranks: [Int]) throws -> [ClockOffset] {
    var offsets: [ClockOffset] = []
    for rank in ranks {
      var best: ClockOffset?
      for _ in 0..<rounds {
        var answer = 0.0
        if world.rank == 0 {
          let asked = Date().timeIntervalSince1970
          try world.send(asked, to: rank)
          try world.receive(into: &answer, from: rank)
          let received = Date().timeIntervalSince1970
          let error = (received - asked) / 2
          if error < best?.error ?? .infinity { best = ClockOffset(seconds: answer - asked - error, error: error) }
        } else if world.rank == rank {
          try world.receive(into: &answer, from: 0)
          try world.send(Date().timeIntervalSince1970, to: 0)
        }
      }
      if let best { offsets.append(best) }
    }
    return offsets
  }
}
