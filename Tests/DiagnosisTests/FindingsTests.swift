// Every warning and every problem, from facts that give it.

import Diagnosis
import DistributedTraining
import Testing

@Suite("A diagnosis")
struct FindingsTests {
  static func host(_ name: String = "a", threads: [Int] = [1], cores: Int = 2, unused: String? = nil) -> RunLayout.Host
  {
    RunLayout.Host(
      name: name, ranks: threads.count, threads: threads, cores: cores, coreTypes: ["Zen"], unusedInstructions: unused)
  }

  static func examination(
    _ hosts: [RunLayout.Host] = [host()], clocks: [ClockOffset] = [],
    _ change: (inout HostFacts, Int) -> Void = { _, _ in }
  ) -> Examination {
    let facts = hosts.indices.map { index in
      var facts = HostFacts()
      facts.sharedMemory = 1_000_000_000
      facts.interfaces = ["eth0"]
      facts.output.path = "runs"
      facts.output.free = 5_000_000_000
      change(&facts, index)
      return facts
    }
    return Examination(
      layout: RunLayout(hosts: hosts, blasVersion: "0.3.21", mpi: "Open MPI 4.1.4"), hosts: facts, clocks: clocks)
  }

  /// The findings about a subject.
  static func findings(_ examination: Examination, about subject: String) -> [Finding] {
    examination.findings.filter { $0.subject == subject }
  }

  @Test("of hosts that lack nothing says once that each thing is ok")
  func ok() {
    let found = Self.examination(
      [Self.host("a"), Self.host("b")], clocks: [ClockOffset(seconds: 0.002, error: 0.001)]
    ) { facts, _ in facts.dataset = DatasetPlace(name: "mnist", path: "data/mnist", searched: []) }.findings
    #expect(found.allSatisfy { $0.level == .ok && $0.fix == nil })
    #expect(
      found.map(\.subject) == [
        "MPI", "shared memory", "network", "BLAS", "CPU", "cores", "data set", "output", "clock",
      ])
    #expect(found.last?.text == "hosts differ by less than 3 ms")
  }

  typealias Change = @Sendable (inout HostFacts) -> Void

  /// What is changed, and what is then said of which subject.
  static let warnings: [(subject: String, text: String, change: Change)] = [
    ("shared memory", "no /dev/shm", { $0.sharedMemory = nil }),
    ("shared memory", "63 MB", { $0.sharedMemory = 63_000_000 }),
    ("BLAS", "OPENBLAS_L2_SIZE=64", { $0.environment["OPENBLAS_L2_SIZE"] = "64" }),
    ("CPU", "AVX-512", { $0.unusedInstructions = "AVX-512" }),
    ("output", "999 MB", { $0.output.free = 999_000_000 }),
  ]

  @Test("warns of what slows runs down", arguments: warnings)
  func warns(subject: String, text: String, change: Change) {
    let found = Self.findings(Self.examination { facts, _ in change(&facts) }, about: subject)
    #expect(found.count == 1 && found[0].level == .warning && found[0].fix != nil)
    #expect(found.first?.text.contains(text) == true)
  }

  static let problems: [(subject: String, text: String, change: Change)] = [
    ("MPI", "4 processes", { $0.environment["OMPI_COMM_WORLD_SIZE"] = "4" }),
    ("CPU", "avx512bw", { $0.missingInstructions = ["avx512bw"] }),
    (
      "data set", "mnist is not here",
      { $0.dataset = DatasetPlace(name: "mnist", path: nil, searched: ["data/mnist (no such directory)"]) }
    ),
    ("output", "cannot be written", { $0.output.isWritable = false }),
  ]

  @Test("tells what makes runs fail", arguments: problems)
  func tells(subject: String, text: String, change: Change) {
    let found = Self.findings(Self.examination { facts, _ in change(&facts) }, about: subject)
    #expect(found.count == 1 && found[0].level == .problem && found[0].fix != nil)
    #expect(found.first?.text.contains(text) == true)
  }

  @Test("names cores that are too few, and instructions that OpenBLAS leaves unused")
  func layout() {
    let crowded = Self.findings(Self.examination([Self.host(threads: [2, 2])]), about: "cores")
    #expect(crowded.map(\.level) == [.warning])
    #expect(crowded.first?.text == "2 ranks, 4 threads in all, 2 cores: they take turns")
    #expect(Self.findings(Self.examination([Self.host(threads: [1, 1])]), about: "cores").map(\.level) == [.ok])
    let forced = Self.findings(Self.examination([Self.host(unused: "AVX-512")]), about: "BLAS")
    #expect(forced.map(\.fix) == ["unset OPENBLAS_CORETYPE"])
  }

  @Test("names the hosts where they differ")
  func hosts() {
    let two = [Self.host("a"), Self.host("b")]
    let memory = Self.examination(two) { facts, index in facts.sharedMemory = index == 0 ? 500_000_000 : 1_000_000 }
    #expect(
      Self.findings(memory, about: "shared memory").map(\.text)
        == ["a: 500 MB free in /dev/shm", "b: 1 MB free in /dev/shm"])
    let output = Self.examination(two) { facts, index in facts.output.isShared = index == 0 }
    #expect(Self.findings(output, about: "output").map(\.level) == [.ok, .warning])
  }

  @Test("looks at interfaces where there are several hosts")
  func network() {
    #expect(Self.findings(Self.examination(), about: "network").isEmpty)
    func level(_ change: (inout HostFacts) -> Void) -> [Finding.Level] {
      let found = Self.examination([Self.host("a"), Self.host("b")]) { facts, _ in change(&facts) }
      return Self.findings(found, about: "network").map(\.level)
    }
    #expect(level { $0.interfaces = [] } == [.problem])
    #expect(level { $0.interfaces = ["docker0"] } == [.warning])
    #expect(level { $0.environment["OMPI_MCA_btl_tcp_if_include"] = "ib0" } == [.problem])
    #expect(level { $0.environment["OMPI_MCA_btl_tcp_if_include"] = "eth0,10.0.0.0/8" } == [.ok])
  }

  @Test("warns of clocks that differ by more than the measurement may be wrong")
  func clocks() {
    func found(_ offset: ClockOffset) -> [Finding] {
      Self.findings(Self.examination([Self.host("a"), Self.host("b")], clocks: [offset]), about: "clock")
    }
    #expect(found(ClockOffset(seconds: -90, error: 0.01)).map(\.text) == ["b: 90 s behind a"])
    #expect(found(ClockOffset(seconds: 90, error: 0.01)).map(\.text) == ["b: 90 s ahead of a"])
    #expect(found(ClockOffset(seconds: 1.2, error: 0.5)).map(\.level) == [.ok])
  }
}
