// Levels that are trained by themselves, and the order in which groups of ranks take them up.

import DepthSearch
import Foundation
import NeuralNetwork
import Testing

@Suite("Levels at the same time")
struct LevelTests {
  @Test("each level by itself decides as the search does at that level", arguments: 1...50)
  func levels(seed: Int) throws {
    var options = SearchOptions(policy: .paper, target: 90.5, maximumDepth: 4, patience: 3)
    options.initialDepth = 1 + seed % 2
    options.plateau.epochs = 2
    var random = SplitMix(state: UInt64(seed))
    var whole = try PaperPolicy(options)
    while whole.state.outcome == nil {
      let depth = whole.state.depth
      let first = whole.state.epoch
      var level = try PaperPolicy(options, level: depth)
      #expect(level.state.learningRate == whole.state.learningRate && level.state.phase == whole.state.phase)
      var decision: Decision
      repeat {
        // Deeper levels are better, but every one may stop improving at any time.
        let correct = 7_500 + 500 * depth + Int(random.next() % 900)
        decision = whole.next(correct)
        let own = level.next(correct)
        #expect(own.epoch == decision.epoch - first)
        #expect(own.depth == decision.depth && own.phase == decision.phase && own.restart == decision.restart)
        #expect(own.learningRate == decision.learningRate && own.keepsWeights == decision.keepsWeights)
        #expect(own.endsLevel == decision.endsLevel && own.isDeepest == decision.isDeepest)
      } while !decision.endsLevel
      #expect(level.state.outcome?.accuracy == whole.state.outcome?.accuracy)
      #expect(level.state.depths.first?.epochs == whole.state.depths.first { $0.depth == depth }?.epochs)
    }
  }

  @Test("a level that goes no deeper says so from the epoch on in which that is known")
  func deepest() throws {
    var policy = try PaperPolicy(PaperPolicyTests.options, level: 3)
    #expect(policy.next([8_000, 9_000, 8_000]).map(\.isDeepest) == [false, true, true])
    policy = try PaperPolicy(PaperPolicyTests.options, level: 8)
    #expect(policy.state.phase == .fineTuning, "the last level")
    #expect(policy.next(5_000).isDeepest)
  }

  @Test("a level that the search does not have is refused", arguments: [0, 1, 5])
  func otherLevels(_ level: Int) {
    var options = PaperPolicyTests.options
    options.initialDepth = 2
    options.maximumDepth = 4
    #expect(throws: SearchError.level(level, of: 2...4)) { try PaperPolicy(options, level: level) }
  }

  @Test("each level of the adaptive procedure by itself decides as the search does, where none is given up")
  func adaptiveLevels() throws {
    let options = Self.adaptive
    var whole = try Self.policy(options)
    var order: [Int] = []
    while whole.state.outcome == nil {
      let depth = whole.state.depth
      order.append(depth)
      var level = try Self.policy(options, level: depth)
      var decision: Decision
      repeat {
        let epoch = level.state.epoch + 1
        let accuracy = Accuracy(correct: 7_900 + 100 * depth + 400 * epoch, total: 10_000)
        decision = whole.next(accuracy)
        let own = level.next(accuracy)
        #expect(own.endsLevel == decision.endsLevel && own.keepsWeights == decision.keepsWeights)
        if !own.endsLevel { #expect(own.learningRate == decision.learningRate) }
      } while !decision.endsLevel
      // What a checkpoint of the level that has ended is read back as.
      #expect(throws: Never.self) { try Self.policy(options, level: depth, resuming: level.state) }
    }
    #expect(whole.state.outcome?.foundDepth == 5, "\(order)")
    #expect(Set(order).isSuperset(of: [1, 4, 5]))
    #expect(throws: SearchError.level(9, of: 1...8)) { try Self.policy(options, level: 9) }
  }

  static let adaptive = SearchOptions(
    policy: .adaptive, target: 96, tolerance: 0, adaptive: AdaptiveOptions(epochs: 3, confidence: 1))

  private static func policy(
    _ options: SearchOptions, level: Int? = nil, resuming state: SearchState? = nil
  ) throws -> any DepthPolicy {
    let network = try Architecture(
      family: .resnet18, depth: 1, classes: 10, input: ImageShape(height: 28, width: 28, channels: 1))
    return try options.makePolicy(for: network, learningRate: 0.01, level: level, resuming: state)
  }

  @Test("levels depend on each other by what they inherit, compare with, count, or are given up by")
  func independence() {
    let options = SearchOptions(policy: .paper, target: 90)
    #expect(options.levelsAreIndependent && Self.adaptive.levelsAreIndependent)
    for change: (inout SearchOptions) -> Void in [
      { $0.restart = .inherit }, { $0.adaptive.confidence = 0.9 }, { $0.objective = .knee }, { $0.epochLimit = 1 },
    ] {
      var dependent = Self.adaptive
      change(&dependent)
      #expect(!dependent.levelsAreIndependent)
    }
    for change: (inout SearchOptions) -> Void in [
      { $0.restart = .inherit }, { $0.bestAfterGrowth = .keep }, { $0.epochLimit = 1 },
    ] {
      var dependent = options
      change(&dependent)
      #expect(!dependent.levelsAreIndependent)
    }
  }

  @Test("a baseline of one depth is trained by all ranks")
  func fixedDepth() {
    #expect(SearchOptions(policy: .paper, target: 90, groups: 4).atFixedDepth(2).groups == 1)
  }

  @Test("the shallowest depth that nobody has tried is taken up next, until there is none")
  func order() throws {
    var options = PaperPolicyTests.options
    options.initialDepth = 2
    options.maximumDepth = 4
    let policy = try PaperPolicy(options)
    var schedule = LevelSchedule(2...4)
    #expect(schedule.takeUp(for: policy) == 2)
    #expect(schedule.takeUp(for: policy) == 3)
    schedule.end(2)
    #expect(schedule.takeUp(for: policy) == 4)
    #expect(schedule.inTraining == [3, 4])
    #expect(schedule.takeUp(for: policy) == nil)
  }

  @Test("once a depth meets the target, deeper ones in training can go, and shallower ones go on")
  func settling() throws {
    let policy = try PaperPolicy(PaperPolicyTests.options)
    var schedule = LevelSchedule(1...8)
    for depth in 1...4 { #expect(schedule.takeUp(for: policy) == depth) }
    #expect(schedule.leaveOut { $0 > 2 } == [3, 4])
    for depth in 3...4 { schedule.end(depth) }
    #expect(schedule.takeUp(for: policy) == nil)
    #expect(schedule.inTraining == [1, 2])
    #expect(schedule.leaveOut { $0 > 1 } == [2])
    #expect(schedule.leaveOut { $0 > 3 } == [], "what is known already")
  }

  @Test("a depth that has been tried before is not taken up again")
  func tried() throws {
    var options = PaperPolicyTests.options
    options.maximumDepth = 3
    var schedule = LevelSchedule(1...3)
    schedule.end(1)
    schedule.end(2)
    #expect(schedule.takeUp(for: try PaperPolicy(options)) == 3)
  }

  @Test("beside the middle of a bisection, the middles of both halves are taken up, then what is between them")
  func bisection() throws {
    var options = Self.adaptive
    options.adaptive.order = .bisection
    var policy = try Self.policy(options)
    var schedule = LevelSchedule(1...8)
    let depths = (1...8).map { _ in schedule.takeUp(for: policy) }
    #expect(depths[..<3] == [4, 6, 2])
    #expect(Set(depths) == Set(1...8))
    // Depth 4 misses the target.
    for _ in 1...3 { _ = policy.next(Accuracy(correct: 9_000, total: 10_000)) }
    #expect((1...8).filter(policy.mayTrain) == Array(5...8))
    #expect(schedule.leaveOut { !policy.mayTrain($0) } == Array(1...4))
    while policy.state.outcome == nil { _ = policy.next(Accuracy(correct: 9_700, total: 10_000)) }
    #expect(policy.state.outcome?.foundDepth == 5)
    #expect(!(1...8).contains(where: policy.mayTrain))
  }

  @Test("the published search may grow onto deeper levels until one meets the target")
  func growth() throws {
    var policy = try PaperPolicy(PaperPolicyTests.options)
    #expect((1...9).filter(policy.mayTrain) == Array(1...8))
    _ = policy.next([9_000])
    #expect((1...9).filter(policy.mayTrain) == [1])
  }
}

extension DepthPolicy {
  /// The next epoch with this accuracy.
  fileprivate mutating func next(_ accuracy: Accuracy) -> Decision {
    next(EpochResult(epoch: state.epoch + 1, depth: state.depth, validation: accuracy, trainingLoss: 0))
  }
}

/// Numbers for curves, the same every time (Steele et al., "Fast splittable pseudorandom number generators", 2014).
private struct SplitMix {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
