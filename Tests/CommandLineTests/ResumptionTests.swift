// Runs that are cut short and continued: in the end they are the run that nothing has disturbed, bit for bit.

import Foundation
import Testing

extension CommandLine {
  @Suite("A run that is continued")
  struct Resumption {
    static let search = ["search", "tiny.yaml", "--output", "run", "--resume", "auto", "--quiet"]
    private let workspace: Workspace

    init() throws { workspace = try .withLearningSearch() }

    /// How often each kind of accident is tried; `make chaos` sets it.
    static let rounds = 1...(ProcessInfo.processInfo.environment["ODN_CHAOS_RUNS"].flatMap(Int.init) ?? 2)

    @Test("after the kill of a random rank at a random time ends as the undisturbed one", arguments: rounds)
    func killed(round: Int) async throws {
      let run = try Program(Self.search, ranks: 2, in: workspace)
      try await Task.sleep(for: .milliseconds(Int.random(in: 300...3_000)))
      if let rank = try run.children.randomElement() { kill(rank, SIGKILL) }
      let end = try await run.end(within: .seconds(60))
      #expect([0, 128 + SIGKILL].contains(end.exitCode), "\(end.errors)")
      try await expectUndisturbedEnd(Self.search)
    }

    @Test("after SIGUSR1 at a random time, which ends it with code 75, ends as the undisturbed one", arguments: rounds)
    func stopped(round: Int) async throws {
      let run = try await start()
      try await Task.sleep(for: .milliseconds(Int.random(in: 0...1_000)))
      run.send(SIGUSR1)
      let end = try await run.end(within: .seconds(60))
      #expect([0, 75].contains(end.exitCode), "\(end.errors)")
      if end.exitCode == 75 {
        #expect(end.errorLines.filter { $0.hasPrefix("odn: stopped as told; run/checkpoints/") }.count == 1)
      }
      try await expectUndisturbedEnd(Self.search)
    }

    @Test("after two accidents in a row has every epoch in its log once")
    func twice() async throws {
      for signal in [SIGUSR1, SIGKILL] {
        let run = try await start()
        try await Task.sleep(for: .milliseconds(300))
        if signal == SIGKILL { kill(try #require(run.children.last), signal) } else { run.send(signal) }
        let end = try await run.end(within: .seconds(60))
        try #require(end.exitCode == (signal == SIGUSR1 ? 75 : 128 + SIGKILL), "\(end.errors)")
      }
      try await expectUndisturbedEnd(Self.search)
      let events = try workspace.lines("run/events.jsonl").map(Event.init)
      #expect(events.count { $0.event == "resumed" } >= 1)
      let times = events.compactMap(\.time)
      #expect(times == times.sorted() && times.count == events.count)
    }

    @Test("ends at once at a second signal")
    func secondSignal() async throws {
      let run = try await start()
      let ranks = try run.children
      try #require(ranks.count == 2)
      // Rank 0 waits for a rank that does not come: the first signal alone would not end it.
      kill(ranks[1], SIGSTOP)
      kill(ranks[0], SIGUSR1)
      try await Task.sleep(for: .milliseconds(700))
      #expect(run.isRunning)
      kill(ranks[0], SIGUSR1)
      let end = try await run.end(within: .seconds(10))
      kill(ranks[1], SIGCONT)
      #expect(end.exitCode == 128 + SIGUSR1, "\(end.errors)")
      #expect(await Program.haveEnded(ranks, within: .seconds(10)))
    }

    @Test("was stopped by Ctrl-C or a termination just the same", arguments: [SIGINT, SIGTERM])
    func alone(signal: Int32) async throws {
      let run = try await start(ranks: nil)
      run.send(signal)
      let end = try await run.end(within: .seconds(20))
      #expect(end.exitCode == 75)
      #expect(end.errorLines.count == 1 && end.errors.hasPrefix("odn: stopped as told; "), "\(end.errors)")
    }

    /// Starts the search and returns when it has its first checkpoints.
    private func start(ranks: Int? = 2) async throws -> Program {
      let run = try Program(Self.search, ranks: ranks, in: workspace)
      let isSaved = try await Program.holds(within: .seconds(60)) { try workspace.checkpoints().count == 2 }
      try #require(isSaved)
      return run
    }

    /// Continues the run and compares it with one that nothing has disturbed.
    private func expectUndisturbedEnd(_ arguments: [String]) async throws {
      let end = try await Program.run(arguments, ranks: 2, in: workspace)
      try #require(end.exitCode == 0, "\(end.errors)")
      try await Reference.onTwoRanks.expectSame(as: workspace)
    }
  }
}

/// What an undisturbed run of `Workspace.withLearningSearch()` comes to.
struct Reference: Sendable {
  let files: [String: [UInt8]]
  let course: [Milestone]
  let imagesTrained: Int

  private static let twoRanks = Task { try await Reference(ranks: 2) }
  private static let oneRank = Task { try await Reference(ranks: nil) }
  private static let fourRanks = Task { try await Reference(ranks: 4, settings: ["--set", "training.batchSize=4"]) }
  static var onTwoRanks: Reference { get async throws { try await twoRanks.value } }
  /// With batches of 4 images.
  static var onFourRanks: Reference { get async throws { try await fourRanks.value } }
  static var onOneRank: Reference { get async throws { try await oneRank.value } }

  private init(ranks: Int?, settings: [String] = []) async throws {
    let workspace = try Workspace.withLearningSearch()
    let end = try await Program.run(CommandLine.Resumption.search + settings, ranks: ranks, in: workspace)
    try #require(end.exitCode == 0 && end.errorsBesideLoad == "", "\(end.errors)")
    files = try workspace.networks()
    course = try workspace.course()
    imagesTrained = try Summary(of: "run", in: workspace).imagesTrained
    #expect(course.count == 7, "a warm-up and six epochs")
    #expect(try workspace.names(in: "run") == CommandLine.Search.files, "no checkpoint is left")
  }

  /// Checks that the run in `workspace` left the same networks and went through the same epochs, each once.
  func expectSame(as workspace: Workspace, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let found = try workspace.networks()
    #expect(found.keys.sorted() == files.keys.sorted(), sourceLocation: sourceLocation)
    for (name, bytes) in files { #expect(found[name] == bytes, "\(name)", sourceLocation: sourceLocation) }
    #expect(try workspace.course() == course, sourceLocation: sourceLocation)
    #expect(try Summary(of: "run", in: workspace).imagesTrained == imagesTrained, sourceLocation: sourceLocation)
    #expect(try workspace.names(in: "run") == CommandLine.Search.files, sourceLocation: sourceLocation)
  }
}

/// An epoch in `events.jsonl`.
struct Milestone: Decodable, Equatable, Sendable {
  struct Training: Decodable, Equatable {
    let epoch: Int
    let depth: Int
    let learningRate: Double
    let trainingLoss: Double
    let trainingAccuracy: Double
  }
  struct Value: Decodable, Equatable {
    let training: Training?
    let validationAccuracy: Double?
    // Of an epoch of the warm-up.
    let trainingLoss: Double?
  }
  let event: String
  let value: Value
}

extension Workspace {
  /// The checkpoints of the run, oldest first.
  func checkpoints() throws -> [String] {
    guard FileManager.default.fileExists(atPath: file("run/checkpoints")) else { return [] }
    return try names(in: "run/checkpoints").filter { $0.hasSuffix(".checkpoint") }
  }

  /// The networks that the run left.
  func networks() throws -> [String: [UInt8]] {
    let names = try names(in: "run").filter { $0.hasSuffix(".safetensors") }
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try bytes("run/\($0)")) })
  }

  /// The epochs in the run's log.
  func course() throws -> [Milestone] {
    try lines("run/events.jsonl").filter { $0.contains("poch\",") }
      .map { try JSONDecoder().decode(Milestone.self, from: Data($0.utf8)) }
  }
}
