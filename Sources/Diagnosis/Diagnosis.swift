// Judges facts: what is well, what slows runs down, what makes them fail, and what to do.

import DistributedTraining
import NumericKernels

extension Examination {
  /// Free bytes of shared memory below which ranks of one host may fail to exchange messages: a container's usual 64 MB.
  static let leastSharedMemory = 64_000_000
  /// Free bytes below which a search may not find room for its checkpoints and results.
  static let leastFreeSpace = 1_000_000_000
  /// Seconds that clocks may differ before logs and the times of files mislead.
  static let largestClockOffset = 1.0

  /// A line for each check; where hosts differ, for each host.
  public var findings: [Finding] {
    [mpi] + onHosts(sharedMemory) + network + onHosts(blas) + onHosts(instructions) + onHosts(cores)
      + onHosts(dataset) + onHosts(output) + clock
  }

  private typealias Check = (HostFacts, RunLayout.Host) -> Finding?

  /// What a check finds on every host, once if it is the same on all.
  private func onHosts(_ check: Check) -> [Finding] {
    let found = zip(hosts, layout.hosts).compactMap { facts, host in check(facts, host).map { (host.name, $0) } }
    guard let first = found.first else { return [] }
    if found.allSatisfy({ $0.1 == first.1 }) { return [first.1] }
    return found.map { name, finding in finding.on(host: name) }
  }

  // MARK: MPI

  private var mpi: Finding {
    let started = hosts.first.map(\.environment) ?? [:]
    let asked = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"].lazy.compactMap {
      started[$0].flatMap { Int($0) }
    }
    .first
    if let asked, asked > 1, layout.ranks == 1 {
      return .problem(
        "MPI", "a launcher started \(asked) processes, but each of them is alone",
        fix: "start odn with the mpirun of \(layout.mpi), which it was built with, or with srun --mpi=pmix")
    }
    func count(_ number: Int, _ name: String) -> String { "\(number) \(name)\(number == 1 ? "" : "s")" }
    let launch =
      asked == nil ? "started without a launcher" : "\(count(layout.ranks, "rank")) on \(count(hosts.count, "host"))"
    return .ok("MPI", "\(layout.mpi), \(launch), threads: \(threadLevel)")
  }

  private func sharedMemory(_ facts: HostFacts, _ host: RunLayout.Host) -> Finding? {
    guard let free = facts.sharedMemory else {
      return .warning(
        "shared memory", "there is no /dev/shm", fix: "mount a tmpfs there: ranks of a host share the images through it"
      )
    }
    let text = "\(megabytes(free)) free in /dev/shm"
    guard free >= Self.leastSharedMemory else {
      return .warning(
        "shared memory", text,
        fix: "make it larger, as with docker run --shm-size=1g: ranks of a host share the images through it")
    }
    return .ok("shared memory", text)
  }

  private var network: [Finding] {
    guard hosts.count > 1 else { return [] }
    return onHosts { facts, _ in
      let names = facts.interfaces
      if let wanted = facts.environment["OMPI_MCA_btl_tcp_if_include"] {
        let missing = wanted.split(separator: ",").map(String.init).filter {
          $0 != "lo" && !$0.contains("/") && !names.contains($0)
        }
        guard missing.isEmpty else {
          return .problem(
            "network", "OMPI_MCA_btl_tcp_if_include names \(missing.joined(separator: ", ")), which is not up here",
            fix: "name one of \(names.joined(separator: ", ")), or a subnet such as 10.0.0.0/8 that all hosts have")
        }
        return .ok("network", wanted)
      }
      guard !names.isEmpty else {
        return .problem("network", "no interface is up", fix: "bring one up that reaches the other hosts")
      }
      if names.allSatisfy({ $0.hasPrefix("docker") || $0.hasPrefix("virbr") }) {
        return .warning(
          "network", "only \(names.joined(separator: ", ")), which other hosts do not reach",
          fix: "set OMPI_MCA_btl_tcp_if_include to the interface or subnet that they reach")
      }
      return .ok("network", names.joined(separator: ", "))
    }
  }

  // MARK: Computing

  private func blas(_ facts: HostFacts, _ host: RunLayout.Host) -> Finding? {
    let text = "OpenBLAS \(layout.blasVersion) for \(host.coreTypes.joined(separator: " and "))"
    if let unused = host.unusedInstructions {
      return .warning(
        "BLAS", "\(text), although the CPU has \(unused)", fix: "unset \(LinearAlgebraLibrary.coreTypeVariable)")
    }
    if let size = facts.environment["OPENBLAS_L2_SIZE"] {
      return .warning(
        "BLAS", "\(text), with OPENBLAS_L2_SIZE=\(size) instead of the cache's own size", fix: "unset OPENBLAS_L2_SIZE")
    }
    return .ok("BLAS", text)
  }

  private func instructions(_ facts: HostFacts, _ host: RunLayout.Host) -> Finding? {
    if !facts.missingInstructions.isEmpty {
      return .problem(
        "CPU",
        "odn was built for instructions that this one lacks: \(facts.missingInstructions.joined(separator: ", "))",
        fix: "build it here, or with MARCH=x86-64-v3 for all CPUs with AVX2")
    }
    if let unused = facts.unusedInstructions {
      return .warning(
        "CPU", "odn was not built for its \(unused)", fix: "build it here with make build, or with MARCH=x86-64-v4")
    }
    return .ok("CPU", "odn was built for its instructions")
  }

  private func cores(_ facts: HostFacts, _ host: RunLayout.Host) -> Finding? {
    let threads = host.threads.reduce(0, +)
    let text =
      "\(host.ranks) \(host.ranks == 1 ? "rank" : "ranks"), \(threads) \(threads == 1 ? "thread" : "threads") in all, "
      + "\(host.cores) \(host.cores == 1 ? "core" : "cores")"
    if threads > host.cores {
      return .warning(
        "cores", "\(text): they take turns",
        fix: "start fewer ranks, or let mpirun bind them to more cores (--bind-to none)")
    }
    return .ok("cores", text)
  }

  // MARK: Files

  private func dataset(_ facts: HostFacts, _ host: RunLayout.Host) -> Finding? {
    guard let place = facts.dataset else { return nil }
    if let path = place.path { return .ok("data set", "\(place.name) in \(path)") }
    return .problem(
      "data set", "\(place.name) is not here: looked at \(place.searched.joined(separator: ", "))",
      fix: "see odn datasets \(place.name), or set dataset.directory to where its files are on all hosts")
  }

  private func output(_ facts: HostFacts, _ host: RunLayout.Host) -> Finding? {
    let place = facts.output
    guard place.isWritable else {
      return .problem(
        "output", "\(place.path) cannot be written", fix: "make \(place.existing) writable, or give another --output")
    }
    let text = place.path + (place.free.map { ", \(megabytes($0)) free" } ?? "")
    if let free = place.free, free < Self.leastFreeSpace {
      return .warning("output", text, fix: "make room for checkpoints and results, or give another --output")
    }
    guard place.isShared else {
      return .warning(
        "output", "\(text); not the directory of the first host",
        fix: "give an --output that all hosts share, so that a run can be continued from any of them")
    }
    return .ok("output", place.path)
  }

  private var clock: [Finding] {
    guard !clocks.isEmpty else { return [] }
    let others = zip(layout.hosts.dropFirst(), clocks)
    let wrong = others.filter { abs($0.1.seconds) - $0.1.error > Self.largestClockOffset }
    guard wrong.isEmpty else {
      return wrong.map { host, offset in
        .warning(
          "clock",
          "\(host.name): \(seconds(abs(offset.seconds))) \(offset.seconds > 0 ? "ahead of" : "behind") "
            + (layout.hosts.first?.name ?? ""),
          fix: "let both follow a time server: logs and the times of files mislead")
      }
    }
    let most = clocks.map { abs($0.seconds) + $0.error }.max() ?? 0
    return [.ok("clock", "hosts differ by less than \(seconds(most))")]
  }

  private func megabytes(_ bytes: Int) -> String {
    bytes < 10_000_000_000 ? "\(bytes / 1_000_000) MB" : "\(bytes / 1_000_000_000) GB"
  }

  private func seconds(_ value: Double) -> String {
    value < 1 ? "\(Int((1e3 * value).rounded(.up))) ms" : "\(Int(value.rounded())) s"
  }
}
