// What a configuration's writer is told when it is wrong.

import Configuration
import Foundation
import Testing

@Suite("Errors in a configuration")
struct ErrorTests {
  /// All that is wrong with a text, one line each.
  func problems(_ yaml: String, _ settings: [String] = []) -> [String] {
    do throws(ConfigurationError) {
      _ = try Configuration(yaml: yaml, name: "a.yaml", settings: settings)
      return []
    } catch {
      return error.problems.map(\.description)
    }
  }

  /// A wrong line after the minimal configuration, and what is said about it.
  static let wrongValues: [(String, String)] = [
    ("training: {batchsize: 64}", "a.yaml:4:12: training.batchsize: unknown key, did you mean training.batchSize?"),
    ("trainin: {batchSize: 64}", "a.yaml:4:1: trainin: unknown key, did you mean training?"),
    ("batchSize: 64", "a.yaml:4:1: batchSize: unknown key, did you mean training.batchSize?"),
    ("warmUp: {wings: 2}", "a.yaml:4:10: warmUp.wings: unknown key, expected one of epochs, learningRate"),
    (
      "training: {batchSize: many}",
      "a.yaml:4:23: training.batchSize: expected an integer from 1 to 1048576, found \"many\""
    ),
    (
      "training: {batchSize: \"64\"}",
      "a.yaml:4:23: training.batchSize: expected an integer from 1 to 1048576, found the text \"64\""
    ),
    ("training: {batchSize: 0}", "a.yaml:4:23: training.batchSize: expected an integer from 1 to 1048576, found \"0\""),
    (
      "training: {batchSize: 6.5}",
      "a.yaml:4:23: training.batchSize: expected an integer from 1 to 1048576, found \"6.5\""
    ),
    (
      "training: {batchSize: 9223372036854775808}",
      "a.yaml:4:23: training.batchSize: expected an integer from 1 to 1048576, found \"9223372036854775808\""
    ),
    (
      "training: {batchSize: }", "a.yaml:4:23: training.batchSize: expected an integer from 1 to 1048576, found nothing"
    ),
    ("training: {seed: -1}", "a.yaml:4:18: training.seed: expected an integer from 0, found \"-1\""),
    ("training: {momentum: 1}", "a.yaml:4:22: training.momentum: expected a number from 0.0 to 0.9999, found \"1\""),
    (
      "training: {momentum: nan}", "a.yaml:4:22: training.momentum: expected a number from 0.0 to 0.9999, found \"nan\""
    ),
    (
      "training: {momentum: [0.9]}",
      "a.yaml:4:22: training.momentum: expected a number from 0.0 to 0.9999, found a list"
    ),
    (
      "training: {kernels: fats}",
      "a.yaml:4:21: training.kernels: expected one of fast, direct, reference, found \"fats\", did you mean fast?"
    ),
    (
      "communication: 3",
      "a.yaml:4:16: communication: expected a section with bucketMegabytes, mode, compression, found \"3\""
    ),
  ]

  @Test(
    "one line names the place, the key, what was expected, what was found and what may have been meant",
    arguments: wrongValues)
  func wrongValue(line: String, message: String) {
    #expect(problems(minimal + "\n" + line) == [message])
  }

  @Test("an override is checked like the file, and named instead of a line")
  func wrongOverride() {
    #expect(
      problems(minimal, ["search.patiense=3"])
        == ["--set search.patiense=3: search.patiense: unknown key, did you mean search.patience?"])
    #expect(
      problems(minimal, ["search.target=high"])
        == [
          "--set search.target=high: search.target: expected a number from 0.1 to 100.0 in steps of 0.1, found \"high\""
        ])
    for width in ["0.3", "0", "8", "wide"] {
      #expect(
        problems(minimal, ["network.width=\(width)"])
          == [
            "--set network.width=\(width): network.width: expected a number from 0.25 to 4.0 in steps of 0.25, found "
              + "\"\(width)\""
          ])
    }
    #expect(
      problems(minimal, ["network.stemStride=3"])
        == ["--set network.stemStride=3: network.stemStride: expected 1 or 2, found \"3\""])
    #expect(
      problems(minimal, ["search=3"]).map { $0.hasPrefix("--set search=3: search: expected a section") } == [true])
    #expect(
      problems(minimal, ["network.architecture.depth=3"])
        == [
          "--set network.architecture.depth=3: network.architecture: expected one of resnet18, resnet34, resnet50, "
            + "found a section"
        ])
    for setting in ["search.target", "=3", "search..target=3", ""] {
      #expect(
        problems(minimal, [setting])
          == ["--set \(setting): expected key.path=value, for example search.target=99.5"])
    }
  }

  @Test("what has no default has to be there")
  func missing() {
    #expect(
      problems("search: {patience: 3}") == [
        "a.yaml: dataset.name: missing, expected one of mnist, fashion-mnist, emnist-letters, cifar10, cifar100, svhn, "
          + "images, npz",
        "a.yaml: network.architecture: missing, expected one of resnet18, resnet34, resnet50",
        "a.yaml:1:9: search.target: missing, expected a number from 0.1 to 100.0 in steps of 0.1",
      ])
    #expect(problems("").count == 3)
    #expect(problems("---\n# nothing\n").count == 3)
  }

  @Test("all problems of a file are told together, in the order of its lines")
  func together() {
    let yaml = """
      search: {target: 101, patience: 0}
      dataset: {name: minst}
      network: {arch: resnet18}
      """
    #expect(
      problems(yaml).map { $0.prefix(9) } == ["a.yaml:1:", "a.yaml:1:", "a.yaml:2:", "a.yaml:3:", "a.yaml:3:"])
  }

  @Test(
    "values that are impossible together are refused",
    arguments: [
      ("search.maximumDepth=9", "search.maximumDepth: expected at most the 8 levels of resnet18, found 9"),
      ("search.initialDepth=9", "search.initialDepth: expected at most the maximum depth, 8, found 9"),
      ("network.classes=26", "network.classes: expected the 10 classes of mnist, found 26"),
      (
        "dataset.validation=60000",
        "dataset.validation: expected fewer than the 60000 training images of mnist, found 60000"
      ),
      ("search.tolerance=99.5", "search.tolerance: expected less than the target, 99.5, found 99.5"),
      (
        "training.batchNormRanks=2",
        "training.batchNormRanks: expected null unless training.batchNorm is synchronized, found 2"
      ),
      (
        "search.budget.megabytes=0.3",
        "search.budget.megabytes: expected at least the 0.301 MB of parameters of depth 1, the shallowest that is "
          + "searched, or network.width: 0.75 with network.stemStride: 1, found 0.3"
      ),
      (
        "search.budget.multiplyAdds=1000",
        "search.budget.multiplyAdds: expected at least the 58254976 multiply-adds of depth 1, the shallowest that is "
          + "searched, found 1000"
      ),
      (
        "search.budget.parameters=0",
        "search.budget.parameters: expected an integer from 1 to 1000000000000, or null for no limit, found \"0\""
      ),
      ("search.groups=0", "search.groups: expected an integer from 1 to 65536, found \"0\""),
    ])
  func contradictions(setting: String, message: String) {
    #expect(problems(minimal, [setting]) == ["--set \(setting): \(message)"])
  }

  @Test(
    "groups of ranks cannot train levels at the same time that depend on each other",
    arguments: [
      ("restart=inherit", "search.restart: inherit, which begins a level with the weights of the one before"),
      ("bestAfterGrowth=keep", "search.bestAfterGrowth: keep, which compares a level with those before"),
      ("epochLimit=30", "search.epochLimit, which counts the epochs of all levels before"),
    ])
  func groups(setting: String, reason: String) {
    #expect(problems(minimal, ["search.policy=paper", "search.groups=2"]).isEmpty)
    let adaptive = ["search.policy=adaptive", "search.adaptive.confidence=1", "search.groups=2"]
    #expect(problems(minimal, adaptive).isEmpty)
    #expect(
      problems(minimal, adaptive + ["search.adaptive.confidence=0.9"])
        == [
          "--set search.groups=2: search.groups: expected 1 with search.adaptive.confidence below 1, which gives a level "
            + "up by the course of another, found 2"
        ])
    #expect(
      problems(minimal, adaptive + ["search.objective=knee"])
        == [
          "--set search.groups=2: search.groups: expected 1 with search.objective: knee, which compares levels, found 2"
        ])
    #expect(problems(minimal, ["search.policy=paper", "search.\(setting)", "search.groups=1"]).isEmpty)
    #expect(
      problems(minimal, ["search.policy=paper", "search.\(setting)", "search.groups=2"])
        == ["--set search.groups=2: search.groups: expected 1 with \(reason), found 2"])
  }

  @Test("another objective than a target needs none, but the adaptive procedure")
  func objectives() throws {
    let bare = "dataset: {name: mnist}\nnetwork: {architecture: resnet18}\nsearch: {policy: adaptive, objective: knee}"
    let configuration = try Configuration(yaml: bare, name: "a.yaml")
    #expect(configuration.search.objective == .knee)
    #expect(try Configuration(yaml: configuration.yaml(), name: "config.yaml") == configuration)
    #expect(problems(bare, ["search.objective=best-within-budget"]).isEmpty, "within no limit: of all depths")
    #expect(problems(bare, ["search.objective=target"]).first?.contains("search.target: missing") == true)
    #expect(problems(bare, ["search.objective=best"]).first?.contains("did you mean") == false)
    #expect(
      problems(minimal, ["search.policy=paper", "search.objective=knee"]) == [
        "--set search.objective=knee: search.objective: expected target with search.policy: paper, which ends where a "
          + "target is met, found knee"
      ])
  }

  @Test("histograms of levels that train at the same time")
  func histogramsOfGroups() {
    #expect(problems(minimal, ["search.policy=paper", "telemetry.histograms=true", "search.groups=1"]).isEmpty)
    #expect(
      problems(minimal, ["search.policy=paper", "search.groups=2", "telemetry.histograms=true"])
        == [
          "--set telemetry.histograms=true: telemetry.histograms: expected false with search.groups over 1, found true"
        ])
  }

  @Test("an accuracy finer than the search compares is refused")
  func tenths() {
    #expect(problems(minimal, ["search.target=99.55"]).count == 1)
    #expect(problems(minimal, ["search.target=99.3", "search.tolerance=0.7"]).isEmpty)
  }

  @Test("a key given twice is an error with its line")
  func duplicates() {
    let found = problems(minimal + "\ntraining:\n  seed: 1\n  batchSize: 2\n  seed: 3\n")
    #expect(found == ["a.yaml:5:3: expected every key once, found seed again in this section"])
  }

  @Test(
    "broken YAML is an error with its line", arguments: ["dataset: {name: mnist", "a: b: c", "\tx: 1", "a: *b", "%"])
  func broken(_ yaml: String) {
    let found = problems("# one\n" + yaml)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("a.yaml:2") == true || found.first?.hasPrefix("a.yaml:3") == true, "\(found)")
  }

  @Test("a document that is no section, or one of several, is refused")
  func otherDocuments() {
    #expect(problems("just words").first?.contains("expected a section with dataset, network") == true)
    #expect(problems("[1, 2]").first?.contains("found a list") == true)
    #expect(problems(minimal + "\n---\n" + minimal).first?.contains("another document") == true)
  }

  @Test(
    "an alias is refused wherever a value or a key may begin",
    arguments: [
      "{\"a\":*a}", "a: *a", "a:\n- *a", "[x, *a]", "{*a: 1}", "*a : 1", "? *a", "# one\na: 'it''s *b'\nc: *a",
      "a: \"x\\\" *b\" # *c\nd: *a", "--- *a", "a:\n  - - *a", "a: &b [*a]", "a: !!seq [1, *a]",
      "\"\u{301}: 'x\"\na: *a", "[x\u{A0}#, *a]", "a: x\":'\nb: *a", "# \u{85}a: *a",
    ])
  func aliases(_ yaml: String) {
    #expect(problems("x: &a 1\n" + yaml).first?.contains("aliases") == true)
  }

  @Test(
    "a star elsewhere is a character like others",
    arguments: [
      "# 0.6 * rate, data/a*b", "# *a", "#*a", "a: 1 # see *this", "a: \"/data/* and *b\"", "a: 'b: *c'",
      "a: 'it''s: *c'", "a: data/*c", "a: x *c", "a: x-*c", "a: x:*c", "a: x, *c", "a: \"\\\": *c\"", "a: * c",
      "# R&D: *a", "a: \"/R&D/*c\" # & *d",
    ])
  func stars(_ yaml: String) {
    #expect(!problems(yaml + "\n" + minimal).contains { $0.contains("aliases") })
  }

  @Test("hostile YAML ends in an error within moments")
  func hostile() {
    let bomb = "a: &a [x, x]\n" + (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }.joined()
    #expect(
      problems(bomb) == [
        "a.yaml:2: YAML aliases (a * before a word) are not supported: repeat the value"
      ])
    #expect(problems(String(repeating: "[", count: 100_000)).count == 1)
    #expect(problems(String(repeating: "a: {", count: 100_000)).count == 1)
    #expect(problems("a: \u{0}").count == 1)
    #expect(problems("\"a\\n\\e[31m\": 1\n" + minimal).first?.contains("\"a\\n\\u{1B}[31m\"") == true)
    #expect(problems("? [a, b]\n: 1\n" + minimal).first?.contains("unknown key") == true)
  }

  @Test("a file that is missing, too large, a directory or no text is named")
  func files() throws {
    func problem(_ path: String) -> String {
      do throws(ConfigurationError) {
        _ = try Configuration(contentsOf: path)
        return "none"
      } catch {
        return error.description
      }
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent("a.yaml")
    #expect(problem(file.path) == "\(file.path): no such file")
    #expect(problem(folder.path) == "\(folder.path): expected a file, found a directory")
    try Data(repeating: 0x20, count: Configuration.sizeLimit + 1).write(to: file)
    #expect(problem(file.path) == "\(file.path): expected a configuration of at most 1000000 bytes, found more")
    try Data([0x61, 0xFF]).write(to: file)
    #expect(problem(file.path) == "\(file.path): expected UTF-8 text, found other bytes")
    try Data(minimal.utf8).write(to: file)
    #expect(problem(file.path) == "none")
  }
}
