// Levels that are trained by themselves, and the order in which groups of ranks take them up.

import DepthSearch
import Foundation
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

  @Test("levels depend on each other by what they inherit, compare with or count")
  func independence() {
    let options = SearchOptions(policy: .paper, target: 90)
    #expect(options.levelsAreIndependent)
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
  func order() {
    var schedule = LevelSchedule(2...4)
    #expect(schedule.takeUp() == 2)
    #expect(schedule.takeUp() == 3)
    schedule.end(2)
    #expect(schedule.takeUp() == 4)
    #expect(schedule.inTraining == [3, 4])
    #expect(schedule.takeUp() == nil)
  }

  @Test("once a depth meets the target, deeper ones in training can go, and shallower ones go on")
  func settling() {
    var schedule = LevelSchedule(1...8)
    for depth in 1...4 { #expect(schedule.takeUp() == depth) }
    #expect(schedule.settle(at: 2) == [3, 4])
    for depth in 3...4 { schedule.end(depth) }
    #expect(schedule.takeUp() == nil)
    #expect(schedule.inTraining == [1, 2])
    #expect(schedule.settle(at: 1) == [2])
    #expect(schedule.settle(at: 3) == [], "what is known already")
  }

  @Test("a depth that has been tried before is not taken up again")
  func tried() {
    var schedule = LevelSchedule(1...3)
    schedule.end(1)
    schedule.end(2)
    #expect(schedule.takeUp() == 3)
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
