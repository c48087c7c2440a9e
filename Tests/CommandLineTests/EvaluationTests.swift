// What is done with a saved network.

import Foundation
import Testing

extension CommandLine {
  @Suite("A saved network")
  struct Evaluation {
    private let workspace: Workspace
    private let summary: Summary

    init() async throws {
      workspace = try Workspace.withTinySearch()
      let run = try await Program.run(
        ["train", "tiny.yaml", "--depth", "2", "--set", "search.epochLimit=1", "--output", "run"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      summary = try Summary(of: "run", in: workspace)
    }

    private struct Measurement: Decodable {
      let model: String
      let part: String
      let accuracy: Double
      let correct: Int
      let images: Int
      let loss: Double
    }

    @Test("has the accuracy that the run reported, with one rank and with two")
    func evaluate() async throws {
      let arguments = ["evaluate", "run/odn.safetensors", "--config", "run/config.yaml", "--check-collectives"]
      for ranks in [1, 2] {
        let test = try await measure(arguments + ["--json"], ranks: ranks)
        #expect(test.model == "run/odn.safetensors" && test.part == "test" && test.images == 20)
        #expect(test.accuracy == summary.testAccuracy)
        #expect(test.accuracy == 100 * Double(test.correct) / 20)
        #expect(test.loss > 0)
        let validation = try await measure(arguments + ["--part", "validation", "--json"], ranks: ranks)
        #expect(validation.part == "validation" && validation.accuracy == 10)
      }
      let text = try await Program.run(arguments + ["--part", "validation"], in: workspace)
      #expect(text.output.hasPrefix("validation accuracy 10.00 % (2 of 20 images), loss "))
    }

    private func measure(_ arguments: [String], ranks: Int) async throws -> Measurement {
      let run = try await Program.run(arguments, ranks: ranks, in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      return try JSONDecoder().decode(Measurement.self, from: Data(run.output.utf8))
    }

    @Test("says what it is")
    func inspect() async throws {
      let run = try await Program.run(["inspect", "run/odn.safetensors"], in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "")
      for fact in [
        "resnet18 cut at depth 2 of 8, images 28x28x1, 10 classes", "149,322 parameters (0.597 MB)",
        "116.06 M multiply-adds", "98.66 % of the parameters", "dataset: mnist", "validation_accuracy: 10.0",
        #"idx_layout: {"firstLabel":0,"transposed":false}"#, "picture_fit: center-crop",
        "test_accuracy: \(summary.testAccuracy)",
      ] { #expect(run.output.contains(fact), "\(run.output)") }
    }

    @Test("of other classes than the data set's is refused")
    func otherClasses() async throws {
      let letters =
        "dataset: {name: emnist-letters, directory: letters}\nnetwork: {architecture: resnet18}\n"
        + "search: {target: 90}\n"
      try workspace.write(letters.utf8, to: "letters.yaml")
      try FileManager.default.createDirectory(
        atPath: workspace.file("letters"), withIntermediateDirectories: false)
      for (part, other) in [("train", "train"), ("t10k", "test")] {
        for kind in ["images-idx3-ubyte", "labels-idx1-ubyte"] {
          try FileManager.default.copyItem(
            atPath: workspace.file("images/\(part)-\(kind)"),
            toPath: workspace.file("letters/emnist-letters-\(other)-\(kind)"))
        }
        // Letters are labelled from 1.
        try workspace.change("letters/emnist-letters-\(other)-labels-idx1-ubyte") { bytes in
          for index in bytes.indices.dropFirst(8) { bytes[index] += 1 }
        }
      }
      let run = try await Program.run(
        [
          "evaluate", "run/odn.safetensors", "--config", "letters.yaml", "--set", "dataset.validation=1",
        ], in: workspace)
      #expect(run.exitCode == 64)
      #expect(run.errorLines.count == 1)
      #expect(run.errors.hasPrefix("odn: letters: expected classes that the network tells apart (\"0\", \"1\", "))
    }
  }
}
