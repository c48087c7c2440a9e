// Targets that guessing meets, and validation parts that are too small to judge by.

import DepthSearch
import Testing

@Suite("A target before training")
struct TargetCheckTests {
  private func options(_ target: Double, tolerance: Double = 0.5) -> SearchOptions {
    SearchOptions(target: target, tolerance: tolerance)
  }

  @Test("is refused where always giving the most frequent class meets it")
  func chance() throws {
    let names = ["cat", "dog", "owl", "rat"]
    #expect(throws: SearchError.targetByChance(threshold: 25, chance: 25, mostFrequentClass: "cat")) {
      try options(25.5).checkTarget(classCounts: [5, 5, 5, 5], classNames: names)
    }
    try options(25.6).checkTarget(classCounts: [5, 5, 5, 5], classNames: names)
    #expect(throws: SearchError.targetByChance(threshold: 70, chance: 71, mostFrequentClass: "owl")) {
      try options(70.5).checkTarget(classCounts: [10, 10, 71, 9], classNames: names)
    }
    try options(71.6).checkTarget(classCounts: [10, 10, 71, 9], classNames: names)
    var best = options(1)
    best.objective = .bestWithinBudget
    try best.checkTarget(classCounts: [5, 5, 5, 5], classNames: names)
  }

  @Test("comes with a warning where the validation images tell it less exactly than its tolerance")
  func resolution() throws {
    // √(0.9 · 0.1 / 400) = 1.5 points.
    let warning = try #require(options(90).resolutionWarning(images: 400))
    #expect(warning.contains("400 validation images measure an accuracy of 90.0 % to within 1.50 points"))
    #expect(warning.contains("more than the tolerance of 0.5 points"))
    #expect(options(90, tolerance: 0).resolutionWarning(images: 400)?.contains("more than half a point") == true)
    let needed = try #require(warning.firstMatch(of: /hold out (\d+) images/)).1
    let images = try #require(Int(needed))
    #expect(options(90).resolutionWarning(images: images) == nil)
    #expect(options(90).resolutionWarning(images: images - 2) != nil)
    #expect(options(90, tolerance: 2).resolutionWarning(images: 400) == nil)
    #expect(options(99.5, tolerance: 0).resolutionWarning(images: 10_000) == nil, "half a point is fine enough")
  }
}
