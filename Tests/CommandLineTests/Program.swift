// Runs odn as a user does: as a process of its own, alone or under mpirun, without a shell in between.

import Foundation
import Testing

/// All tests that start odn. One after the other, because each may occupy all cores with its ranks.
@Suite("The command line", .serialized)
enum CommandLine {}

/// What a program that has ended left behind.
struct Execution {
  /// As shells and mpirun have it: 128 and the signal, where a signal ended the program.
  let exitCode: Int32
  let output: String
  let errors: String

  /// Standard error without the warning that there are more ranks than cores, as on small machines.
  var errorsBesideLoad: String {
    errors.split(separator: "\n").filter { !$0.contains("they take turns") && !$0.contains("share batches of") }
      .joined(separator: "\n")
  }

  /// The lines of standard error without that warning, and without the boxes that mpirun draws around its own messages.
  var errorLines: [String] {
    var isMPIRun = false
    return errorsBesideLoad.split(separator: "\n").map(String.init).filter { line in
      let isRule = line.count > 60 && line.allSatisfy { $0 == "-" }
      if isRule { isMPIRun.toggle() }
      return !isRule && !isMPIRun
    }
  }
}

/// Why a program could not be started, or was given up.
enum ProgramError: Error, CustomStringConvertible {
  case notBuilt(String)
  case hung(arguments: [String], output: String, errors: String)

  var description: String {
    switch self {
    case .notBuilt(let path): "\(path) is not there: build it with `swift build -c release`"
    case .hung(let arguments, let output, let errors):
      "\(arguments.joined(separator: " ")) ran for more than \(Program.patience) and was killed; so far it had printed:\n"
        + "\(output)\nand on standard error:\n\(errors)"
    }
  }
}

/// A started odn. Its output goes to files, so that no pipe can fill up and hold it.
struct Program {
  /// The repository.
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  private let process = Process()
  private let files: Workspace
  private let arguments: [String]

  /// Starts odn, under mpirun if `ranks` says so, in the directory of `workspace`, with `variables` in its environment,
  /// and at most `addressSpace` bytes of memory for each process.
  init(
    _ arguments: [String], ranks: Int? = nil, in workspace: Workspace, variables: [String: String] = [:],
    addressSpace: Int? = nil
  ) throws {
    let odn = try Self.path()
    let launcher = ranks.map { ["\(Self.root)/Launch/mpirun.sh", "-n", "\($0)"] } ?? []
    let limit = addressSpace.map { ["/usr/bin/prlimit", "--as=\($0)"] } ?? []
    self.arguments = limit + launcher + [odn] + arguments
    files = try Workspace()
    process.executableURL = URL(fileURLWithPath: self.arguments[0])
    process.arguments = Array(self.arguments.dropFirst())
    process.currentDirectoryURL = URL(fileURLWithPath: workspace.path)
    var environment = ProcessInfo.processInfo.environment
    environment["COLUMNS"] = "80"
    environment["ODN_TERMINAL"] = nil
    // It would be warned of.
    environment["OPENBLAS_CORETYPE"] = nil
    for (name, value) in variables { environment[name] = value }
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try files.create("output")
    process.standardError = try files.create("errors")
    try Self.withoutBlockedSignals { try process.run() }
  }

  /// Processes inherit the signals that a thread has blocked. Swift's own threads have blocked SIGTERM, and mpirun waits
  /// for it.
  private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
    var none = sigset_t()
    var blocked = sigset_t()
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &blocked)
    defer { pthread_sigmask(SIG_SETMASK, &blocked, nil) }
    try body()
  }

  /// Runs odn to its end.
  static func run(
    _ arguments: [String], ranks: Int? = nil, in workspace: Workspace, variables: [String: String] = [:],
    addressSpace: Int? = nil
  ) async throws -> Execution {
    try await Program(arguments, ranks: ranks, in: workspace, variables: variables, addressSpace: addressSpace).end()
  }

  /// How long tests wait for what has to come. It keeps a hang from lasting for ever, and is far beyond what the slowest
  /// machine needs: no test is about how long something takes.
  static let patience = Duration.seconds(1_800)

  /// Waits for the end; a program that hangs is killed, with all ranks.
  func end() async throws -> Execution {
    if await Self.holds({ !process.isRunning }) {
      let signalBase: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
      return Execution(
        exitCode: signalBase + process.terminationStatus, output: try files.text("output"), errors: try errors)
    }
    terminate()
    if await !Self.holds(within: .seconds(60), { !process.isRunning }) { kill(process.processIdentifier, SIGKILL) }
    throw ProgramError.hung(arguments: arguments, output: try files.text("output"), errors: try errors)
  }

  /// Process ids of its children, the ranks of an mpirun.
  var children: [Int32] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).filter { child in
        Self.status(of: child)?.parent == process.processIdentifier
      }.sorted()
    }
  }

  /// Waits until none of `processes` runs any more.
  static func haveEnded(_ processes: [Int32]) async -> Bool {
    await holds { processes.allSatisfy { status(of: $0).map { $0.state == "Z" } ?? true } }
  }

  /// Waits until all `processes` have been stopped by a signal.
  static func haveStopped(_ processes: [Int32]) async -> Bool {
    await holds { processes.allSatisfy { status(of: $0)?.state == "T" } }
  }

  /// A process's state, `T` if it is stopped, `Z` if it has ended but nobody has asked for its exit code, and its parent.
  private static func status(of process: Int32) -> (state: Substring, parent: Int32)? {
    // pid (name, which may have spaces and parentheses) state parent …
    guard let line = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let nameEnd = line.lastIndex(of: ")")
    else { return nil }
    let fields = line[nameEnd...].split(separator: " ")
    return fields.count > 2 ? Int32(fields[2]).map { (fields[1], $0) } : nil
  }

  /// Sends SIGTERM, at which mpirun ends its ranks and then itself.
  func terminate() { process.terminate() }

  /// Sends a signal, to mpirun where there is one.
  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Whether it has not ended yet.
  var isRunning: Bool { process.isRunning }

  /// Whether it has a file open.
  func hasOpen(_ path: String) -> Bool {
    let directory = "/proc/\(process.processIdentifier)/fd"
    let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    return ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).contains {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(directory)/\($0)")) == resolved
    }
  }

  /// What it has printed on standard error so far.
  var errors: String { get throws { try files.text("errors") } }

  /// Waits until `condition` holds, and returns whether it does; false if the program ends before.
  func reaches(_ condition: () throws -> Bool) async rethrows -> Bool {
    _ = try await Self.holds { try !isRunning || condition() }
    return try condition()
  }

  /// Waits until `condition` holds, for `limit` at most, and returns whether it does.
  private static func holds(
    within limit: Duration = patience, _ condition: () throws -> Bool
  ) async rethrows -> Bool {
    let end = ContinuousClock.now.advanced(by: limit)
    while ContinuousClock.now < end {
      if try condition() { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return try condition()
  }

  /// odn as built together with these tests, beside the program that they run in.
  static func path() throws -> String {
    let tests = URL(fileURLWithPath: Swift.CommandLine.arguments[0]).deletingLastPathComponent()
    let candidates = [tests.appendingPathComponent("odn").path, "\(root)/.build/release/odn"]
    guard let path = candidates.first(where: FileManager.default.isExecutableFile) else {
      throw ProgramError.notBuilt(candidates[0])
    }
    return path
  }
}

/// A place where one rank of a run waits until the test has done its part, however fast or slow the machine is.
struct Hold {
  private let workspace: Workspace
  private let rank: Int
  private let place: String
  private static let file = "hold"

  /// - Parameter place: as in Sources/odn/InjectedFault.swift: steps, or what the rank is doing.
  init(_ rank: Int = 0, at place: String, in workspace: Workspace) {
    (self.rank, self.place, self.workspace) = (rank, place, workspace)
  }

  /// After so many steps since the start, one after the other.
  init(_ rank: Int = 0, afterSteps steps: Int..., in workspace: Workspace) {
    self.init(rank, at: steps.map(String.init).joined(separator: ","), in: workspace)
  }

  /// What tells odn.
  var variables: [String: String] {
    ["ODN_TEST_FAULT": "hold:\(rank):\(place):\(workspace.file(Self.file))"]
  }

  private var isHeld: Bool { FileManager.default.fileExists(atPath: workspace.file(Self.file)) }

  /// Waits until the rank is there. A signal at which the run stops lets it go on as well.
  func reached(by run: Program) async throws {
    let isReached = await run.reaches { isHeld }
    let errors = try run.errors
    try #require(isReached && run.isRunning, "\(errors)")
  }

  /// Lets the rank go on.
  func release() throws { try FileManager.default.removeItem(atPath: workspace.file(Self.file)) }

  /// Removes what is left where a signal has let the rank go on, so that the next run is held again.
  func clear() { try? FileManager.default.removeItem(atPath: workspace.file(Self.file)) }
}
