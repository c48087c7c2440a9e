// The distribution that the end of a curve is expected from, and the estimate of it.

import DepthSearch
import Testing

@Suite("Estimates of the end of a curve")
struct EndEstimateTests {
  /// Student's distribution with 8 degrees of freedom, by R's pt(t, 8).
  @Test(
    "probabilities are Student's",
    arguments: [(-5.041305, 0.0005), (-2.306004, 0.025), (0, 0.5), (1.859548, 0.95), (2.896459, 0.99)])
  func distribution(t: Double, probability: Double) {
    let estimate = EndEstimate(logOdds: 0.5 - 0.1 * t, spread: 0.1)
    #expect(abs(estimate.probability(below: 0.6224593312) - probability) < 1e-6)
  }

  @Test("none or all images right is an accuracy like others", arguments: [0, 100])
  func extremes(correct: Int) {
    let estimate = EndEstimate(Accuracy(correct: correct, total: 100))
    #expect(estimate.logOdds.isFinite && estimate.spread > 0)
    #expect((0...1).contains(estimate.probability(below: 0)) && (0...1).contains(estimate.probability(below: 1)))
  }

  private static func accuracies(_ percents: [Int]) -> [Accuracy] {
    percents.map { Accuracy(correct: 100 * $0, total: 10_000) }
  }

  @Test("another depth's curve, and more of its own, make an estimate surer")
  func spread() throws {
    let curve = Self.accuracies([40, 50, 55, 60, 66, 70, 74, 77, 79, 80, 81, 81])
    let reference = CurveModel.Reference(
      depth: 1, curve: Self.accuracies([35, 45, 50, 55, 60, 64, 68, 71, 73, 74, 75, 75]))
    let model = CurveModel()
    let alone = try #require(model.end(of: 2, curve: Array(curve[..<4]), epochs: 12, reference: nil))
    let beside = try #require(model.end(of: 2, curve: Array(curve[..<4]), epochs: 12, reference: reference))
    let late = try #require(model.end(of: 2, curve: Array(curve[..<10]), epochs: 12, reference: reference))
    #expect(alone.spread > beside.spread && beside.spread > late.spread)
    #expect(abs(late.share - 0.81) < 0.02 && abs(beside.share - 0.81) < 0.05)
    let end = try #require(model.end(of: 2, curve: curve, epochs: 12, reference: reference))
    #expect(end == EndEstimate(curve[11]), "what is known is not estimated")
  }

  @Test("a depth that has not been trained is foretold by another one, deeper or shallower")
  func untrained() throws {
    let reference = CurveModel.Reference(depth: 4, curve: Self.accuracies([60, 70, 75, 80]))
    let ends = try [1, 2, 4, 8].map { depth in
      try #require(CurveModel().end(of: depth, curve: [], epochs: 4, reference: reference)).share
    }
    #expect(zip(ends, ends.dropFirst()).allSatisfy(<) && abs(ends[2] - 0.8) < 1e-4)
    #expect(CurveModel().end(of: 1, curve: [], epochs: 4, reference: nil) == nil)
  }
}
