// The published procedure, rule by rule, on made-up accuracies.

import DepthSearch
import Foundation
import Testing

@Suite("The paper's policy")
struct PaperPolicyTests {
  /// Patience for three epochs; 90 % counts as met.
  static let options = SearchOptions(policy: .paper, target: 90.5, patience: 3)

  @Test("a level is given up after `patience` epochs without improvement, and the next starts from the warm-up")
  func growth() throws {
    var policy = try PaperPolicy(Self.options)
    let decisions = policy.next([5_000, 6_000, 6_000, 5_900, 6_000])
    #expect(decisions.map(\.depth) == [1, 1, 1, 1, 2])
    #expect(decisions.map(\.keepsWeights) == [true, true, false, false, false])
    #expect(decisions.map(\.restart) == [nil, nil, nil, nil, .warmup])
    #expect(decisions.map(\.learningRate) == [0.01, 0.01, 0.01, 0.01, 0.005])
    #expect(decisions.allSatisfy { $0.phase == .searching && $0.outcome == nil })
    #expect(decisions.map(\.explanation.isEmpty) == [true, true, true, true, false])
    #expect(
      decisions[4].explanation
        == "depth 1 (best validation 60.00 %) missed 90.0 % (target 90.5, tolerance 0.5) without improving for 3 "
        + "epochs: growing to depth 2")
  }

  @Test(
    "a new level has to beat itself, or with `keep` the levels before it",
    arguments: SearchOptions.BestAfterGrowth.allCases)
  func bestAfterGrowth(_ best: SearchOptions.BestAfterGrowth) throws {
    var options = Self.options
    options.bestAfterGrowth = best
    var policy = try PaperPolicy(options)
    _ = policy.next([6_000, 0, 0, 0])
    let decisions = policy.next([3_000, 4_000, 5_000])
    #expect(decisions.map(\.depth) == (best == .reset ? [2, 2, 2] : [2, 2, 3]))
    #expect(decisions.map(\.keepsWeights) == [true, true, true], "the best of each depth is kept either way")
  }

  @Test("`inherit` asks to keep the trained blocks")
  func inherit() throws {
    var options = Self.options
    options.restart = .inherit
    var policy = try PaperPolicy(options)
    #expect(policy.next([6_000, 0, 0, 0]).last?.restart == .inherit)
  }

  @Test("the rate falls by 0.6 every 5 epochs without improvement; every new level starts at half the first rate")
  func learningRates() throws {
    var policy = try PaperPolicy(SearchOptions(policy: .paper, target: 90))
    var rates = policy.next([5_000] + Array(repeating: 4_000, count: 23)).map(\.learningRate)
    let lowered = [0.01, 0.006, 0.0036, 0.00216, 0.001296]
    for (epoch, rate) in rates.dropLast().enumerated() {
      // Repeated products round in the last bits.
      #expect(abs(rate - lowered[epoch / 5]) < 1e-15, "epoch \(epoch + 1)")
    }
    #expect(rates.last == 0.005)
    rates = policy.next([5_000] + Array(repeating: 4_000, count: 23)).map(\.learningRate)
    #expect(rates[4] == 0.005)
    #expect(rates[5] == 0.005 * 0.6)
    #expect(rates.last == 0.005, "a third level starts like the second")
    #expect(policy.state.depth == 3)
  }

  @Test("a growth factor of 1 keeps the first rate")
  func growthRateFactor() throws {
    var options = Self.options
    options.growthRateFactor = 1
    var policy = try PaperPolicy(options)
    #expect(policy.next([6_000, 0, 0, 0]).last?.learningRate == 0.01)
  }

  @Test("an improvement is 0.1 points while searching and 0.01 points while fine-tuning")
  func rounding() throws {
    var policy = try PaperPolicy(Self.options)
    _ = policy.next([8_000, 8_002, 8_004])
    #expect(policy.state.epochsWithoutImprovement == 2)
    #expect(policy.state.depths[0].accuracy?.correct == 8_004, "the weights kept are the best ones all the same")
    _ = policy.next(9_000)
    #expect(policy.state.phase == .fineTuning)
    _ = policy.next(9_001)
    #expect(policy.state.epochsWithoutImprovement == 0)
  }

  @Test("the level that meets the target is fine-tuned, and then the search is over")
  func fineTuning() throws {
    var policy = try PaperPolicy(Self.options)
    let decisions = policy.next([8_000, 9_010, 9_005, 9_020, 9_000, 9_000, 9_000])
    #expect(decisions.map(\.phase) == [.searching] + Array(repeating: .fineTuning, count: 6))
    #expect(decisions[1].explanation == "depth 1 meets 90.0 % (target 90.5, tolerance 0.5): fine-tuning")
    #expect(decisions.dropLast().allSatisfy { $0.outcome == nil })
    let outcome = try #require(decisions.last?.outcome)
    #expect(outcome.targetMet)
    #expect(outcome.reason == .fineTuned)
    #expect(outcome.depth == 1 && outcome.shallowerMisses == nil)
    #expect(outcome.accuracy == Accuracy(correct: 9_020, total: 10_000))
    #expect(policy.state.outcome == outcome)
    #expect(
      outcome.description
        == "target 90.5 % within 0.5 points: met at depth 1 with a validation accuracy of 90.20 %")
  }

  @Test("growing onto the maximum depth starts fine-tuning in the same epoch; a missed target is reported as missed")
  func maximumDepth() throws {
    var options = Self.options
    options.maximumDepth = 2
    var policy = try PaperPolicy(options)
    let growth = try #require(policy.next([7_000, 0, 0, 0]).last)
    #expect(growth.restart == .warmup)
    #expect(growth.depth == 2)
    #expect(growth.phase == .fineTuning)
    #expect(growth.outcome == nil)
    let outcome = try #require(policy.next([6_000, 6_001, 0, 0, 0]).last?.outcome)
    #expect(!outcome.targetMet)
    #expect(outcome.reason == .maximumDepth)
    #expect(outcome.depth == 2)
    #expect(outcome.accuracy.correct == 6_001)
    #expect(outcome.bestDepth == 1)
    #expect(outcome.bestAccuracy.correct == 7_000)
    #expect(outcome.description.contains("not met"))
  }

  @Test("the target can be met at the maximum depth")
  func metAtMaximumDepth() throws {
    var options = Self.options
    options.maximumDepth = 2
    var policy = try PaperPolicy(options)
    _ = policy.next([7_000, 0, 0, 0])
    let outcome = try #require(policy.next([9_000, 0, 0, 0]).last?.outcome)
    #expect(outcome.targetMet)
    #expect(outcome.reason == .fineTuned)
  }

  @Test("a target met only by rounding ends the search, and the outcome says so")
  func metByRounding() throws {
    var policy = try PaperPolicy(Self.options)
    let outcome = try #require(policy.next([8_996, 0, 0, 0]).last?.outcome)
    #expect(outcome.reason == .fineTuned)
    #expect(!outcome.targetMet)
    #expect(outcome.description.contains("only after rounding"))
  }

  @Test("a fixed depth is trained until it stops improving", arguments: [1, 5, 8])
  func fixedDepth(_ depth: Int) throws {
    var policy = try PaperPolicy(Self.options.atFixedDepth(depth))
    #expect(policy.state.depth == depth)
    let decisions = policy.next([5_000, 5_001, 5_002, 0, 0, 0])
    #expect(decisions.allSatisfy { $0.depth == depth && $0.restart == nil })
    let outcome = try #require(decisions.last?.outcome)
    #expect(outcome.depth == depth)
    #expect(outcome.accuracy.correct == 5_002)
    #expect(!outcome.targetMet)
  }

  @Test("at the maximum depth an accuracy of zero ends the search instead of growing beyond it")
  func nothingLearned() throws {
    var options = Self.options.atFixedDepth(8)
    options.patience = 1
    var policy = try PaperPolicy(options)
    let decision = policy.next(0)
    #expect(decision.outcome?.reason == .maximumDepth)
    #expect(decision.keepsWeights, "the first epoch of a depth is its best")
  }

  @Test("the epoch limit ends the search before it grows, and leaves met or not to the accuracy")
  func epochLimit() throws {
    var options = Self.options
    options.epochLimit = 4
    var policy = try PaperPolicy(options)
    let last = try #require(policy.next([7_000, 0, 0, 0]).last)
    #expect(last.restart == nil)
    #expect(last.depth == 1)
    #expect(last.outcome?.reason == .epochLimit)
    #expect(last.outcome?.targetMet == false)

    policy = try PaperPolicy(options)
    let met = try #require(policy.next([7_000, 8_000, 8_500, 9_000]).last?.outcome)
    #expect(met.reason == .epochLimit)
    #expect(met.targetMet)

    policy = try PaperPolicy(options)
    #expect(policy.next([9_000, 0, 0, 0]).last?.outcome?.reason == .fineTuned, "it was over anyway")
  }

  @Test("a search saved and read back after any epoch goes on with the same decisions")
  func resume() throws {
    var options = Self.options
    options.maximumDepth = 3
    let epochs = [7_000, 100, 0, 0, 7_500, 7_400, 7_200, 7_499, 8_000, 8_001, 7_990, 8_002, 0, 0, 0]
    var policy = try PaperPolicy(options)
    let decisions = policy.next(epochs)
    #expect(decisions.last?.outcome != nil)
    var first = try PaperPolicy(options)
    for done in epochs.indices.dropLast() {
      _ = first.next(epochs[done])
      let saved = try JSONEncoder().encode(first.state)
      let state = try JSONDecoder().decode(SearchState.self, from: saved)
      #expect(state == first.state)
      var second = try PaperPolicy(options, resuming: state)
      #expect(second.next(Array(epochs[(done + 1)...])) == Array(decisions[(done + 1)...]))
      #expect(second.state == policy.state)
    }
  }

  @Test("a saved state that no such search can be in is refused")
  func foreignStates() throws {
    var policy = try PaperPolicy(Self.options)
    _ = policy.next([7_000, 0, 0, 0, 7_000])
    let saved = try #require(String(data: JSONEncoder().encode(policy.state), encoding: .utf8))
    func resume(_ json: String, _ options: SearchOptions = Self.options) throws {
      let state = try JSONDecoder().decode(SearchState.self, from: Data(json.utf8))
      _ = try PaperPolicy(options, resuming: state)
    }
    try resume(saved)
    #expect(throws: SearchError.self) { try resume(saved, Self.options.atFixedDepth(1)) }
    #expect(throws: SearchError.self) { try resume(saved, Self.options.atFixedDepth(2)) }
    for (right, wrong) in [
      ("\"epoch\":5", "\"epoch\":6"), ("\"epoch\":5", "\"epoch\":9223372036854775807"),
      ("\"epochs\":4", "\"epochs\":9223372036854775807"),
      ("\"learningRate\":0.005", "\"learningRate\":0"),
      ("\"epochsWithoutImprovement\":0", "\"epochsWithoutImprovement\":-1"),
      ("\"bestHundredths\":7000", "\"bestHundredths\":10001"),
    ] {
      try #require(saved.contains(right))
      let changed = saved.replacingOccurrences(of: right, with: wrong)
      #expect(throws: SearchError.self, "\(wrong)") { try resume(changed) }
    }
    let impossible = saved.replacingOccurrences(of: "\"correct\":7000", with: "\"correct\":10001")
    #expect(throws: DecodingError.self) { try resume(impossible) }
  }

  @Test("depths that the network does not have are refused", arguments: [(0, 4), (3, 2), (1, 9)])
  func depths(initial: Int, maximum: Int) {
    var options = Self.options
    options.initialDepth = initial
    options.maximumDepth = maximum
    #expect(throws: SearchError.depths(initial: initial, maximum: maximum, .resnet18)) {
      try PaperPolicy(options)
    }
  }
}
