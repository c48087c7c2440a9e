// What a search says of the depths that it has seen, and of those that it has not.

import DepthSearch
import DistributedTraining
import Foundation
import Telemetry
import Testing

@Suite("The trade-off between depths")
struct TradeOffTests {
  /// A level with so many of 10,000 images right after so many epochs.
  private typealias Level = (depth: Int, epochs: Int, correct: Int)

  private func result(
    _ levels: [Level], found: Int, met: Bool = true, reason: String = "fineTuned", objective: String? = nil,
    misses: Double? = nil, depths: ClosedRange<Int> = 1...8, excludes: Bool = false, remainder: [Int] = []
  ) throws -> SearchResult {
    func accuracy(_ correct: Int) -> String { #"{"correct": \#(correct), "total": 10000}"# }
    let best = levels.reduce(levels[0]) { $1.correct > $0.correct ? $1 : $0 }
    let correct = levels.first { $0.depth == found }?.correct ?? 0
    let left = remainder.isEmpty ? "" : #", "remainder": {"depths": \#(remainder), "epochs": 15}"#
    let goal = objective == nil ? #""target": 95, "tolerance": 0.5,"# : ""
    let excluded = #"{"depth": \#(depths.upperBound + 1), "cost": "megabytes", "amount": 2, "limit": 1}"#
    let json = """
      {"architecture": {"family": "resnet18", "depth": \(found), "classes": 10,
        "input": {"height": 28, "width": 28, "channels": 1}},
       "outcome": {"targetMet": \(met), \(goal) "depth": \(found), "accuracy": \(accuracy(correct)),
        "bestDepth": \(best.depth), "bestAccuracy": \(accuracy(best.correct)), "reason": "\(reason)",
        "objective": \(objective.map { "\"\($0)\"" } ?? "null"), "shallowerMisses": \(misses.map { "\($0)" } ?? "null")\(left)},
       "validationAccuracy": 95, "testAccuracy": 94.5,
       "depths": [\(levels.map { #"{"depth": \#($0.depth), "epochs": \#($0.epochs), "best": \#(accuracy($0.correct))}"# }
        .joined(separator: ","))],
       "times": [\(levels.map { #"{"depth": \#($0.depth), "epochs": \#($0.epochs), "seconds": \#(10 * $0.epochs)}"# }
        .joined(separator: ","))],
       "affordable": {"depths": [\(depths.lowerBound), \(depths.upperBound)], "excluded": [\(excludes ? excluded : "")],
        "latencies": []},
       "imagesTrained": 700, "seconds": 12.5, "ranks": 2}
      """
    return try JSONDecoder().decode(SearchResult.self, from: Data(json.utf8))
  }

  @Test("has a row for each depth, with the standard error of its accuracy, and whether it meets the target")
  func rows() throws {
    let result = try result([(2, 5, 9_450), (1, 4, 9_449)], found: 2, misses: 0.51)
    let known = TradeOff(result)
    #expect(known.depths.map(\.depth) == [1, 2] && known.depths.map(\.epochs) == [4, 5])
    #expect(known.depths.map(\.met) == [false, true], "9,449 are not rounded up to 94.5 %")
    #expect(known.depths.map(\.parameters) == [75_338, 149_322])
    // √(0.945 · 0.055 / 10,000) = 0.00228.
    #expect(known.depths[1].accuracyText == "94.50 ± 0.23")
    #expect(known.shallower?.depth == 1 && known.shallower?.tried == true)
    #expect(known.shallower?.missesProbability == 0.51)
    let table = ResultTable(result).description
    #expect(table.contains("94.50 ± 0.23  yes") && table.contains("94.49 ± 0.23  no"))
    #expect(table.contains("depth 1 misses it, with a probability of 0.510"))
    #expect(
      known.longerSearch?.description
        == "a longer search would train depth 1 again, with another seed: about 5 epochs, 50.0 s")
    let summary = Summary(result)
    #expect(summary.tradeOff == known.depths && summary.longerSearch == known.longerSearch)
    #expect(try JSONDecoder().decode(Summary.self, from: Data(JSON.text(summary).utf8)) == summary)
  }

  @Test("says of a shallower depth that was not tried that nothing is known of it, and what trying it would cost")
  func untried() throws {
    let result = try result([(3, 6, 9_600)], found: 3)
    let known = TradeOff(result)
    #expect(known.shallower?.depth == 2 && known.shallower?.tried == false)
    #expect(known.shallower?.missesProbability == nil)
    let table = ResultTable(result).description
    #expect(table.contains("depth 2 was not tried: whether it would do is not known"))
    // 10 s at depth 3 with 161.02 M multiply-adds are 7.21 s at depth 2 with 116.06 M.
    let longer = try #require(known.longerSearch)
    #expect(longer.depths == [2] && !longer.again && longer.epochs == 6)
    #expect(abs((longer.seconds ?? 0) - 60 * 116.06 / 161.02) < 0.01)
    let first = try TradeOff(self.result([(1, 6, 9_600)], found: 1))
    #expect(first.shallower == nil && first.longerSearch == nil, "there is nothing shallower")
  }

  @Test("where the target was missed, a longer search goes deeper, or over what it has once more")
  func missed() throws {
    let levels: [Level] = [(1, 3, 9_000), (2, 4, 9_200)]
    let deeper = try TradeOff(result(levels, found: 2, met: false, reason: "maximumDepth", depths: 1...2))
    #expect(deeper.shallower == nil)
    #expect(deeper.longerSearch?.depths == [3] && deeper.longerSearch?.epochs == 4)
    let bounded = try TradeOff(
      result(levels, found: 2, met: false, reason: "maximumDepth", depths: 1...2, excludes: true))
    #expect(bounded.longerSearch?.depths == [2] && bounded.longerSearch?.again == true, "depth 3 is over the budget")
    let cut = try TradeOff(result(levels, found: 2, met: false, reason: "epochLimit"))
    #expect(cut.longerSearch?.depths == [2] && cut.longerSearch?.again == false)
    let open = try TradeOff(result(levels, found: 2, met: false, reason: "epochLimit", remainder: [2, 3, 4]))
    #expect(open.longerSearch?.depths == [2, 3, 4] && open.longerSearch?.epochs == 3 * 15, "a schedule for each")
    #expect(
      open.longerSearch?.command(run: "runs/a b", ranks: 1, seed: 0)
        == "odn search 'runs/a b/config.yaml' --set search.initialDepth=2 --set search.maximumDepth=4 "
        + "--set search.epochLimit=null --output 'runs/a b-longer'")
    #expect(
      open.longerSearch?.description.hasPrefix("a longer search would train some of depths 2, 3, 4: at most 45") == true
    )
  }

  @Test("with another objective a longer search trains the depths that were left out")
  func objectives() throws {
    let levels: [Level] = [(1, 4, 9_000), (4, 4, 9_500), (2, 4, 9_480)]
    let best = try TradeOff(
      result(levels, found: 2, reason: "bracketed", objective: "best-within-budget", misses: 0.99, depths: 1...4))
    #expect(best.depths.map(\.met) == [false, true, true])
    #expect(best.shallower?.missesProbability == 0.99)
    #expect(best.longerSearch?.depths == [3] && best.longerSearch?.epochs == 4)
    let knee = try TradeOff(result(levels, found: 2, reason: "bracketed", objective: "knee", depths: 1...4))
    #expect(knee.depths.allSatisfy { $0.met == nil } && knee.shallower == nil)
  }
}
