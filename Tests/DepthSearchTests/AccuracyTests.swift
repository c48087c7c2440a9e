// Accuracies are exact counts; only their comparison in a search is rounded.

import DepthSearch
import Foundation
import Testing

@Suite("Accuracies")
struct AccuracyTests {
  @Test(
    "a decimal tie falls where the binary fraction lies, an exact one goes to the even digit",
    arguments: [
      // 93.55 and 99.05 lie below their tie as binary fractions, 93.45 and 98.95 above, quarters on it.
      (9_355, 9_350), (9_345, 9_350), (9_905, 9_900), (9_895, 9_900), (9_325, 9_320), (9_375, 9_380), (9_925, 9_920),
      (9_975, 9_980), (9_904, 9_900), (9_906, 9_910), (0, 0), (1, 0), (10_000, 10_000),
    ])
  func tenths(correct: Int, expected: Int) {
    let accuracy = Accuracy(correct: correct, total: 10_000)
    #expect(accuracy.hundredths(roundedTo: 1) == expected)
    #expect(accuracy.hundredths(roundedTo: 2) == correct)
  }

  @Test(
    "the rounding is that of the correctly rounded decimal, for every share of several totals",
    arguments: [7, 999, 5_000, 10_000])
  func againstPrintf(total: Int) throws {
    for correct in 0...total {
      let accuracy = Accuracy(correct: correct, total: total)
      for decimals in [1, 2] {
        // C's printf rounds a binary fraction to decimals exactly, ties to even.
        let text = String(format: "%.\(decimals)f", accuracy.percent)
        let digits = try #require(Int(text.replacing(".", with: "")))
        #expect(accuracy.hundredths(roundedTo: decimals) == digits * (decimals == 1 ? 10 : 1), "\(correct) of \(total)")
      }
    }
  }

  @Test("shares of different totals compare exactly")
  func comparison() {
    let third = Accuracy(correct: 1, total: 3)
    #expect(Accuracy(correct: 334, total: 1_000).isBetter(than: third))
    #expect(!Accuracy(correct: 333, total: 1_000).isBetter(than: third))
    #expect(!Accuracy(correct: 333_333_333, total: 999_999_999).isBetter(than: third))
    #expect(third.isAtLeast(hundredths: 3_333))
    #expect(!third.isAtLeast(hundredths: 3_334))
    #expect(Accuracy(correct: 1, total: 8).description == "12.50 %")
  }
}
