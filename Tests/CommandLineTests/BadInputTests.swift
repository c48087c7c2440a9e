// What a user gets for a mistake: one line that names it, from one rank, soon, and the promised exit code.

import Foundation
import Testing

extension CommandLine {
  @Suite("Bad input")
  struct BadInput {
    @Test("ends in one line, the promised code and no output, with one rank and with three", arguments: Mistake.all)
    func mistake(_ mistake: Mistake) async throws {
      for ranks in mistake.ranks {
        let workspace = try Workspace.withTinySearch()
        try mistake.prepare(workspace)
        let before = try workspace.names()
        let run = try await Program.run(
          mistake.arguments, ranks: ranks == 1 ? nil : ranks, in: workspace)
        #expect(run.exitCode == mistake.exitCode, "with \(ranks) ranks: \(run.errors)")
        #expect(run.output == "", "with \(ranks) ranks")
        #expect(run.errorLines.count == 1, "with \(ranks) ranks: \(run.errors)")
        let line = run.errorLines.first ?? ""
        #expect(line.hasPrefix("odn: "))
        #expect(!line.contains("rank 0:"), "all ranks know of it")
        for part in mistake.names { #expect(line.contains(part)) }
        #expect(try workspace.names() == before, "nothing is left behind")
      }
    }

    @Test("in the command line is explained with the command's usage, once", arguments: Misuse.all)
    func misuse(_ misuse: Misuse) async throws {
      for ranks in [1, 3] {
        let workspace = try Workspace.withTinySearch()
        let run = try await Program.run(
          misuse.arguments, ranks: ranks == 1 ? nil : ranks, in: workspace)
        #expect(run.exitCode == 64, "with \(ranks) ranks: \(run.errors)")
        #expect(run.output == "", "with \(ranks) ranks")
        let errors = run.errorLines.filter { $0.hasPrefix("Error: ") }
        #expect(errors.count == 1, "with \(ranks) ranks: \(run.errors)")
        #expect(errors.first?.contains(misuse.names) == true)
        #expect(run.errorLines.contains { $0.hasPrefix("Usage: odn \(misuse.arguments[0]) ") })
      }
    }
  }
}

/// Something impossible or missing, which only a command that runs can find out.
struct Mistake: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let arguments: [String]
  let exitCode: Int32
  /// What the line has to name.
  let names: [String]
  var ranks = [1, 3]
  var prepare: @Sendable (Workspace) throws -> Void = { _ in }

  private static let search = ["search", "tiny.yaml"]
  private static let labels = "images/train-labels-idx1-ubyte"
  private static let images = "images/train-images-idx3-ubyte"

  static let all = configurations + dataFiles + otherFiles

  private static let configurations = [
    Mistake(
      testDescription: "an unknown key", arguments: search + ["--set", "training.learnignRate=1"], exitCode: 64,
      names: ["training.learnignRate", "unknown key", "did you mean training.learningRate?"]),
    Mistake(
      testDescription: "an unknown key in the file", arguments: ["search", "wrong.yaml"], exitCode: 64,
      names: ["wrong.yaml:4:25: search.tarjet", "did you mean search.target?"],
      prepare: { workspace in
        try workspace.change("tiny.yaml", to: "wrong.yaml") { text in
          text = Array(String(decoding: text, as: UTF8.self).replacing("target", with: "tarjet").utf8)
        }
      }),
    Mistake(
      testDescription: "no such configuration", arguments: ["search", "none.yaml"], exitCode: 64,
      names: ["none.yaml", "no such file"]),
    Mistake(
      testDescription: "a search deeper than the network", arguments: search + ["--set", "search.maximumDepth=9"],
      exitCode: 64, names: ["search.maximumDepth", "8", "9"]),
    Mistake(
      testDescription: "a width between two quarters", arguments: search + ["--set", "network.width=0.3"],
      exitCode: 64, names: ["network.width", "in steps of 0.25", "0.3"]),
    Mistake(
      testDescription: "training deeper than the network", arguments: ["train", "tiny.yaml", "--depth", "9"],
      exitCode: 64, names: ["resnet18", "1 to 8", "9"]),
    Mistake(
      testDescription: "more ranks than images", arguments: search + ["--set", "dataset.trainLimit=2"], exitCode: 64,
      names: ["3 ranks", "2 training images"], ranks: [3]),
    Mistake(
      testDescription: "more images than there are", arguments: search + ["--set", "dataset.trainLimit=49"],
      exitCode: 64, names: ["dataset.trainLimit", "1 to 48", "49"]),
    Mistake(
      testDescription: "an output directory that holds a run", arguments: search + ["--output", "taken"], exitCode: 64,
      names: ["taken", "--output"],
      prepare: { workspace in
        try FileManager.default.createDirectory(atPath: workspace.file("taken"), withIntermediateDirectories: false)
        try workspace.write([], to: "taken/events.jsonl")
      }),
  ]

  private static let dataFiles = [
    Mistake(
      testDescription: "no data files", arguments: search + ["--set", "dataset.directory=none"], exitCode: 1,
      names: ["mnist", "none (no such directory)", "dataset.directory"]),
    Mistake(
      testDescription: "a truncated .gz", arguments: search, exitCode: 1, names: ["images/train-labels-idx1-ubyte.gz"],
      prepare: { workspace in
        try FileManager.default.removeItem(atPath: workspace.file(labels))
        try workspace.write(truncatedLabels, to: labels + ".gz")
      }),
    Mistake(
      testDescription: "a wrong magic number", arguments: search, exitCode: 1,
      names: ["\(images), byte 0", "0x803", "0x903"], prepare: { try $0.change(images) { $0[2] = 9 } }),
    Mistake(
      testDescription: "a label out of range", arguments: search, exitCode: 1,
      names: ["\(labels), byte 11", "0 to 9", "10"], prepare: { try $0.change(labels) { $0[11] = 10 } }),
  ]

  private static let otherFiles = [
    Mistake(
      testDescription: "an output directory below a file", arguments: search + ["--output", "tiny.yaml/run"],
      exitCode: 1, names: ["tiny.yaml/run", "Not a directory", "--output"]),
    Mistake(
      testDescription: "no such network", arguments: ["evaluate", "none.safetensors", "--config", "tiny.yaml"],
      exitCode: 1, names: ["none.safetensors", "No such file"]),
    Mistake(
      testDescription: "no such network to inspect", arguments: ["inspect", "none.safetensors"], exitCode: 1,
      names: ["none.safetensors", "No such file"]),
    Mistake(
      testDescription: "a damaged network", arguments: ["evaluate", "tiny.yaml", "--config", "tiny.yaml"],
      exitCode: 1, names: ["tiny.yaml, byte 0", "safetensors"]),
  ]

  /// The first 30 of the 40 bytes to which gzip packs the training labels.
  private static let truncatedLabels: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x63, 0x60, 0xE0, 0x60, 0x64, 0x60, 0x70, 0x61, 0x60,
    0x64, 0x62, 0x66, 0x61, 0x65, 0x63, 0xE7, 0xE0, 0x24, 0x9F, 0x05,
  ]
}

/// Something that is wrong before any command runs.
struct Misuse: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let arguments: [String]
  let names: String

  static let all = [
    Misuse(
      testDescription: "an unknown flag", arguments: ["search", "tiny.yaml", "--colour"],
      names: "Unknown option '--colour'"),
    Misuse(
      testDescription: "a missing option", arguments: ["train", "tiny.yaml"],
      names: "Missing expected argument '--depth <depth>'"),
    Misuse(
      testDescription: "contradicting flags", arguments: ["search", "tiny.yaml", "--quiet", "--json-progress"],
      names: "--quiet and --json-progress contradict each other"),
  ]
}
