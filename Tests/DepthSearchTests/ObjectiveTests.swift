// Searches that aim at something else than a target, led through levels whose courses are known.

import DepthSearch
import Foundation
import Testing

@Suite("Objectives")
struct ObjectiveTests {
  private typealias Levels = AdaptivePolicyTests.Levels

  private static func options(
    _ objective: SearchOptions.Objective, _ order: AdaptiveOptions.Order = .forecast, deepest: Int? = nil,
    epochLimit: Int? = nil
  ) -> SearchOptions {
    SearchOptions(
      policy: .adaptive, objective: objective, target: 94.5, maximumDepth: deepest, epochLimit: epochLimit,
      adaptive: AdaptiveOptions(epochs: 12, order: order, confidence: 0.99))
  }

  private static func search(
    _ levels: Levels, _ options: SearchOptions, interruptedAfter stop: Int? = nil
  ) throws -> (policy: any DepthPolicy, decisions: [Decision]) {
    try AdaptivePolicyTests.search(levels, options, interruptedAfter: stop)
  }

  @Test(
    "the best within the budget is the shallowest level within a standard error of the best",
    arguments: AdaptiveOptions.Order.allCases)
  func best(order: AdaptiveOptions.Order) throws {
    // A standard error at 5.4 % of 10,000 images is 0.226 points, so that 5.6 % is within it and 5.7 % is not.
    let (policy, decisions) = try Self.search(AdaptivePolicyTests.fashion, Self.options(.bestWithinBudget, order))
    let outcome = try #require(policy.state.outcome)
    #expect(outcome.depth == 8 && outcome.foundDepth == 8)
    #expect(outcome.bestAccuracy.correct == 9_460 && outcome.accuracy.correct == 9_440)
    #expect(outcome.reason == .bracketed && outcome.targetMet && outcome.target == nil)
    #expect(policy.state.depths[0].depth == 16, "the deepest sets the mark")
    #expect(policy.state.depths.map(\.depth).contains(7), "what is not tried is not known to be worse")
    #expect(try #require(outcome.shallowerMisses) > 0.5)
    #expect(outcome.description.contains("the shallowest within a standard error (0.23 points) of depth"))
    #expect(decisions.last?.candidates.contains(8) == true)
  }

  @Test("a budget bounds it")
  func bounded() throws {
    let levels = Levels(ends: [9, 7.6, 7, 6.6, 6.2])
    let (policy, _) = try Self.search(levels, Self.options(.bestWithinBudget, .bisection, deepest: 5))
    #expect(policy.state.outcome?.depth == 5)
    #expect(policy.state.outcome?.description.contains(", the best; depth 4 is worse by more than that") == true)
    let one = try Self.search(levels, Self.options(.bestWithinBudget, deepest: 1)).policy
    #expect(one.state.outcome?.depth == 1 && one.state.depths.count == 1)
  }

  @Test(
    "where deep levels are worse, the best is looked for before them too", arguments: AdaptiveOptions.Order.allCases)
  func tooDeep(order: AdaptiveOptions.Order) throws {
    let levels = Levels(ends: [12, 10, 9, 8, 7.5, 7, 6, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    let (policy, decisions) = try Self.search(levels, Self.options(.bestWithinBudget, order))
    #expect(policy.state.outcome?.depth == 8 && policy.state.outcome?.bestDepth == 8)
    #expect(Set(policy.state.depths.map(\.depth)).isSuperset(of: [7, 8, 9]))
    // A level whose weights were dropped never comes back.
    var (kept, epochs) = (Set<Int>(), 0)
    for record in policy.state.depths {
      epochs += record.epochs
      let decision = decisions[epochs - 1]
      #expect(decision.endsLevel && Set(decision.candidates).isSubset(of: kept.union([record.depth])))
      kept = Set(decision.candidates)
    }
    #expect(kept.contains(8))
  }

  /// The logarithm of a depth's parameters.
  private static func cost(_ depth: Int) throws -> Double {
    var network = try BudgetTests.network(.resnet34)
    network.depth = depth
    return log(Double(network.parameterCount))
  }

  /// The greatest height above the line from the first level to the last, over all levels.
  private static func knee(_ levels: Levels, deepest: Int) throws -> Int {
    func accuracy(_ depth: Int) -> Double { 100 - levels.ends[depth - 1] }
    let rise = max(accuracy(deepest) - accuracy(1), 0)
    let heights = try (1...deepest).map { depth in
      try accuracy(depth) - accuracy(1) - rise * (cost(depth) - cost(1)) / (cost(deepest) - cost(1))
    }
    return 1 + (heights.firstIndex(of: heights.max() ?? 0) ?? 0)
  }

  @Test("the knee is where accuracy against the logarithm of parameters bends most, found without all levels")
  func knee() throws {
    let (policy, decisions) = try Self.search(AdaptivePolicyTests.fashion, Self.options(.knee))
    let outcome = try #require(policy.state.outcome)
    #expect(outcome.depth == (try Self.knee(AdaptivePolicyTests.fashion, deepest: 16)))
    #expect((3...9).contains(outcome.depth) && outcome.reason == .bracketed)
    let trained = policy.state.depths
    #expect(Array(trained.map(\.depth).prefix(2)) == [1, 16])
    #expect(Set(trained.map(\.depth)).isSuperset(of: [outcome.depth - 1, outcome.depth + 1]))
    #expect(trained.count < 10 && trained.allSatisfy { $0.epochs == 12 }, "nothing is given up")
    #expect(decisions.filter(\.endsLevel).allSatisfy { $0.candidates.count == 1 })
    #expect(outcome.description.contains("knee of accuracy against parameters: depth \(outcome.depth)"))
  }

  @Test("a sharp bend is found wherever it is", arguments: 2...15)
  func sharpKnee(bend: Int) throws {
    // In proportion to the logarithm of the parameters up to the bend, and flat from there on.
    let first = try Self.cost(1)
    let ends = try (1...16).map { 50 - 45 * min(1, (try Self.cost($0) - first) / (try Self.cost(bend) - first)) }
    let (policy, _) = try Self.search(Levels(ends: ends), Self.options(.knee))
    #expect(policy.state.outcome?.depth == bend)
  }

  @Test("where depth brings nothing, the knee is the first level")
  func noKnee() throws {
    for ends in [[5.0, 5, 5, 5], [5, 6, 7, 8], [5, 5.5, 9, 10]] {
      #expect(try Self.search(Levels(ends: ends), Self.options(.knee, deepest: 4)).policy.state.outcome?.depth == 1)
    }
    let one = try Self.search(Levels(ends: [5]), Self.options(.knee, deepest: 1)).policy
    #expect(one.state.outcome?.depth == 1)
  }

  @Test(
    "an epoch limit ends the search with what it has, and says so", arguments: SearchOptions.Objective.allCases,
    [1, 13, 30])
  func limit(objective: SearchOptions.Objective, epochs: Int) throws {
    let (policy, decisions) = try Self.search(
      AdaptivePolicyTests.fashion, Self.options(objective, epochLimit: epochs))
    let outcome = try #require(policy.state.outcome)
    #expect(decisions.count == epochs && outcome.reason == .epochLimit)
    #expect(objective == .target || !outcome.targetMet)
    #expect(outcome.description.contains("epoch limit"))
    #expect(policy.state.depths.contains { $0.depth == outcome.foundDepth })
  }

  @Test(
    "goes on from a saved state as if nothing had been", arguments: SearchOptions.Objective.allCases, [0, 5, 12, 31])
  func resumed(objective: SearchOptions.Objective, after stop: Int) throws {
    let whole = try Self.search(AdaptivePolicyTests.fashion, Self.options(objective, .bisection))
    let resumed = try Self.search(
      AdaptivePolicyTests.fashion, Self.options(objective, .bisection), interruptedAfter: stop)
    #expect(whole.decisions == resumed.decisions)
    #expect(whole.policy.state == resumed.policy.state)
  }

  @Test("a level alone, as of a baseline, is neither the best nor the knee", arguments: [true, false])
  func onlyLevel(isKnee: Bool) throws {
    let options = Self.options(isKnee ? .knee : .bestWithinBudget).atFixedDepth(3)
    let outcome = try #require(try Self.search(AdaptivePolicyTests.fashion, options).policy.state.outcome)
    #expect(outcome.reason == .onlyLevel && outcome.foundDepth == 3)
    #expect(outcome.description.hasPrefix("depth 3 with a validation accuracy of 93.00 %"), "\(outcome)")
  }

  @Test("the published procedure has a target and nothing else")
  func paper() throws {
    #expect(throws: SearchError.objective(.knee)) {
      try SearchOptions(policy: .paper, objective: .knee, target: 99).makePolicy(
        for: BudgetTests.network(), learningRate: 0.01)
    }
  }
}
