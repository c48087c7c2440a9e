// Prints how well the end of a curve is foretold, and how often giving up is wrong, for files of curves.

import ArgumentParser
import CurveJudging
import DepthSearch
import Foundation

@main
struct JudgeGivingUp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge-giving-up",
    abstract: "Judge the estimate that search.adaptive.confidence gives depths up by, on whole validation curves.",
    discussion: """
      Each curve is looked at as a search would, epoch by epoch, beside the next shallower depth of its search, and then \
      compared with its end. Targets are the ends of the depths of its search, so that each depth has one that it just \
      meets, which is the hardest. Bounds are those of Clopper and Pearson, at 95 %. The plain estimate adds the mean gain \
      of the other data sets' curves to the last value; if there is one data set, that of the very curves it is judged by.
      """)

  @Argument(help: "Files of curves, as Benchmarks/collect-curves writes them.")
  var files: [String]

  @Flag(help: "Judge each data set by a model that is fitted to the others.")
  var leaveOneOut = false

  @Option(parsing: .upToNextOption, help: "Confidences to give depths up with.")
  var confidences: [Double] = [0.9, 0.95, 0.99]

  func validate() throws {
    guard confidences.allSatisfy((0.5..<1).contains) else {
      throw ValidationError("--confidences takes numbers from 0.5 to below 1, not \(confidences)")
    }
  }

  func run() throws {
    let searches = RecordedSearch.searches(in: try files.map(CurveFile.init))
    let datasets = Set(searches.map(\.dataset)).sorted()
    if leaveOneOut && datasets.count < 2 { throw CurveError.tooFewDataSets(datasets.count) }
    let judgements = datasets.map { dataset in
      let own = searches.filter { $0.dataset == dataset }
      let others = searches.filter { $0.dataset != dataset }
      let model = leaveOneOut ? CurveModel.fitted(to: others) : CurveModel()
      return Judgement(of: model, on: own, others: others, confidences: confidences)
    }
    print(leaveOneOut ? "Fitted to the other data sets:" : "With the coefficients in use:")
    print()
    print(Self.qualities(judgements))
    for index in confidences.indices { print(Self.givingUp(judgements, index)) }
    if leaveOneOut { print("Fitted to all: \(CurveModel.fitted(to: searches))") }
  }

  /// The table of how well ends are foretold.
  private static func qualities(_ judgements: [Judgement]) -> String {
    var lines = [
      "| data set | curves | CRPS, points | plain | within 2 sd | sd at a third | untrained: CRPS | plain | within 2 sd |",
      "|---|---|---|---|---|---|---|---|---|",
    ]
    for judgement in judgements {
      let (ends, forecasts) = (judgement.ends, judgement.forecasts)
      lines.append(
        String(
          format: "| %@ | %d | %.2f | %.2f | %.1f %% | %.2f | %.2f | %.2f | %.1f %% |", judgement.dataset,
          judgement.curves, ends.score, ends.plainScore, 100 * ends.coverage.share, judgement.firstSpread,
          forecasts.score, forecasts.plainScore, 100 * forecasts.coverage.share))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The table of depths given up with one confidence.
  private static func givingUp(_ judgements: [Judgement], _ index: Int) -> String {
    let confidence = judgements.first?.givingUp[index].confidence ?? 0
    var lines = [
      "With a confidence of \(confidence):",
      "",
      "| data set | meet the target | given up | bound | given up | meet it | bound | epochs saved | holds |",
      "|---|---|---|---|---|---|---|---|---|",
    ]
    for judgement in judgements {
      let one = judgement.givingUp[index]
      let (met, given) = (one.ofThoseThatMeet, one.ofThoseGivenUp)
      lines.append(
        String(
          format: "| %@ | %d | %d | %.1f %% | %d | %d | %.1f %% | %.0f %% | %@ |", judgement.dataset, met.trials,
          met.events, 100 * met.upperBound, given.trials, given.events, 100 * given.upperBound,
          100 * (one.epochs.trials > 0 ? one.epochs.share : 0), one.holds ? "yes" : "no"))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
