// How fast many ranks train one network together, against one rank, and against as many that know nothing of each other.

import MPI
import NeuralNetwork

/// Times a network's steps on one rank, on all ranks at the same time but each by itself, and on all ranks together.
///
/// Ranks of one host contend for its memory whether they talk to each other or not. Against a single rank, that counts as a
/// loss; against independent ranks, only what they lose by training together does: sums, and waiting for the slowest.
public final class ScalingBenchmark {
  /// What stays the same when there are more ranks.
  public enum Scaling: String, Codable, CaseIterable, Sendable {
    /// The images of each rank: the work grows with the ranks.
    case weak
    /// The images of all ranks together, as in a search.
    case strong
  }

  private let world: Communicator
  private let images: (one: Int, share: Int, all: Int)
  /// The single rank's, on rank 0.
  private let one: StepBenchmark?
  private let independent: StepBenchmark
  private let together: StepBenchmark

  /// Allocates the networks, and makes one step of each.
  ///
  /// - Parameters:
  ///   - batch: images per step, of each rank or of all together.
  ///   - batchNormRanks: of all ranks together, as `StepBenchmark`'s.
  ///   - makeKernels: as `StepBenchmark`'s.
  /// - Throws: `TrainingError.tooManyRanks` where a batch has not an image for each, `batchNormRanks`; `MPIError`.
  ///   Collective.
  public init(
    _ architecture: Architecture, _ scaling: Scaling, batch: Int, world: Communicator,
    communication: CommunicationOptions = CommunicationOptions(), batchNormRanks: Int = 1,
    makeKernels: ((any BackgroundWork)?) -> any Kernels = { KernelFamily.fast.kernels(background: $0) }
  ) throws {
    self.world = world
    switch scaling {
    case .weak: images = (batch, batch, batch * world.size)
    case .strong:
      guard batch >= world.size else {
        throw TrainingError.tooManyRanks(ranks: world.size, images: batch, of: "images of a step")
      }
      images = (batch, batch / world.size + (world.rank < batch % world.size ? 1 : 0), batch)
    }
    let alone = try world.split(color: world.rank, key: 0) ?? world
    independent = try StepBenchmark(architecture, batch: images.share, communicator: alone, makeKernels: makeKernels)
    one =
      world.rank > 0
      ? nil
      : images.one == images.share
        ? independent
        : try StepBenchmark(architecture, batch: images.one, communicator: alone, makeKernels: makeKernels)
    together = try StepBenchmark(
      architecture, batch: images.share, communicator: world, communication: communication,
      batchNormRanks: batchNormRanks, makeKernels: makeKernels)
    try one?.step()
    try independent.step()
    try together.step()
  }

  /// What was measured, each number a median over the rounds.
  public struct Result: Codable, Equatable, Sendable {
    /// Images per second of one rank, while the others sleep.
    public let one: Double
    /// Images per second of all ranks, each training by itself.
    public let independent: Double
    /// Images per second of all ranks, training together.
    public let together: Double
    /// The speed together, as a share of that of one rank times the number of ranks.
    public let efficiencyAgainstOne: Double
    /// The speed together, as a share of the independent ranks'.
    public let efficiencyAgainstIndependent: Double
    /// How gradients are summed; nil where there is one rank.
    public let communication: Communication?
  }

  /// How the gradients of a step are summed.
  public struct Communication: Codable, Equatable, Sendable {
    /// Whether the sums are taken during the backward pass.
    public let isOverlapped: Bool
    /// The bytes that a rank hands over in a step.
    public let bytesPerStep: Int
    /// What the same sums take while nothing is computed.
    public let milliseconds: Double
    /// What a step waits for them: the time of the rank that waits least, which no slower rank keeps waiting.
    public let exposedMilliseconds: Double
    /// The share of the sums' time that the backward pass hides, 0...1.
    public let hidden: Double
  }

  /// Measures the three ways in turns, every other round in reverse, so that a machine that gets faster or slower favours
  /// none. Collective.
  ///
  /// - Parameters:
  ///   - rounds: how often, at least 1.
  ///   - steps: steps of each way in a round, at least 1.
  /// - Throws: `MPIError`.
  public func measure(rounds: Int, steps: Int) throws -> Result {
    var measured: [Round] = []
    for number in 0..<rounds {
      var round = Round()
      let ways = [measureOne, measureIndependent, measureTogether]
      for way in number.isMultiple(of: 2) ? ways : ways.reversed() { try way(steps, &round) }
      measured.append(round)
    }
    func median(_ value: (Round) -> Double) -> Double { measured.map(value).median }
    return Result(
      one: median(\.one), independent: median(\.independent), together: median(\.together),
      efficiencyAgainstOne: median { $0.together / ($0.one * Double(self.world.size)) },
      efficiencyAgainstIndependent: median { $0.together / $0.independent },
      communication: world.size == 1
        ? nil
        : Communication(
          isOverlapped: together.isOverlapped, bytesPerStep: together.allreduceBytesPerStep,
          milliseconds: 1e3 * median(\.sum), exposedMilliseconds: 1e3 * median(\.exposed),
          hidden: median { min(max(1 - $0.exposed / $0.sum, 0), 1) }))
  }

  /// Images per second of the three ways; seconds of the sums of a step, alone and behind its backward pass.
  private struct Round {
    var one = 0.0
    var independent = 0.0
    var together = 0.0
    var sum = 0.0
    var exposed = 0.0
  }

  private func measureOne(steps: Int, _ round: inout Round) throws {
    if let one { round.one = try Self.imagesPerSecond(of: one, images.one, steps) }
    try world.meet()
    round.one = try world.allreduce(round.one, .max)
  }

  private func measureIndependent(steps: Int, _ round: inout Round) throws {
    try world.barrier()
    round.independent = try world.allreduce(Self.imagesPerSecond(of: independent, images.share, steps), .sum)
  }

  private func measureTogether(steps: Int, _ round: inout Round) throws {
    var times: [StepBenchmark.Times] = []
    var sums: [Double] = []
    for _ in 0..<steps {
      times.append(try together.timeStep())
      sums.append(try together.timeSum())
    }
    round.together = Double(steps * images.all) / times.reduce(0) { $0 + $1.seconds }
    round.exposed = times.map(\.exposedSeconds).median
    round.sum = sums.median
  }

  private static func imagesPerSecond(of benchmark: StepBenchmark, _ images: Int, _ steps: Int) throws -> Double {
    var seconds = 0.0
    for _ in 0..<steps { seconds += try benchmark.timeStep().seconds }
    return Double(steps * images) / seconds
  }
}
