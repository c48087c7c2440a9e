// A saved network on images that its training has not seen: the answers follow from what it knows of its own images.

import Foundation
import PythonTesting
import Testing

extension CommandLine {
  @Suite("A network on other images")
  struct Scoring {
    private struct Row: Decodable {
      let file: String
      let image: Int?
      let `class`: String
      let answer: String
      let probability: Double
    }

    private struct Line: Decodable {
      struct Answer: Decodable {
        struct Class: Decodable {
          let name: String
          let probability: Double
        }
        let classes: [Class]
      }
      let file: String
      let image: Int?
      let answers: [Answer]
    }

    private static func run(_ arguments: [String], ranks: Int? = nil, in workspace: Workspace) async throws -> Execution
    {
      let run = try await Program.run(arguments, ranks: ranks, in: workspace)
      #expect(run.exitCode == 0, "\(arguments): \(run.errors)")
      return run
    }

    /// What `odn evaluate` writes about each image.
    private static func scored(
      _ images: String, _ options: [String] = [], ranks: Int? = nil, in workspace: Workspace
    ) async throws -> [Row] {
      _ = try await run(
        ["evaluate", "run/odn.safetensors", images, "--predictions", "answers.json"] + options, ranks: ranks,
        in: workspace)
      return try JSONDecoder().decode([Row].self, from: Data(workspace.bytes("answers.json")))
    }

    /// What `odn predict` says about each image.
    private static func predicted(
      _ images: [String], _ options: [String] = [], in workspace: Workspace
    ) async throws -> [Line] {
      let run = try await run(
        ["predict", "run/odn.safetensors"] + images + ["--top", "1", "--json"] + options, in: workspace)
      return try run.output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    private static func trainOnPhotos() async throws -> Workspace {
      let workspace = try Workspace.withPhotos()
      let run = try await Program.run(
        ["train", "tiny.yaml", "--depth", "1", "--output", "run", "--quiet"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      return workspace
    }

    @Test("is scored on a whole folder of other brightness and with fewer classes, as `odn predict` answers")
    func folder() async throws {
      let workspace = try await Self.trainOnPhotos()
      // Without the first class the others have other numbers. Its own mean would make all pictures alike.
      for name in ["red wine", "été"] {
        for number in 0..<8 {
          try workspace.writePhoto(name, number, brightness: 0.3, to: "dark/\(name)/\(number).png")
        }
      }
      let rows = try await Self.scored("dark", in: workspace)
      #expect(rows.count == 16 && rows.allSatisfy { $0.file == "dark/\($0.class)/\($0.file.split(separator: "/")[2])" })
      let lines = try await Self.predicted(["dark/"], in: workspace)
      #expect(lines.map(\.file) == rows.map(\.file))
      for (row, line) in zip(rows, lines) {
        let best = try #require(line.answers.last?.classes.first)
        #expect(row.answer == best.name && row.image == nil && line.image == nil)
        // 4 decimals, of sums in another order.
        #expect(abs(row.probability - best.probability) < 2e-4)
      }
      let together = try await Self.scored("dark", ["--check-collectives"], ranks: 3, in: workspace)
      #expect(together.map(\.answer) == rows.map(\.answer) && together.map(\.file) == rows.map(\.file))

      let table = try await Self.run(
        ["evaluate", "run/odn.safetensors", "dark", "--predictions", "answers.csv"], in: workspace)
      let correct = rows.count { $0.class == $0.answer }
      #expect(table.output.hasPrefix("accuracy ") && table.output.contains("(\(correct) of 16 images)"))
      let fields = try workspace.lines("answers.csv").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      #expect(fields.count == 17 && fields[0].joined(separator: " ") == "file image class answer probability")
      #expect(fields.dropFirst().map { String($0[3]) } == rows.map(\.answer))
    }

    @Test("sees a configuration's images as its own training did, whatever else lies beside them")
    func configuration() async throws {
      let workspace = try await Self.trainOnPhotos()
      let own = try await Self.run(
        ["evaluate", "run/odn.safetensors", "--config", "tiny.yaml", "--predictions", "own.json"], in: workspace)
      // Other pictures to learn from, of another mean: those to test are the same, by their names.
      for name in Workspace.photoClasses {
        for number in 0..<12 {
          let test = try workspace.text("own.json").contains("photos/\(name)/\(number).png")
          try workspace.writePhoto(
            name, number, brightness: test ? 1 : 0.1, to: "other/\(test ? "test" : "train")/\(name)/\(number).png")
        }
      }
      let other = try await Self.run(
        [
          "evaluate", "run/odn.safetensors", "--config", "tiny.yaml", "--set", "dataset.directory=other", "--set",
          "dataset.size=8x8",
        ], in: workspace)
      #expect(other.output == own.output)
    }

    @Test("refuses classes that it does not know, with one rank and with three, and images without classes")
    func refused() async throws {
      let workspace = try await Self.trainOnPhotos()
      try workspace.writePhoto("Grass", 0, to: "more/Grass/0.png")
      try workspace.writePhoto("Grass", 1, to: "more/Gras\u{1B}[2J/1.png")
      try workspace.write([1], to: "note.txt")
      for (images, options, code, message) in [
        (
          "more", [], 64,
          #"expected classes that the network tells apart ("Grass", "red wine", "été"), found "Gras\u{1B}[2J""#
        ),
        ("photos/Grass", [], 1, "photos/Grass: expected a folder for each class"),
        ("photos/Grass/1.png", [], 1, "expected images whose classes are known"),
        ("photos", ["--labels", "labels"], 64, "--labels has no meaning here"),
        ("nowhere", [], 1, "nowhere: cannot be read"),
        ("note.txt", [], 1, "note.txt: expected images whose classes are known"),
        ("photos", ["--predictions", "none/answers.csv"], 1, "none/answers.csv: cannot be written"),
      ] {
        for ranks in [nil, 3] {
          let run = try await Program.run(
            ["evaluate", "run/odn.safetensors", images] + options, ranks: ranks, in: workspace)
          #expect(run.exitCode == Int32(code) && run.output == "" && run.errorLines.count == 1, "\(run.errors)")
          #expect(run.errors.contains(message) && !run.errors.contains("\u{1B}"), "\(run.errors)")
        }
      }
      for arguments in [[], ["photos", "--config", "tiny.yaml"], ["photos", "--set", "dataset.size=8x8"]] {
        let run = try await Program.run(["evaluate", "run/odn.safetensors"] + arguments, in: workspace)
        #expect(run.exitCode == 64 && run.errors.contains("Usage: odn evaluate"), "\(run.errors)")
      }
      let config = try await Program.run(
        ["evaluate", "run/odn.safetensors", "--config", "tiny.yaml", "--set", "dataset.directory=more"],
        in: workspace)
      #expect(config.exitCode == 64 && config.errors.contains("found \"Gras\\u{1B}[2J\""), "\(config.errors)")
    }

    @Test("is asked about all pictures in a folder; what is none is counted, and what is damaged named")
    func predictFolder() async throws {
      let workspace = try await Self.trainOnPhotos()
      try workspace.change("photos/été/3.png", to: "photos/été/\u{1B}]0;x.png") { $0.removeLast(30) }
      let run = try await Program.run(
        ["predict", "run/odn.safetensors", "photos", "--top", "1", "--json"], in: workspace)
      #expect(run.exitCode == 1 && run.output.split(separator: "\n").count == 36)
      #expect(run.errorLines.count == 3 && !run.errors.contains("\u{1B}"), "\(run.errors)")
      #expect(run.errors.contains("warning: photos: left out 1 file beside .png, .jpg, .jpeg"))
      #expect(run.errors.contains(#"photos/été/\u{1B}]0;x.png: expected an intact PNG file"#))
      #expect(run.errors.contains("expected 37 files of pictures, found 36 that can be read"))
      try FileManager.default.createDirectory(atPath: workspace.file("empty"), withIntermediateDirectories: false)
      let empty = try await Program.run(["predict", "run/odn.safetensors", "empty"], in: workspace)
      #expect(empty.exitCode == 1 && empty.errors.contains("empty: expected .png, .jpg or .jpeg files in it"))
    }

    @Test("that learned from transposed files turns such files, and no others; an import and an export keep that")
    func transposed() async throws {
      let workspace = try Workspace()
      try TinyDigits(training: 68, validation: 0, test: 20).write(to: workspace, "images")
      try FileManager.default.createDirectory(atPath: workspace.file("letters"), withIntermediateDirectories: false)
      for (part, other) in [("train", "train"), ("t10k", "test")] {
        let images = "letters/emnist-letters-\(other)-images-idx3-ubyte"
        try workspace.change("images/\(part)-images-idx3-ubyte", to: images) { bytes in
          let upright = bytes
          for place in 0..<bytes.count - 16 {
            let (image, row, column) = (place / 784, place / 28 % 28, place % 28)
            bytes[16 + place] = upright[16 + 784 * image + 28 * column + row]
          }
        }
        let labels = "letters/emnist-letters-\(other)-labels-idx1-ubyte"
        try workspace.change("images/\(part)-labels-idx1-ubyte", to: labels) { bytes in
          for index in bytes.indices.dropFirst(8) { bytes[index] += 1 }
        }
      }
      let configuration = """
        dataset: {name: emnist-letters, directory: letters, validation: 8}
        network: {architecture: resnet18}
        search: {target: 100, epochLimit: 2}
        training: {batchSize: 4, learningRate: 0.02}

        """
      try workspace.write(configuration.utf8, to: "letters.yaml")
      _ = try await Self.run(
        ["train", "letters.yaml", "--depth", "1", "--output", "run", "--quiet"], in: workspace)

      let stored = "letters/emnist-letters-test-images-idx3-ubyte"
      let rows = try await Self.scored(stored, in: workspace)
      #expect(rows.count == 20 && rows.map(\.class) == (0..<20).map { String("ABCDEFGHIJ".map { $0 }[$0 % 10]) })
      let upright = "images/t10k-images-idx3-ubyte"
      let labels = ["--labels", "letters/emnist-letters-test-labels-idx1-ubyte", "--idx-order", "upright"]
      #expect(try await Self.scored(upright, labels, in: workspace).map(\.answer) == rows.map(\.answer))
      func probabilities(_ images: String, _ options: [String] = []) async throws -> [Double] {
        let lines = try await Self.predicted([images], options, in: workspace)
        return lines.compactMap { $0.answers.last?.classes.first?.probability }
      }
      let right = try await probabilities(stored)
      #expect(zip(rows, right).allSatisfy { abs($0.probability - $1) < 2e-4 } && right.count == rows.count)
      #expect(try await probabilities(upright, ["--idx-order", "upright"]) == right)
      // Bars that lie across are others.
      #expect(try await probabilities(stored, ["--idx-order", "upright"]) != right)
      let config = try await Self.run(
        ["evaluate", "run/odn.safetensors", "--config", "letters.yaml", "--predictions", "config.json"], in: workspace)
      #expect(config.output.contains("of 20 images"))
      let same = try JSONDecoder().decode([Row].self, from: Data(workspace.bytes("config.json")))
      // Other batches, so that probabilities may differ in a last decimal.
      #expect(
        same.map { [$0.file, "\($0.image ?? -1)", $0.answer] }
          == rows.map { [$0.file, "\($0.image ?? -1)", $0.answer] })

      _ = try await Self.run(["import", "run/odn.safetensors", "--output", "again.safetensors"], in: workspace)
      let inspected = try await Self.run(["inspect", "again.safetensors"], in: workspace)
      for fact in [
        #"class_names: ["A","B""#, "dataset: emnist-letters", #"idx_layout: {"firstLabel":1,"transposed":true}"#,
        #"normalization: {"mean":[0.1307]"#, "picture_fit: center-crop",
      ] { #expect(inspected.output.contains(fact), "\(inspected.output)") }
      _ = try await Self.run(
        ["export", "again.safetensors", "--format", "onnx", "--output", "again.onnx"], in: workspace)
      #expect(String(decoding: try workspace.bytes("again.onnx"), as: UTF8.self).contains(#""transposed":true"#))
    }

    @Test("that does not say how it normalizes is refused with the cure, and one without names is told of")
    func facts() async throws {
      let workspace = try await Self.trainOnPhotos()
      // Under another version's key it is a file of anyone's.
      try workspace.change("run/odn.safetensors", to: "plain.safetensors") { bytes in
        guard let place = bytes.firstRange(of: Array("odn.version".utf8)) else { return }
        bytes.replaceSubrange(place, with: Array("odn.Version".utf8))
      }
      let input = ["import", "plain.safetensors", "--input", "12x16x3", "--output"]
      _ = try await Self.run(input + ["bare.safetensors"], in: workspace)
      let refused = try await Program.run(["evaluate", "bare.safetensors", "--config", "tiny.yaml"], in: workspace)
      #expect(
        refused.exitCode == 1 && refused.errors.contains("import the network again, with --dataset or with --mean"))
      _ = try await Self.run(
        input + ["unnamed.safetensors", "--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5"], in: workspace)
      let unnamed = try await Program.run(["evaluate", "unnamed.safetensors", "photos"], in: workspace)
      #expect(unnamed.exitCode == 64 && unnamed.errors.contains(#"tells apart ("0", "1", "2"), found "Grass""#))
      for name in ["0", "2"] { try workspace.writePhoto("Grass", 1, to: "numbered/\(name)/1.png") }
      let numbered = try await Program.run(["evaluate", "unnamed.safetensors", "numbered"], in: workspace)
      #expect(numbered.exitCode == 0 && numbered.output.contains("of 2 images"))
      #expect(numbered.errors.contains("warning: unnamed.safetensors names no classes"), "\(numbered.errors)")
      let twice = try await Program.run(input + ["out", "--class-names", "a,b,a"], in: workspace)
      #expect(twice.exitCode == 64 && twice.errors.contains("found a twice"))
    }

    @Test(
      "gives the answers of onnxruntime, image by image, in every form",
      .enabled(if: Python.has("numpy, onnxruntime, PIL"), "\(Python.needs("numpy, onnxruntime and Pillow"))"))
    func onnxruntime() throws {
      let table = try Python.run([
        "\(Program.root)/Benchmarks/compare-answers", "--odn", Program.path(), "--train", "160", "--test", "40",
        "--epochs", "1",
      ])
      #expect(table.hasSuffix("all answers agree\n"), "\(table)")
      #expect(table.split(separator: "\n").count { $0.hasSuffix("| 0 |") } == 14, "\(table)")
    }
  }
}
