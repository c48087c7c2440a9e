// Commands that only tell: sizes of networks, data sets, and the check of gradients.

import Foundation
import Testing

extension CommandLine {
  @Suite("odn tells")
  struct Information {
    private struct Row: Decodable {
      struct Reduction: Decodable {
        let parameters: Double
        let multiplyAdds: Double
      }
      let depth: Int
      let parameters: Int
      let megabytes: Double
      let multiplyAdds: Int
      let peakActivationMegabytes: Double
      let reductionPercent: Reduction
    }

    struct Published: Sendable {
      let architecture: String
      let input: String
      let depth: Int
      let parameters: Int
      /// Of a forward pass, in hundredths of 10⁶, where it is published.
      var multiplyAdds: Int?
      /// By parameters, in hundredths of a percent.
      let reduction: Int
    }

    @Test(
      "the published sizes of networks",
      arguments: [
        Published(
          architecture: "resnet18", input: "28x28x1", depth: 2, parameters: 149_322, multiplyAdds: 11606,
          reduction: 9866),
        Published(
          architecture: "resnet18", input: "28x28x1", depth: 8, parameters: 11_172_810, multiplyAdds: 45580,
          reduction: 0),
        Published(
          architecture: "resnet34", input: "32x32x3", depth: 5, parameters: 750_666, multiplyAdds: 36248,
          reduction: 9647),
        Published(
          architecture: "resnet34", input: "28x28x1", depth: 6, parameters: 1_044_938, reduction: 9509),
        Published(
          architecture: "resnet50", input: "32x32x3", depth: 11, parameters: 6_311_498, multiplyAdds: 89097,
          reduction: 7317),
      ])
    func sizes(_ published: Published) async throws {
      let run = try await Program.run(
        ["inspect", "--architecture", published.architecture, "--input", published.input, "--json"], in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "")
      let rows = try JSONDecoder().decode([Row].self, from: Data(run.output.utf8))
      #expect(rows.map(\.depth) == Array(1...rows.count))
      let row = try #require(rows.first { $0.depth == published.depth })
      #expect(row.parameters == published.parameters)
      #expect(row.megabytes == 4 * Double(published.parameters) / 1e6)
      if let multiplyAdds = published.multiplyAdds {
        #expect(Int((Double(row.multiplyAdds) / 1e4).rounded()) == multiplyAdds)
      }
      #expect(row.peakActivationMegabytes > 0)
      #expect(Int((100 * row.reductionPercent.parameters).rounded()) == published.reduction)
    }

    @Test("the same sizes in a table")
    func table() async throws {
      let run = try await Program.run(["inspect", "--architecture", "resnet34"], in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "")
      let lines = run.output.split(separator: "\n")
      #expect(lines.first == "resnet34, images 32x32x3, 10 classes")
      #expect(lines.count == 3 + 16, "a row for each of 16 depths")
      let cells = lines[3 + 4].split(separator: " ").map(String.init)
      #expect(cells[..<3] == ["5", "750,666", "3.003"] && cells.contains("96.47"))
    }

    @Test("what a width and a strided stem cost")
    func variant() async throws {
      let options = ["inspect", "--architecture", "resnet18", "--input", "28x28x1"]
      func rows(_ more: String...) async throws -> [Row] {
        let run = try await Program.run(options + more + ["--json"], in: Workspace())
        #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
        return try JSONDecoder().decode([Row].self, from: Data(run.output.utf8))
      }
      let published = try await rows()
      let strided = try await rows("--stem-stride", "2")
      let narrow = try await rows("--width", "0.5", "--stem-stride", "2")
      #expect(strided.map(\.parameters) == published.map(\.parameters))
      for (strided, published) in zip(strided, published) {
        #expect(abs(4 * strided.peakActivationMegabytes - published.peakActivationMegabytes) < 1e-9)
      }
      for (narrow, strided) in zip(narrow, strided) {
        #expect(2 * narrow.peakActivationMegabytes == strided.peakActivationMegabytes)
        #expect(narrow.parameters < strided.parameters / 3)
      }
      let table = try await Program.run(options + ["--width", "0.5", "--stem-stride", "2"], in: Workspace())
      #expect(table.output.hasPrefix("resnet18 of width 0.5 and stem stride 2, images 28x28x1, 10 classes\n"))
    }

    @Test(
      "that there is no such width or stride",
      arguments: ["inspect", "benchmark inference", "benchmark step", "gradcheck"])
    func impossibleVariant(command: String) async throws {
      for (option, value, message) in [
        ("--width", "0.3", "a width is 0.25 to 4 in steps of 0.25 (multiples of 16 channels), not 0.3"),
        ("--stem-stride", "3", "the stem's stride is 1 or 2, not 3"),
      ] {
        let words = command.split(separator: " ").map(String.init)
        let run = try await Program.run(
          words + ["--architecture", "resnet18", option, value], in: Workspace())
        #expect(run.exitCode == 64 && run.output == "" && run.errorLines.count == 1, "\(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
      }
    }

    @Test("what data sets it knows, whether they are here, and how to get them")
    func datasets() async throws {
      let workspace = try Workspace()
      let all = try await Program.run(["datasets"], in: workspace)
      #expect(all.exitCode == 0 && all.errorsBesideLoad == "")
      for name in ["mnist", "fashion-mnist", "emnist-letters", "cifar10", "cifar100", "svhn"] {
        #expect(all.output.contains("\n\(name) "))
      }
      #expect(all.output.contains("no: odn datasets mnist"))

      let missing = try await Program.run(["datasets", "mnist"], in: workspace)
      #expect(missing.output.contains("data/mnist (no such directory)"))
      #expect(missing.output.contains("to get it: odn datasets fetch mnist, or get the files from http"))

      try FileManager.default.createDirectory(atPath: workspace.file("data"), withIntermediateDirectories: false)
      try TinyDigits(training: 10, validation: 10, test: 10).write(to: workspace, "data/mnist")
      let present = try await Program.run(["datasets", "mnist"], in: workspace)
      #expect(present.output.contains("data/mnist (complete)"))

      struct Entry: Decodable {
        let name: String
        let directory: String?
        let trainingImages: Int
      }
      let json = try await Program.run(["datasets", "--json"], in: workspace)
      let entries = try JSONDecoder().decode([Entry].self, from: Data(json.output.utf8))
      #expect(entries.count == 6)
      #expect(entries.first?.name == "mnist" && entries.first?.directory == "data/mnist")
      #expect(entries.first?.trainingImages == 60_000)
    }

    @Test(
      "that this build's gradients are right, with every implementation", arguments: ["fast", "direct", "reference"])
    func gradients(kernels: String) async throws {
      let run = try await Program.run(["gradcheck", "--depth", "2", "--kernels", kernels], in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      #expect(run.output.contains("\nlayer1.1.conv2.weight "))
      #expect(run.output.hasSuffix("all gradients agree within 0.001\n"))
    }

    @Test("that they are right at another width and behind a strided stem")
    func variantGradients() async throws {
      let run = try await Program.run(
        ["gradcheck", "--depth", "2", "--width", "0.5", "--stem-stride", "2", "--input", "8x6x1"], in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      #expect(run.output.hasSuffix("all gradients agree within 0.001\n"))
    }

    @Test("its version")
    func version() async throws {
      let run = try await Program.run(["--version"], in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "")
      #expect(run.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }
  }
}
