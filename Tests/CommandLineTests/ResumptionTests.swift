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

    /// Steps of the whole search: 24 in each of 7 epochs.
    private static let steps = 1...7 * 24

    @Test("after the kill of a random rank after a random step ends as the undisturbed one", arguments: rounds)
    func killed(round: Int) async throws {
      let fault = "kill:\(Int.random(in: 0...1)):\(Int.random(in: Self.steps))"
      let run = try Program(Self.search, ranks: 2, in: workspace, variables: ["ODN_TEST_FAULT": fault])
      let end = try await run.end()
      #expect(end.exitCode == 128 + SIGKILL, "\(fault): \(end.errors)")
      try await expectUndisturbedEnd(Self.search, fault)
    }

    /// What rank 0 may be doing when it is killed, besides training steps.
    private static let operations = [
      "loading data", "evaluating", "writing the run's files", "writing a checkpoint+2", "writing the result",
    ]

    @Test("after a kill beside the steps ends as the undisturbed one", arguments: operations)
    func killed(operation: String) async throws {
      let run = try Program(Self.search, in: workspace, variables: ["ODN_TEST_FAULT": "kill:0:\(operation)"])
      let end = try await run.end()
      #expect(end.exitCode == 128 + SIGKILL, "\(end.errors)")
      let rest = try await Program.run(Self.search, in: workspace)
      try #require(rest.exitCode == 0, "\(rest.errors)")
      try await Reference.onOneRank.expectSame(as: workspace)
    }

    @Test("after the kill of a rank at any moment ends as the undisturbed one", arguments: rounds)
    func killedAnywhere(round: Int) async throws {
      let run = try Program(Self.search, ranks: 2, in: workspace)
      // Nothing holds the rank here, so that it is anywhere in its work, or has ended, when the signal arrives.
      let epochs = Int.random(in: 1...5)
      _ = try await run.reaches { try workspace.epochs("run") >= epochs }
      if let rank = try run.children.randomElement() { kill(rank, SIGKILL) }
      let end = try await run.end()
      #expect([0, 128 + SIGKILL].contains(end.exitCode), "\(end.errors)")
      try await expectUndisturbedEnd(Self.search, "after \(epochs) epochs")
    }

    @Test("after SIGUSR1 at a random step, which ends it with code 75, ends as the undisturbed one", arguments: rounds)
    func stopped(round: Int) async throws {
      let step = Int.random(in: Self.steps)
      let hold = Hold(afterSteps: step, in: workspace)
      let run = try Program(Self.search, ranks: 2, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      run.send(SIGUSR1)
      let end = try await run.end()
      #expect(end.exitCode == 75, "step \(step): \(end.errors)")
      #expect(end.errorLines.filter { $0.hasPrefix("odn: stopped as told; run/checkpoints/") }.count == 1)
      try await expectUndisturbedEnd(Self.search, "step \(step)")
    }

    @Test("after two accidents in a row has every epoch in its log once")
    func twice() async throws {
      for signal in [SIGUSR1, SIGKILL] {
        let (run, hold) = try await start()
        if signal == SIGKILL { kill(try #require(run.children.last), signal) } else { run.send(signal) }
        let end = try await run.end()
        hold.clear()
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
      let (run, _) = try await start()
      let ranks = try run.children
      try #require(ranks.count == 2)
      // Rank 0 waits for a rank that does not come: one signal alone would not end it. Signals that arrive within half a
      // second count as one.
      kill(ranks[1], SIGSTOP)
      #expect(await Program.haveStopped([ranks[1]]))
      _ = await run.reaches {
        kill(ranks[0], SIGUSR1)
        return false
      }
      let end = try await run.end()
      kill(ranks[1], SIGCONT)
      #expect(end.exitCode == 128 + SIGUSR1, "\(end.errors)")
      #expect(await Program.haveEnded(ranks))
    }

    @Test(
      "was stopped by Ctrl-C, a termination or a closed terminal just the same", arguments: [SIGINT, SIGTERM, SIGHUP])
    func alone(signal: Int32) async throws {
      let (run, _) = try await start(ranks: nil)
      run.send(signal)
      let end = try await run.end()
      #expect(end.exitCode == 75)
      #expect(end.errorLines.count == 1 && end.errors.hasPrefix("odn: stopped as told; "), "\(end.errors)")
    }

    /// Starts the search and returns when it has a checkpoint and rank 0 waits.
    private func start(ranks: Int? = 2) async throws -> (Program, Hold) {
      let hold = Hold(afterSteps: 40, in: workspace)
      let run = try Program(Self.search, ranks: ranks, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      return (run, hold)
    }

    /// Continues the run and compares it with one that nothing has disturbed.
    private func expectUndisturbedEnd(_ arguments: [String], _ accident: String = "") async throws {
      let end = try await Program.run(arguments, ranks: 2, in: workspace)
      try #require(end.exitCode == 0, "\(accident): \(end.errors)")
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
  /// On one rank without mpirun, for nil, or on two.
  static func on(_ ranks: Int?) async throws -> Reference {
    if ranks == nil { return try await onOneRank }
    return try await onTwoRanks
  }

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
