// `odn predict`, `odn evaluate`'s classes, and `odn benchmark inference` on a network that was searched.

import Foundation
import Testing

extension CommandLine {
  @Suite("The network that was found")
  struct Use {
    private let workspace: Workspace
    private let images = "images/t10k-images-idx3-ubyte"
    private let fixtures = "\(Program.root)/Tests/ImagesTests/Fixtures"

    init() async throws {
      workspace = try Workspace.withLearningSearch()
      let run = try await Program.run(["search", "tiny.yaml", "--output", "run"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
    }

    private struct Line: Decodable {
      struct Answer: Decodable {
        struct Class: Decodable {
          let name: String
          let probability: Double
        }
        let depth: Int
        let multiplyAdds: Int
        let classes: [Class]
      }
      let file: String
      let image: Int?
      let answers: [Answer]
    }

    private struct Evaluation: Decodable {
      struct Class: Decodable {
        let name: String
        let images: Int
        let answers: Int
        let correct: Int
      }
      let correct: Int
      let classes: [Class]
      let confusion: [[Int]]
    }

    private func predict(_ arguments: [String]) async throws -> [Line] {
      let run = try await Program.run(["predict", "run/odn.safetensors"] + arguments + ["--json"], in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      return try run.output.split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
    }

    @Test("answers about the test images as `odn evaluate` counts it, class by class")
    func sameAsEvaluation() async throws {
      let lines = try await predict([images, "--top", "10"])
      #expect(lines.map(\.image) == Array(0..<20))
      // Image i shows class i mod 10.
      var confusion = [[Int]](repeating: [Int](repeating: 0, count: 10), count: 10)
      for line in lines {
        let classes = try #require(line.answers.last).classes
        #expect(classes.count == 10 && abs(classes.reduce(0) { $0 + $1.probability } - 1) < 1e-9)
        #expect(classes.map(\.probability) == classes.map(\.probability).sorted(by: >))
        confusion[try #require(line.image) % 10][try #require(Int(classes[0].name))] += 1
      }
      for ranks in [1, 2] {
        let run = try await Program.run(
          ["evaluate", "run/odn.safetensors", "--config", "run/config.yaml", "--json"], ranks: ranks, in: workspace)
        let evaluation = try JSONDecoder().decode(Evaluation.self, from: Data(run.output.utf8))
        #expect(evaluation.confusion == confusion)
        #expect(evaluation.correct == (0..<10).reduce(0) { $0 + confusion[$1][$1] })
        for (label, score) in evaluation.classes.enumerated() {
          #expect(score.name == "\(label)" && score.images == 2 && score.correct == confusion[label][label])
          #expect(score.answers == confusion.reduce(0) { $0 + $1[label] })
        }
      }
    }

    @Test("is shown with what it confuses")
    func evaluationText() async throws {
      let run = try await Program.run(
        ["evaluate", "run/odn.safetensors", "--config", "run/config.yaml", "--confusion"], in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "")
      #expect(run.output.contains("class  images  recognized  answers"), "\(run.output)")
      #expect(run.output.contains("class  0  1  2"), "\(run.output)")
    }

    @Test("takes pictures of any size and format, and goes on after one that is none")
    func pictures() async throws {
      try workspace.write("no picture".utf8, to: "note.png")
      let run = try await Program.run(
        [
          "predict", "run/odn.safetensors", "\(fixtures)/grey.png", "note.png", "absent.png", "\(fixtures)/slope.jpg",
          "--top", "2",
        ], in: workspace)
      #expect(run.exitCode == 1)
      let lines = run.output.split(separator: "\n")
      #expect(lines.count == 2, "\(run.output)")
      #expect(lines[0].hasPrefix("\(fixtures)/grey.png: ") && lines[0].split(separator: "%").count == 2)
      #expect(lines[1].hasPrefix("\(fixtures)/slope.jpg: "))
      #expect(run.errorLines.count == 3)
      #expect(run.errors.contains("odn: note.png: expected a PNG or JPEG file"))
      #expect(run.errors.contains("odn: absent.png: "))
      #expect(run.errors.contains("expected 4 files of pictures, found 2 that can be read"))
    }

    @Test("lets shallower depths answer first")
    func anytime() async throws {
      let every = try await predict([images, "--anytime"])
      #expect(every.count == 20)
      for line in every {
        #expect(line.answers.map(\.depth) == [1, 2])
        #expect(line.answers[0].multiplyAdds < line.answers[1].multiplyAdds)
      }
      let threshold = every.map { $0.answers[0].classes[0].probability }.sorted()[10]
      let sure = try await predict([images, "--confidence", "\(threshold)"])
      for (line, all) in zip(sure, every) {
        let isSure = all.answers[0].classes[0].probability >= threshold
        #expect(line.answers.map(\.depth) == [isSure ? 1 : 2])
      }
      let text = try await Program.run(
        ["predict", "run/odn.safetensors", images, "--confidence", "0"], in: workspace)
      #expect(text.output.contains("answered 20 pictures: depth 1 20; "), "\(text.output)")
    }

    @Test("is refused other depths than a search left")
    func alone() async throws {
      try FileManager.default.createDirectory(atPath: workspace.file("alone"), withIntermediateDirectories: false)
      try FileManager.default.copyItem(
        atPath: workspace.file("run/odn.safetensors"), toPath: workspace.file("alone/odn.safetensors"))
      let run = try await Program.run(["predict", "alone/odn.safetensors", images, "--anytime"], in: workspace)
      #expect(run.exitCode == 64)
      #expect(run.errors.contains("alone: expected shallower networks (depth-DD.safetensors)"), "\(run.errors)")
    }

    @Test("is timed")
    func benchmark() async throws {
      let run = try await Program.run(
        ["benchmark", "inference", "run/odn.safetensors", "--batch", "1", "--batch", "4", "--runs", "5"],
        in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      #expect(run.output.contains("resnet18 depth 2: 149,322 parameters"), "\(run.output)")
      #expect(run.output.split(separator: "\n").count == 6, "\(run.output)")
      let wrong = try await Program.run(["benchmark", "inference"], in: workspace)
      #expect(wrong.exitCode == 64 && wrong.errors.contains("Give either a saved network or --architecture"))
    }
  }
}
