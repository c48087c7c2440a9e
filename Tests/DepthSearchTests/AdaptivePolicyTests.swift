// The adaptive procedure, led through levels whose courses are known.

import DepthSearch
import Foundation
import Testing

@Suite("The adaptive procedure")
struct AdaptivePolicyTests {
  /// Levels with these errors in percent at the end of their schedule, and twice as many in its first epoch.
  struct Levels {
    var ends: [Double]
    var images = 10_000

    func accuracy(_ percent: Double) -> Accuracy {
      Accuracy(correct: images - Int((percent / 100 * Double(images)).rounded()), total: images)
    }

    /// Falls along the same cosine as the learning rate.
    func accuracy(depth: Int, epoch: Int, of epochs: Int) -> Accuracy {
      let rest = (1 + cos(.pi * Double(epoch) / Double(epochs))) / 2
      return accuracy(ends[depth - 1] * (1 + rest))
    }
  }

  /// Leads a search to its end and returns its decisions.
  static func search(
    _ levels: Levels, _ options: SearchOptions, interruptedAfter stop: Int? = nil
  ) throws -> (policy: any DepthPolicy, decisions: [Decision]) {
    let network = try BudgetTests.network(.resnet34)
    var policy = try options.makePolicy(for: network, learningRate: 0.01)
    var decisions: [Decision] = []
    while policy.state.outcome == nil {
      if policy.state.epoch == stop {
        let saved = try JSONDecoder().decode(SearchState.self, from: JSONEncoder().encode(policy.state))
        policy = try options.makePolicy(for: network, learningRate: 0.01, resuming: saved)
      }
      let state = policy.state
      let epoch = (state.depths.last?.epochs ?? 0) + 1
      let accuracy = levels.accuracy(depth: state.depth, epoch: epoch, of: options.adaptive.epochs)
      decisions.append(
        policy.next(
          EpochResult(epoch: state.epoch + 1, depth: state.depth, validation: accuracy, trainingLoss: 0)))
    }
    return (policy, decisions)
  }

  static func options(
    _ order: AdaptiveOptions.Order, target: Double = 94.5, confidence: Double = 0.99, deepest: Int? = nil,
    epochLimit: Int? = nil
  ) -> SearchOptions {
    SearchOptions(
      policy: .adaptive, target: target, maximumDepth: deepest, epochLimit: epochLimit,
      adaptive: AdaptiveOptions(epochs: 12, order: order, confidence: confidence))
  }

  /// Errors like those of ResNet-34 on Fashion-MNIST, of which 6 % meets the target at depth 6.
  static let fashion = Levels(
    ends: [9, 7.6, 7, 6.6, 6.2, 5.9, 5.7, 5.6, 5.5, 5.5, 5.4, 5.4, 5.4, 5.4, 5.4, 5.4])

  @Test("finds the shallowest level that meets the target, in every order", arguments: AdaptiveOptions.Order.allCases)
  func answer(order: AdaptiveOptions.Order) throws {
    let (policy, decisions) = try Self.search(Self.fashion, Self.options(order))
    let outcome = try #require(policy.state.outcome)
    #expect(outcome.depth == 6)
    #expect(outcome.targetMet && outcome.reason == .bracketed)
    // 620 errors instead of 600 are 0.8 standard deviations more.
    #expect(try #require(outcome.shallowerMisses) > 0.7)
    #expect(policy.state.depths.map(\.depth).contains(5), "what is not tried is not known to miss")
    let kept = decisions.filter(\.endsLevel).map(\.candidates)
    #expect(kept.last == [6] && kept.allSatisfy { $0.count < 2 }, "the weights of one level")
  }

  @Test("the forecast and giving up leave a part of the epochs of one depth after the other")
  func cost() throws {
    // Each doubling of the depth adds 0.27 to the log-odds, as on data sets that were tried.
    let levels = Levels(ends: (1...16).map { 100 / (1 + exp(2.08 + 0.27 * log2(Double($0)))) })
    func cost(_ options: SearchOptions) throws -> Int {
      try Self.search(levels, options).policy.state.depths.reduce(0) { $0 + $1.epochs * $1.depth }
    }
    let linear = try cost(Self.options(.linear, confidence: 1))
    #expect(linear == 12 * (1...6).reduce(0, +))
    #expect(try cost(Self.options(.linear, confidence: 0.8)) < linear)
    #expect(try cost(Self.options(.forecast, confidence: 1)) <= linear * 2 / 3)
    let (policy, _) = try Self.search(levels, Self.options(.forecast, confidence: 1))
    #expect(policy.state.depths.map(\.depth) == [1, 2, 6, 5], "the second depth shows how far to trust the forecast")
  }

  @Test("a level's learning rate falls along a cosine, from the same rate for every level")
  func rates() throws {
    let (_, decisions) = try Self.search(Self.fashion, Self.options(.linear, confidence: 1))
    let first = [0.05] + decisions[..<11].map(\.learningRate)
    #expect(first[6] == 0.025, "half the rate after half the epochs")
    #expect(zip(first, first.dropFirst()).allSatisfy(>))
    #expect(decisions[11].restart == .warmup && decisions[11].learningRate == 0.05)
  }

  @Test("a level that cannot meet the target any more is given up, one that can is not")
  func givingUp() throws {
    // 5.9 % is within the uncertainty of what meets it; 9 % is not.
    let levels = Levels(ends: [20, 9, 6.1, 5.8])
    let (policy, _) = try Self.search(levels, Self.options(.linear, deepest: 4))
    #expect(policy.state.depths.map(\.epochs) == [4, 9, 12, 12])
    #expect(policy.state.outcome?.depth == 4)
  }

  @Test("no level is given up by its first epochs, which jump while the learning rate is high")
  func jumpingEpochs() throws {
    // Of ResNet-34 on 10,000 images of Fashion-MNIST, where depth 2 comes to 88 % in the end.
    let curves = [
      [70.46, 65.56, 70.04, 65.04, 80.36, 82.04, 79.34, 83.42, 83.14, 84.06, 84.82, 85.00],
      [68.82, 78.06, 78.48, 81.18, 81.22, 74.36, 80.98, 84.20],
    ]
    let options = Self.options(.linear, target: 88.5, deepest: 2)
    var policy = try options.makePolicy(for: BudgetTests.network(.resnet34), learningRate: 0.01)
    for (level, curve) in curves.enumerated() {
      // Depth 1 ends at 85 %, and may be given up.
      for percent in curve where policy.state.depth == level + 1 {
        _ = policy.next(
          EpochResult(
            epoch: policy.state.epoch + 1, depth: policy.state.depth,
            validation: Accuracy(correct: Int((50 * percent).rounded()), total: 5_000), trainingLoss: 0))
      }
    }
    #expect(policy.state.depth == 2 && policy.state.depths.last?.epochs == 8)
  }

  @Test("goes down where a level meets the target that has others before it")
  func downwards() throws {
    let levels = Levels(ends: [5, 4, 3, 3, 3, 3, 3])
    let (policy, _) = try Self.search(levels, Self.options(.bisection, deepest: 7))
    #expect(policy.state.depths.map(\.depth) == [4, 2, 1])
    #expect(policy.state.outcome?.depth == 1)
    #expect(policy.state.outcome?.shallowerMisses == nil)
    var from = Self.options(.linear, deepest: 7)
    from.initialDepth = 3
    #expect(try Self.search(levels, from).policy.state.outcome?.depth == 3)
  }

  @Test("says honestly that no level meets the target")
  func missed() throws {
    let (policy, _) = try Self.search(Self.fashion, Self.options(.forecast, target: 97))
    let outcome = try #require(policy.state.outcome)
    #expect(!outcome.targetMet && outcome.reason == .maximumDepth)
    #expect(policy.state.depths.map(\.depth).contains(16))
    #expect(outcome.shallowerMisses == nil)
  }

  @Test("an epoch limit ends the search with what it has", arguments: [5, 12, 30])
  func limit(epochs: Int) throws {
    let (policy, decisions) = try Self.search(Self.fashion, Self.options(.forecast, epochLimit: epochs))
    let outcome = try #require(policy.state.outcome)
    #expect(decisions.count == epochs)
    #expect(outcome.reason == .epochLimit && !outcome.targetMet)
    let current = try #require(policy.state.depths.last)
    #expect(outcome.depth == current.depth, "where it ended, whichever was best")
    let isWhole = current.epochs == 12
    #expect(decisions.last?.explanation.contains("was cut short after \(current.epochs) of 12 epochs") == !isWhole)
    let missed = (isWhole ? policy.state.depths : policy.state.depths.dropLast()).map(\.depth).max() ?? 0
    #expect(outcome.remainder?.depths == Array(missed + 1...16) && outcome.remainder?.epochs == 12)
  }

  @Test("an epoch limit leaves the levels open between one that missed and one that met the target")
  func openLevels() throws {
    // Depth 8 meets the target, and depth 4 is cut short.
    let (policy, _) = try Self.search(Self.fashion, Self.options(.bisection, epochLimit: 16))
    let outcome = try #require(policy.state.outcome)
    #expect(outcome.targetMet && outcome.depth == 8 && outcome.reason == .epochLimit)
    #expect(outcome.remainder?.depths == Array(1...7))
    #expect(try Self.search(Self.fashion, Self.options(.bisection)).policy.state.outcome?.remainder == nil)
  }

  @Test("the depth before the one found is said to miss by what was expected of it when it was given up")
  func probabilityOfGivenUp() throws {
    let levels = Levels(ends: [20, 9, 6.1, 5.8])
    let (policy, decisions) = try Self.search(levels, Self.options(.linear, target: 94.4, deepest: 3))
    #expect(policy.state.depths.map(\.epochs) == [4, 9, 12])
    let outcome = try #require(policy.state.outcome)
    #expect(outcome.depth == 3 && decisions.contains { $0.explanation.contains("given up after 9 epochs") })
    let misses = try #require(outcome.shallowerMisses)
    #expect(misses > 0.98 && misses < 1, "never certain")
  }

  @Test("goes on from a saved state as if nothing had been", arguments: [0, 7, 12, 20])
  func resumed(after stop: Int) throws {
    let whole = try Self.search(Self.fashion, Self.options(.forecast))
    let resumed = try Self.search(Self.fashion, Self.options(.forecast), interruptedAfter: stop)
    #expect(whole.decisions == resumed.decisions)
    #expect(whole.policy.state == resumed.policy.state)
  }

  @Test("refuses a state that it cannot be in")
  func foreignState() throws {
    let options = Self.options(.forecast)
    let (policy, _) = try Self.search(Self.fashion, options)
    var text = String(decoding: try JSONEncoder().encode(policy.state), as: UTF8.self)
    text.replace("\"curve\"", with: "\"crve\"")
    let network = try BudgetTests.network(.resnet34)
    let damaged = try JSONDecoder().decode(SearchState.self, from: Data(text.utf8))
    #expect(throws: SearchError.self) {
      try AdaptivePolicy(options: options, network: network, learningRate: 0.01, resuming: damaged)
    }
    #expect(throws: SearchError.self) {
      try AdaptivePolicy(
        options: Self.options(.forecast, deepest: 4), network: network, learningRate: 0.01, resuming: policy.state)
    }
  }
}
