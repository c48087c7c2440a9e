// The same pictures as Pillow sees them, which most programs that train networks read pictures by.

import Foundation
import Images
import PythonTesting
import Testing

@Suite("Pictures as Pillow sees them")
struct PillowTests {
  private static let modules = "PIL, numpy"

  /// What became of the files of a kind.
  private struct Outcome {
    var files = 0
    var equal = 0
    var bothRefuse = 0
    var onlyPillowRefuses = 0
    var onlyOdnRefuses = 0
    var different = 0
    var largestDifference = 0

    var isSame: Bool { equal + bothRefuse == files }
  }

  /// Kinds of which some files come out otherwise, and why.
  private static let exceptions = [
    "JPEG, an end too early, progressive": "versions of libjpeg-turbo smooth differently what is not precise yet",
    "JPEG, zeros for the end": "nothing tells whether these zeros stand for pixels",
    "JPEG cut": "libjpeg-turbo in Pillow may want more bytes than the last pixels take",
    "PNG cut": "Pillow does without the checksums behind the pixels",
    "PNG RGB, 16 bits, a transparent colour": "Pillow compares 8 bits of the pixels with 16 of the transparent colour",
    "PNG grey, 4 bits, a transparent one": "Pillow compares pixels of 8 bits with 4 bits of the transparent grey",
  ]

  @Test(
    "hundreds of pictures of every kind come out the same, but for kinds with a reason",
    .enabled(if: Python.has(modules), "\(Python.needs(modules))"))
  func pictures() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pillow-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Python.run(["-B", "\(Fixture.folder)/pillow.py", folder])
    let lines = try String(contentsOfFile: "\(folder)/pictures.tsv", encoding: .utf8).split(separator: "\n")
    #expect(lines.count > 500)
    var outcomes: [String: Outcome] = [:]
    for line in lines {
      let fields = line.split(separator: "\t").map(String.init)
      try #require(fields.count == 5)
      let sides = fields[2...].compactMap(Int.init)
      let pixels = Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(fields[1]).pixels")))
      let expected = sides[0] == 0 ? nil : (sides: sides, pixels: pixels)
      Self.compare(try? Image(path: "\(folder)/\(fields[1])"), expected, &outcomes[fields[0], default: Outcome()])
    }
    print(Self.table(outcomes))
    for (kind, outcome) in outcomes {
      if Self.exceptions[kind] == nil { #expect(outcome.isSame, "\(kind): \(outcome)") }
    }
  }

  private static func compare(_ image: Image?, _ expected: (sides: [Int], pixels: [UInt8])?, _ outcome: inout Outcome) {
    outcome.files += 1
    switch (image, expected) {
    case (nil, nil): outcome.bothRefuse += 1
    case (nil, _): outcome.onlyOdnRefuses += 1
    case (_, nil): outcome.onlyPillowRefuses += 1
    case (let image?, let expected?):
      guard [image.height, image.width, image.channels] == expected.sides else {
        outcome.different += 1
        outcome.largestDifference = 255
        return
      }
      let difference = Fixture.difference(image, expected.pixels)
      if difference == 0 { outcome.equal += 1 } else { outcome.different += 1 }
      outcome.largestDifference = max(outcome.largestDifference, difference)
    }
  }

  /// For `Benchmarks/README.md`.
  private static func table(_ outcomes: [String: Outcome]) -> String {
    let head =
      "| kind | files | equal | both refuse | only Pillow refuses | only odn refuses | differ | by at most |\n"
      + "|---|---|---|---|---|---|---|---|\n"
    return outcomes.sorted { $0.key < $1.key }.reduce(head) { table, row in
      let (kind, outcome) = row
      return table
        + "| \(kind) | \(outcome.files) | \(outcome.equal) | \(outcome.bothRefuse) | \(outcome.onlyPillowRefuses) "
        + "| \(outcome.onlyOdnRefuses) | \(outcome.different) | \(outcome.largestDifference) |\n"
    }
  }
}
