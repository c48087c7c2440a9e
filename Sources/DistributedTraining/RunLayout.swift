// On which hosts and cores the ranks and threads of a run are, what computes there, and what is wrong with that.

import MPI
import NeuralNetwork

#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// The layout of a run, the same on all ranks.
public struct RunLayout: Codable, Equatable, Sendable {
  /// Ranks that share memory, and with it cores.
  public struct Host: Codable, Equatable, Sendable {
    /// Its name.
    public let name: String
    /// The ranks on it.
    public let ranks: Int
    /// The threads of each of these ranks.
    public let threads: [Int]
    /// The cores that at least one of them may run on, as many as a control group leaves time for.
    public let cores: Int
    /// The core types that OpenBLAS took there, each once.
    public let coreTypes: [String]
    /// Instructions of its CPU that OpenBLAS leaves unused because the environment says so.
    public let unusedInstructions: String?

    /// A host made in code.
    public init(
      name: String, ranks: Int, threads: [Int], cores: Int, coreTypes: [String], unusedInstructions: String? = nil
    ) {
      self.name = name
      self.ranks = ranks
      self.threads = threads
      self.cores = cores
      self.coreTypes = coreTypes
      self.unusedInstructions = unusedInstructions
    }
  }

  /// The hosts, in the order of their first ranks.
  public let hosts: [Host]
  /// OpenBLAS' version, on rank 0.
  public let blasVersion: String
  /// The MPI library's name and version, on rank 0.
  public let mpi: String

  /// A layout made in code.
  public init(hosts: [Host], blasVersion: String, mpi: String) {
    self.hosts = hosts
    self.blasVersion = blasVersion
    self.mpi = mpi
  }

  /// The layout of the ranks of `communicator`. Collective.
  ///
  /// - Parameter threads: threads of each rank; nil for what `ThreadPlacement` gives it.
  /// - Throws: `MPIError`.
  public init(_ communicator: Communicator, threads: Int?) throws {
    let own = Place(
      host: try communicator.hosts()[communicator.rank], name: Self.hostName, binding: .ofProcess,
      threads: try ThreadPlacement(threads: threads, communicator: communicator).threads,
      coreType: LinearAlgebraLibrary.coreType,
      unusedInstructions: LinearAlgebraLibrary.unusedInstructions)
    let layout = try communicator.gatherCodable(own, to: 0).map {
      RunLayout(
        hosts: Self.hosts($0), blasVersion: LinearAlgebraLibrary.version, mpi: Universe.libraryName)
    }
    self = try communicator.broadcast(layout, from: 0)
  }

  /// Ranks on all hosts.
  public var ranks: Int { hosts.reduce(0) { $0 + $1.ranks } }
  /// Cores of all hosts that ranks may run on.
  public var cores: Int { hosts.reduce(0) { $0 + $1.cores } }

  /// What one rank knows of itself.
  private struct Place: Codable {
    let host: Int
    let name: String
    let binding: CoreBinding
    let threads: Int
    let coreType: String
    let unusedInstructions: String?
  }

  private static func hosts(_ places: [Place]) -> [Host] {
    let numbers = places.map(\.host).uniqued
    return numbers.map { number in
      let own = places.filter { $0.host == number }
      return Host(
        name: own[0].name, ranks: own.count, threads: own.map(\.threads),
        cores: min(Set(own.flatMap(\.binding.cores)).count, own.compactMap(\.binding.limit).max() ?? .max),
        coreTypes: own.map(\.coreType).uniqued,
        unusedInstructions: own.compactMap(\.unusedInstructions).first)
    }
  }

  static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension RunLayout: CustomStringConvertible {
  /// For example `2 hosts, 8 ranks, 4 threads each, 32 cores, OpenBLAS Zen (0.3.21), Open MPI 4.1.4`.
  public var description: String {
    func count(_ number: Int, _ name: String) -> String { "\(number) \(name)\(number == 1 ? "" : "s")" }
    let threads = hosts.flatMap(\.threads)
    let (least, most) = (threads.min() ?? 1, threads.max() ?? 1)
    let coreTypes = hosts.flatMap(\.coreTypes).uniqued.joined(separator: " and ")
    return [
      count(hosts.count, "host"), count(ranks, "rank"),
      (least == most ? count(least, "thread") : "\(least) to \(most) threads") + (ranks > 1 ? " each" : ""),
      count(cores, "core"), "OpenBLAS \(coreTypes) (\(blasVersion))", mpi,
    ].joined(separator: ", ")
  }

  /// What slows the run down, in sentences for whoever started it.
  public var warnings: [String] {
    hosts.compactMap { host in
      guard host.busyThreads > host.cores else { return nil }
      return """
        \(host.name): \(host.load): they take turns, which is slower than one thread for each core: start fewer ranks, or \
        let mpirun bind them to more cores
        """
    }
      + hosts.compactMap { host in
        guard let unused = host.unusedInstructions else { return nil }
        return """
          \(host.name): OpenBLAS computes for \(host.coreTypes.joined(separator: " and ")) although the CPU has \(unused): \
          unset the environment's \(LinearAlgebraLibrary.coreTypeVariable)
          """
      }
  }

  /// Refuses threads that were asked for and have no cores. More ranks than cores alone are the launcher's choice.
  ///
  /// - Parameter options: what the run was asked for.
  /// - Throws: `TrainingError.tooManyThreads`.
  public func check(_ options: TrainingOptions) throws(TrainingError) {
    guard let threads = options.threads, threads > 1, !options.oversubscribe else { return }
    for host in hosts where host.busyThreads > host.cores {
      throw .tooManyThreads(host: host.name, ranks: host.ranks, threads: threads, cores: host.cores)
    }
  }
}

extension RunLayout.Host {
  /// Threads of all ranks.
  fileprivate var busyThreads: Int { threads.reduce(0, +) }

  /// For example `4 ranks with 8 threads in all on 2 cores`.
  fileprivate var load: String {
    let threads = busyThreads == ranks ? "" : " with \(busyThreads) threads in all"
    return "\(ranks) \(ranks == 1 ? "rank" : "ranks")\(threads) on \(cores) \(cores == 1 ? "core" : "cores")"
  }
}

extension Array where Element: Hashable {
  /// Each element once, in the order of their first occurrences.
  fileprivate var uniqued: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
