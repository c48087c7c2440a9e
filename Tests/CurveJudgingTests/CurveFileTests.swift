// Files of curves, and the statistics that judge them.

import CurveJudging
import DepthSearch
import Foundation
import Testing

@Suite("Files of curves")
struct CurveFileTests {
  /// A file with this text, read.
  private static func read(_ text: String) throws -> CurveFile {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).json")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(text.utf8).write(to: file)
    return try CurveFile(path: file.path)
  }

  private static func text(epochs: Int, curve: String) -> String {
    """
    {"dataset": "d", "epochs": \(epochs), "curves": [{"network": "resnet18", "width": 0.5, "depth": 2, "seed": 1,
     "validation": [\(curve)]}]}
    """
  }

  private static func epochs(_ correct: [Int], of total: Int = 100) -> String {
    correct.map { "{\"correct\": \($0), \"total\": \(total)}" }.joined(separator: ", ")
  }

  @Test("what tells searches apart may be missing")
  func minimal() throws {
    let searches = RecordedSearch.searches(in: [
      try Self.read(Self.text(epochs: 4, curve: Self.epochs([10, 20, 30, 40])))
    ])
    let judgement = Judgement(of: CurveModel(), on: searches, others: [], confidences: [0.9])
    #expect(judgement.curves == 1 && judgement.givingUp[0].ofThoseThatMeet.trials == 1)
    #expect(judgement.forecasts.coverage.trials == 0)
  }

  @Test(
    "what cannot be judged is refused",
    arguments: [
      "{", text(epochs: 3, curve: epochs([1, 2, 3])), text(epochs: 5, curve: epochs([1, 2, 3, 4])),
      text(epochs: 4, curve: epochs([1, 2, 3, 101])), text(epochs: 4, curve: epochs([0, 0, 0, 0], of: 0)),
    ])
  func refused(_ text: String) {
    #expect(throws: CurveError.self) { try Self.read(text) }
  }

  /// By R's binom.test(k, n, alternative = "less").
  @Test("bounds are Clopper and Pearson's", arguments: [(0, 30, 0.09503), (1, 20, 0.21611), (5, 5, 1), (0, 0, 1)])
  func bounds(events: Int, trials: Int, bound: Double) {
    #expect(abs(Rate(events: events, trials: trials).upperBound - bound) < 1e-5)
  }

  @Test("a depth that is given up and meets the target counts against giving up")
  func wrong() throws {
    // A plateau, and then a rise that nothing foretells.
    let curve = Self.epochs([80, 80, 80, 80, 80, 80, 80, 99].map { 100 * $0 }, of: 10_000)
    let searches = RecordedSearch.searches(in: [try Self.read(Self.text(epochs: 8, curve: curve))])
    let judgement = Judgement(of: CurveModel(), on: searches, others: [], confidences: [0.5])
    #expect(judgement.givingUp[0].ofThoseThatMeet == Rate(events: 1, trials: 1))
    #expect(judgement.givingUp[0].ofThoseGivenUp == Rate(events: 1, trials: 1))
    #expect(!judgement.givingUp[0].holds)
  }
}
