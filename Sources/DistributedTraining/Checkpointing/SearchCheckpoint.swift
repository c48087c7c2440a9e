// Everything that a search is between two steps, as a file: what has been decided, the networks, and where each rank is.

import Checkpoints
import DepthSearch
import Files
import Foundation
import NeuralNetwork

/// A search between two steps.
public struct SearchCheckpoint: Sendable {
  /// The part of a checkpoint that is text.
  struct State: Codable {
    var origin: CheckpointOrigin
    var seed: UInt64
    var ranks: Int
    /// Which of the ranks that train a depth normalize together. Nil in files of versions that did not say.
    var normalization: NormalizationGroups?
    var batchSize: Int
    var trainImages: Int
    var progress: SearchProgress
    var policy: SearchState
    /// Wall time of the search so far, and of the epoch that is under way.
    var seconds: Double
    var epochSeconds: Double
    /// Steps done in that epoch.
    var step: Int
    /// The network whose levels are searched, at its largest depth.
    var largest: Architecture
    /// Sets of running statistics: one per rank, or one where all have the same.
    var statistics = 0
    /// Sets of what compressed gradients owe, one per rank; nil where they are not compressed.
    var residuals: Int?
    var bestOfDepth: EpochResult?
    var bestOfAll: EpochResult?
    /// The levels that may still be the answer, where there can be some that are not in training any more; nil if none.
    var candidates: [EpochResult]?
    /// The losses of the steps so far. Nil in files of versions that did not watch them.
    var losses: LossMonitor?
    /// The beginning of the epoch under way, where the search may go back to it from a later step.
    var epochStart: EpochStart?
    /// The level, if it is one that is trained by itself, and there are no others in the file.
    var level: LevelHistory?
    /// Whether this is a search whose levels have files of their own; nil if not.
    var hasLevelsApart: Bool?
    /// Measured milliseconds for an image, from the initial depth on; nil where no budget limits them.
    var latencies: [Double]?
  }

  /// What is text of an epoch's beginning.
  struct EpochStart: Codable {
    /// Steps done; not 0 where a version that could not go back had written the checkpoint that the search was continued from.
    var step: Int
    /// Sets of running statistics.
    var statistics: Int
    var losses: LossMonitor
  }

  /// The path of the file that it was read from.
  public let path: String
  let state: State
  let memory: SearchMemory
  /// The network in training; nil once only the test of the result is left.
  let training: TrainingState?
  /// What the epoch under way began with, where that is not the same.
  let epochStart: TrainingState?

  /// What ran when it was written.
  public var origin: CheckpointOrigin { state.origin }
  /// Where it continues.
  public var point: ResumePoint { ResumePoint(self) }
  /// The ranks that trained together.
  public var ranks: Int { state.ranks }
  /// The latencies by which the search chose its deepest level: milliseconds for an image, from the initial depth on; nil
  /// where no budget limits them.
  public var latencies: [Double]? { state.latencies }
}

extension SearchCheckpoint {
  /// The content of a file.
  static func content(
    _ state: State, _ memory: SearchMemory, _ training: TrainingState?, epochStart: TrainingState?
  ) throws -> CheckpointContent {
    var state = state
    state.bestOfDepth = memory.bestOfDepth?.result
    state.bestOfAll = memory.bestOfAll?.result
    state.candidates = memory.candidates.isEmpty ? nil : memory.candidates.map(\.result)
    state.statistics = training?.statistics.count ?? 0
    state.residuals = training?.residuals?.values.count
    state.step = training?.step ?? 0
    state.losses = training?.losses
    state.epochStart = epochStart.map {
      EpochStart(step: $0.step, statistics: $0.statistics.count, losses: $0.losses)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    var sections = [CheckpointSection("state", .bytes(Array(try encoder.encode(state))))]
    func add(_ name: String, _ weights: NetworkWeights?) {
      guard let weights else { return }
      sections.append(CheckpointSection("\(name).parameters", .floats(weights.parameters)))
      sections.append(CheckpointSection("\(name).statistics", .floats(weights.statistics)))
    }
    if state.level == nil { add("warm", memory.warm) }
    add("bestOfDepth", memory.bestOfDepth?.weights)
    if !state.sharesBest { add("bestOfAll", memory.bestOfAll?.weights) }
    for candidate in memory.candidates { add("candidate", candidate.weights) }
    func add(_ name: String, _ training: TrainingState?) {
      guard let training else { return }
      sections.append(CheckpointSection("\(name).values", .floats(training.values)))
      sections.append(CheckpointSection("\(name).momenta", .floats(training.momenta)))
      for own in training.statistics { sections.append(CheckpointSection("\(name).statistics", .floats(own))) }
      let sums = training.progress.flatMap { [$0.sums.loss, $0.sums.correct, $0.sums.total] }
      sections.append(CheckpointSection("\(name).sums", .doubles(sums)))
      if let residuals = training.residuals {
        for own in residuals.values { sections.append(CheckpointSection("\(name).residuals", .floats(own))) }
        sections.append(CheckpointSection("\(name).sumResiduals", .floats(residuals.sums)))
      }
    }
    add("training", training)
    add("epochStart", epochStart)
    return CheckpointContent(sections)
  }

  /// Reads a file that a search wrote. It is untrusted: all sections have to be intact, and what they hold has to fit
  /// together.
  /// - Throws: `CheckpointError`.
  public init(path: String) throws(CheckpointError) { try self.init(CheckpointReader(path: path)) }

  /// Reads a file that is open already.
  /// - Throws: `CheckpointError`.
  public init(_ file: InputFile) throws(CheckpointError) { try self.init(CheckpointReader(file)) }

  private init(_ reader: consuming CheckpointReader) throws(CheckpointError) {
    path = reader.path
    let text = try reader.bytes("state", atMost: Self.maximumStateSize)
    let state: State
    do {
      state = try JSONDecoder().decode(State.self, from: Data(text))
    } catch {
      throw reader.damaged("section state", expected: "the state of a search", found: Self.explain(error))
    }
    if let problem = state.problem {
      throw reader.damaged("section state", expected: problem.expected, found: problem.found)
    }
    self.state = state
    var memory = SearchMemory()
    if state.progress.stage == .level && state.level == nil {
      memory.warm = try reader.weights("warm", state.largest, .all)
    }
    if let result = state.bestOfDepth {
      let weights = try reader.weights("bestOfDepth", try state.network(result.depth, reader), .deepest)
      memory.bestOfDepth = KeptWeights(weights: weights, result: result)
    }
    if state.sharesBest {
      memory.bestOfAll = memory.bestOfDepth
    } else if let result = state.bestOfAll {
      let weights = try reader.weights("bestOfAll", try state.network(result.depth, reader), .deepest)
      memory.bestOfAll = KeptWeights(weights: weights, result: result)
    }
    for result in state.candidates ?? [] {
      let weights = try reader.weights("candidate", try state.network(result.depth, reader), .deepest)
      memory.candidates.append(KeptWeights(weights: weights, result: result))
    }
    self.memory = memory
    var training: TrainingState?
    var epochStart: TrainingState?
    if state.isInTraining {
      let place = EpochStart(step: state.step, statistics: state.statistics, losses: state.losses ?? LossMonitor())
      training = try reader.training("training", state, place)
      if let start = state.epochStart { epochStart = try reader.training("epochStart", state, start) }
    }
    self.training = training
    self.epochStart = epochStart
    try reader.expectEnd()
  }

  /// Far more than the records of all epochs of a level and a configuration need.
  private static let maximumStateSize = 1 << 26

  private static func explain(_ error: any Error) -> String {
    let context: DecodingError.Context? =
      switch error as? DecodingError {
      case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
        .valueNotFound(_, let context):
        context
      default: nil
      }
    let key = context?.codingPath.map(\.stringValue).joined(separator: ".") ?? ""
    return "something else" + (key.isEmpty ? "" : " at \(key.prefix(60).debugDescription)")
  }
}

extension SearchCheckpoint.State {
  /// Whether the best of the level in training is the best of all, so that its weights are written once.
  var sharesBest: Bool { bestOfDepth != nil && bestOfDepth == bestOfAll }

  /// The classifiers of the network in training.
  fileprivate var heads: HeadSelection { progress.stage == .warmUp ? .all : .deepest }

  /// The level that was trained last.
  var trainedDepth: Int { level?.depth ?? policy.depth }

  /// Whether a network is in training.
  fileprivate var isInTraining: Bool {
    progress.outcome == nil && level?.isEnded != true && (hasLevelsApart != true || progress.stage == .warmUp)
  }

  /// The network at `depth`, which has to be a level of the search.
  fileprivate func network(
    _ depth: Int, _ reader: borrowing CheckpointReader
  ) throws(CheckpointError) -> Architecture {
    do throws(ArchitectureError) {
      return try largest.withDepth(depth)
    } catch {
      throw reader.damaged("section state", expected: "depths of the network", found: "\(error)")
    }
  }

  /// What no search can be in, in values that the decoder takes.
  fileprivate var problem: (expected: String, found: String)? {
    let limit = 1_000_000_000
    if !(1...1_000_000).contains(ranks) { return ("a number of ranks", "\(ranks)") }
    if !(1...limit).contains(batchSize) || !(1...limit).contains(trainImages) {
      return ("sizes of a training", "\(batchSize) of \(trainImages) images")
    }
    if let groups = normalization, !(1...ranks).contains(groups.ranks) || !groups.isSound {
      return ("groups of \(ranks) ranks", "\(groups.size) of \(groups.ranks)")
    }
    if !(0...limit).contains(progress.searchEpoch) || !(progress.searchEpoch...limit).contains(progress.epochsDone) {
      return ("numbers of epochs", "\(progress.searchEpoch) of \(progress.epochsDone)")
    }
    if !(0...(trainImages + batchSize - 1) / batchSize).contains(step) { return ("a step of an epoch", "\(step)") }
    if !(progress.learningRate > 0 && progress.learningRate.isFinite) {
      return ("a learning rate", "\(progress.learningRate)")
    }
    if !(seconds >= 0 && epochSeconds >= 0 && seconds + epochSeconds < 1e12) {
      return ("a time in seconds", "\(seconds) and \(epochSeconds)")
    }
    if isInTraining ? ![1, ranks].contains(statistics) : statistics != 0 {
      return ("statistics of \(ranks) ranks", "\(statistics)")
    }
    if let residuals, !isInTraining || residuals != ranks {
      return ("residuals of \(ranks) ranks", "\(residuals)")
    }
    if let start = epochStart, start.statistics != statistics || !(0...step).contains(start.step) {
      return ("the beginning of the epoch", "step \(start.step) with statistics of \(start.statistics) ranks")
    }
    if let odd = [losses, epochStart?.losses].compactMap(\.self).first(where: { !$0.isSound }) {
      return ("mean and variance of losses", "\(odd.mean) and \(odd.variance)")
    }
    if let latencies, !latencies.allSatisfy({ $0 > 0 && $0 < 1e12 }) { return ("latencies", "\(latencies.prefix(8))") }
    let times = progress.times ?? []
    if times.count > largest.depth
      || !times.allSatisfy({
        (1...largest.depth).contains($0.depth) && (0...limit).contains($0.epochs) && (0..<1e12).contains($0.seconds)
      })
    {
      return ("times of \(largest.depth) depths at most", "\(times.prefix(8))")
    }
    if let recovery = progress.recovery,
      !(0...limit).contains(recovery.rollbacks) || !(recovery.rateFactor > 0 && recovery.rateFactor <= 1)
    {
      return ("a number of rollbacks", "\(recovery.rollbacks), to the rate times \(recovery.rateFactor)")
    }
    if progress.outcome != policy.outcome || policy.epoch != progress.searchEpoch
      || (progress.outcome != nil && (progress.stage == .warmUp || bestOfDepth == nil || bestOfAll == nil))
    {
      return ("a search in one state", "one that has ended and has not")
    }
    if progress.stage == .warmUp && (bestOfDepth != nil || bestOfAll != nil || policy.epoch != 0) {
      return ("no level trained in the warm-up", "one")
    }
    if let bestOfDepth, bestOfDepth.depth != trainedDepth {
      return ("best weights of depth \(trainedDepth)", "depth \(bestOfDepth.depth)")
    }
    if let outcome = progress.outcome,
      ![outcome.depth, outcome.bestDepth].allSatisfy((1...largest.depth).contains)
        || ![outcome.target, outcome.tolerance].compactMap(\.self).allSatisfy((0...100).contains)
    {
      return ("an outcome at depths 1 to \(largest.depth)", "\(outcome.depth) and \(outcome.bestDepth)")
    }
    let kept = ([bestOfDepth, bestOfAll].compactMap(\.self) + (candidates ?? [])).map(\.depth)
    if let outcome = progress.outcome, !kept.contains(outcome.foundDepth) {
      return ("weights of depth \(outcome.foundDepth), which was found", "none")
    }
    if let level { return problem(of: level) }
    if hasLevelsApart == true && bestOfDepth != nil { return ("levels with files of their own", "one without") }
    return nil
  }

  /// The same of a level that is trained by itself.
  private func problem(of level: LevelHistory) -> (expected: String, found: String)? {
    if hasLevelsApart == true || progress.stage == .warmUp { return ("a level", "a search") }
    if !level.isSound(deepest: largest.depth) || level.epochs != policy.epoch {
      return ("epochs of depth \(level.depth), 1 to \(policy.epoch)", "\(level.epochs)")
    }
    if level.isEnded ? bestOfDepth == nil : policy.depth != level.depth {
      return ("a level in one state", "one that has ended and has not")
    }
    return nil
  }
}

extension CheckpointReader {
  fileprivate mutating func weights(
    _ name: String, _ architecture: Architecture, _ heads: HeadSelection
  ) throws(CheckpointError) -> NetworkWeights {
    // Read first: there is memory for no more than the file has.
    let layout = NetworkLayout(architecture, heads: heads)
    let parameters = try floats("\(name).parameters", count: layout.parameterFloats)
    let statistics = try floats("\(name).statistics", count: layout.statisticsFloats)
    var weights = NetworkWeights(architecture, heads: heads)
    weights.parameters = parameters
    weights.statistics = statistics
    return weights
  }

  fileprivate mutating func training(
    _ name: String, _ state: SearchCheckpoint.State, _ start: SearchCheckpoint.EpochStart
  ) throws(CheckpointError) -> TrainingState {
    let depth = state.progress.stage == .warmUp ? state.largest.depth : state.trainedDepth
    let architecture = try state.network(depth, self)
    let layout = NetworkLayout(architecture, heads: state.heads)
    let values = try floats("\(name).values", count: layout.parameterFloats)
    let momenta = try floats("\(name).momenta", count: layout.parameterFloats)
    var statistics: [[Float]] = []
    for _ in 0..<start.statistics {
      statistics.append(try floats("\(name).statistics", count: layout.statisticsFloats))
    }
    let sums = try doubles("\(name).sums", count: 3 * state.ranks)
    // Counts are exact below 2⁵³, and no image is counted twice.
    let largestCount = Double(state.trainImages * state.largest.depth)
    var progress: [EpochProgress] = []
    for rank in 0..<state.ranks {
      let own = AnswerSums(loss: sums[3 * rank], correct: sums[3 * rank + 1], total: sums[3 * rank + 2])
      guard own.loss.isFinite, 0 <= own.correct, own.correct <= own.total, own.total <= largestCount else {
        throw damaged("section \(name).sums", expected: "sums over images", found: "\(own)")
      }
      progress.append(EpochProgress(step: start.step, sums: own))
    }
    return TrainingState(
      architecture: architecture, heads: state.heads, values: values, momenta: momenta, statistics: statistics,
      progress: progress, residuals: try residuals(name, of: state.residuals, layout), losses: start.losses)
  }

  private mutating func residuals(
    _ name: String, of ranks: Int?, _ layout: NetworkLayout
  ) throws(CheckpointError) -> CompressionResiduals? {
    guard let ranks else { return nil }
    var values: [[Float]] = []
    for _ in 0..<ranks { values.append(try floats("\(name).residuals", count: layout.parameterFloats)) }
    return CompressionResiduals(
      values: values, sums: try floats("\(name).sumResiduals", count: layout.parameterFloats))
  }
}
