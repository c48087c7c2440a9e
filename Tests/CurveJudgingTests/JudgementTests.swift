// What the estimates are worth on data sets that they were not fitted to.

import CurveJudging
import DepthSearch
import Foundation
import Testing

@Suite("Judging the estimates of curves")
struct JudgementTests {
  static let curves = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("DepthSearchTests/Fixtures/curves")

  static func searches() throws -> [RecordedSearch] {
    let names = try FileManager.default.contentsOfDirectory(atPath: curves.path).filter { $0.hasSuffix(".json") }
    return RecordedSearch.searches(
      in: try names.sorted().map { try CurveFile(path: curves.appendingPathComponent($0).path) })
  }

  /// One judgement for each data set, by a model that was fitted to the others.
  private static let judgements: Result<[Judgement], any Error> = Result {
    let searches = try JudgementTests.searches()
    return Set(searches.map(\.dataset)).sorted().map { dataset in
      let others = searches.filter { $0.dataset != dataset }
      return Judgement(
        of: .fitted(to: others), on: searches.filter { $0.dataset == dataset }, others: others,
        confidences: [0.9, 0.99])
    }
  }

  @Test("the fixtures are 200 whole curves or more, of five data sets")
  func fixtures() throws {
    let judgements = try Self.judgements.get()
    #expect(judgements.count == 5 && judgements.allSatisfy { $0.curves >= 30 })
    #expect(judgements.reduce(0) { $0 + $1.curves } >= 200)
  }

  @Test("a data set left out is foretold better than by its last accuracy and a mean gain")
  func score() throws {
    for judgement in try Self.judgements.get() {
      #expect(judgement.ends.score < 0.7 * judgement.ends.plainScore, "\(judgement.dataset)")
      #expect(judgement.forecasts.score < judgement.forecasts.plainScore, "\(judgement.dataset)")
    }
  }

  @Test("two standard deviations hold the ends of 19 looks in 20, but where gains are like in no other data set")
  func coverage() throws {
    let judgements = try Self.judgements.get()
    let held = judgements.filter { $0.ends.coverage.share >= 0.945 }.map(\.dataset)
    #expect(Set(held).union(["sign-language-digits"]) == Set(judgements.map(\.dataset)))
  }

  @Test("no confidence below 1 is the default, as none holds on all data sets")
  func defaultConfidence() throws {
    let judgements = try Self.judgements.get()
    #expect(!judgements.allSatisfy { judgement in judgement.givingUp.contains { $0.holds } })
    #expect(AdaptiveOptions().confidence == 1)
  }

  @Test("the coefficients in use are those that fit all data sets")
  func coefficients() throws {
    let searches = try Self.searches()
    let (fitted, used) = (CurveModel.fitted(to: searches), CurveModel())
    for coefficient in CurveModel.coefficients {
      let ratio = fitted[keyPath: coefficient.path] / used[keyPath: coefficient.path]
      #expect((0.98...1.02).contains(ratio), "\(fitted)")
    }
  }
}
