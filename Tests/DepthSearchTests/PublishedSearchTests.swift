// The policy led through the published searches: it has to take every decision that they took.

import DepthSearch
import Testing

@Suite("The published searches")
struct PublishedSearchTests {
  /// What the logs of one experiment show.
  struct Experiment: Sendable, CustomTestStringConvertible {
    let name: String
    let family: Architecture.Family
    let images: Int
    let target: Double
    let learningRate: Double
    /// Last epoch of every depth but the final one.
    let growths: [Int]
    let metAt: Int
    let end: Int
    /// Best validation accuracy of every depth, in percent.
    let best: [Double]

    var testDescription: String { name }
  }

  static let experiments = [
    Experiment(
      name: "mnist-resnet18", family: .resnet18, images: 10_000, target: 99.5, learningRate: 0.01, growths: [82],
      metAt: 105, end: 162, best: [98.48, 99.35]),
    Experiment(
      name: "fashion-mnist-resnet34", family: .resnet34, images: 10_000, target: 94.5, learningRate: 0.01,
      growths: [110, 205, 228, 290, 336], metAt: 357, end: 380, best: [91.43, 92.98, 92.98, 93.62, 93.93, 94.11]),
    Experiment(
      name: "svhn-resnet34", family: .resnet34, images: 5_000, target: 96.0, learningRate: 0.1,
      growths: [156, 249, 328, 387], metAt: 419, end: 495, best: [79.74, 89.00, 93.30, 94.80, 95.68]),
  ]

  @Test(
    "with the best accuracy kept, every growth, the target and the end fall on the logged epochs",
    arguments: experiments)
  func replay(_ experiment: Experiment) throws {
    let curve = try PublishedCurve(named: experiment.name)
    let options = SearchOptions(policy: .paper, target: experiment.target, bestAfterGrowth: .keep)
    #expect(curve.threshold == options.target - options.tolerance)
    #expect(curve.rows.count == experiment.end)
    var policy = try PaperPolicy(
      options: options, family: experiment.family, learningRate: experiment.learningRate)

    var growths: [Int] = []
    var metAt: Int?
    for row in curve.rows {
      try #require(policy.state.outcome == nil, "ended before epoch \(row.epoch)")
      try #require(policy.state.depth == row.depth, "epoch \(row.epoch)")
      let decision = policy.next(row.result(of: experiment.images))
      if decision.restart != nil {
        growths.append(row.epoch)
        #expect(decision.learningRate == experiment.learningRate / 2)
      }
      if metAt == nil, decision.phase == .fineTuning { metAt = row.epoch }
    }

    #expect(growths == experiment.growths)
    #expect(metAt == experiment.metAt)
    let outcome = try #require(policy.state.outcome)
    #expect(outcome.targetMet)
    #expect(outcome.reason == .fineTuned)
    #expect(outcome.depth == experiment.best.count)
    #expect(outcome.bestDepth == outcome.depth)
    #expect(outcome.accuracy.percent == experiment.best.last)
    #expect(try #require(outcome.shallowerMisses) > 0.5, "the level before has missed, if only by some images")
    let logged = [0] + experiment.growths + [experiment.end]
    #expect(policy.state.depths.map(\.epochs) == zip(logged.dropFirst(), logged).map { $0 - $1 })
    #expect(policy.state.depths.map { $0.accuracy?.percent } == experiment.best)
  }

  @Test("with the best accuracy reset, Fashion-MNIST's third level is not given up when the logs show it was")
  func replayWithReset() throws {
    let curve = try PublishedCurve(named: "fashion-mnist-resnet34")
    var policy = try PaperPolicy(
      options: SearchOptions(policy: .paper, target: 94.5), family: .resnet34, learningRate: 0.01)
    for row in curve.rows where row.epoch <= 228 {
      try #require(policy.state.depth == row.depth)
      _ = policy.next(row.result(of: 10_000))
    }
    #expect(policy.state.depth == 3)
    #expect(policy.state.phase == .searching)
  }
}
