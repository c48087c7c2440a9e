// Saved networks on their way to other programs and back.

import Foundation
import Testing

extension CommandLine {
  @Suite("Model exchange")
  struct Exchange {
    private let workspace: Workspace

    init() async throws {
      workspace = try Workspace.withTinySearch()
      let run = try await Program.run(
        ["train", "tiny.yaml", "--depth", "2", "--set", "search.epochLimit=1", "--output", "run"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
    }

    private struct Exported: Decodable {
      let output: String
      let format: String
      let bytes: Int
      let parameters: Int
    }

    private struct Imported: Decodable {
      struct Network: Decodable {
        let family: String
        let depth: Int
        let width: Double
        let stemStride: Int
      }
      let output: String
      let network: Network
      let parameters: Int
    }

    @Test("a network is written in every format")
    func export() async throws {
      let formats = ["onnx", "onnx-int8", "safetensors"]
      for format in formats {
        let run = try await Program.run(
          [
            "export", "run/odn.safetensors", "--format", format, "--output", "net.\(format)", "--json",
          ] + (format == "onnx-int8" ? ["--config", "tiny.yaml", "--calibration-images", "16"] : []), in: workspace)
        #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
        let result = try JSONDecoder().decode(Exported.self, from: Data(run.output.utf8))
        #expect(result.output == "net.\(format)" && result.format == format && result.parameters == 149_322)
        #expect(result.bytes == (try workspace.bytes("net.\(format)").count))
      }
      #expect(try workspace.bytes("net.safetensors") == workspace.bytes("run/odn.safetensors"))
      #expect(try workspace.bytes("net.onnx-int8").count < workspace.bytes("net.onnx").count * 27 / 100)
      #expect(try workspace.names().filter { $0.hasPrefix(".odn") } == [])
    }

    /// Leaves the tensors alone, as PyTorch would save them: without what odn notes about the network.
    private static func removeMetadata(of file: String, as copy: String, in workspace: Workspace) throws {
      try workspace.change(file, to: copy) { bytes in
        let length = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
        var header = (try? JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length]))) as? [String: Any] ?? [:]
        header["__metadata__"] = nil
        let json = (try? JSONSerialization.data(withJSONObject: header)) ?? Data()
        bytes = (0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) } + json + bytes[(8 + length)...]
      }
    }

    @Test("what is exported as safetensors can be imported, and is as accurate")
    func roundTrip() async throws {
      try Self.removeMetadata(of: "run/odn.safetensors", as: "state.safetensors", in: workspace)
      let run = try await Program.run(["import", "state.safetensors", "--dataset", "mnist", "--json"], in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let result = try JSONDecoder().decode(Imported.self, from: Data(run.output.utf8))
      #expect(result.output == "state.odn.safetensors" && result.parameters == 149_322)
      #expect(result.network.family == "resnet18" && result.network.depth == 2)
      var answers: [String] = []
      for model in ["run/odn.safetensors", "state.odn.safetensors"] {
        let run = try await Program.run(["evaluate", model, "--config", "tiny.yaml"], in: workspace)
        #expect(run.exitCode == 0, "\(run.errors)")
        answers.append(run.output)
      }
      #expect(answers[0] == answers[1])
      let inspected = try await Program.run(["inspect", "state.odn.safetensors"], in: workspace)
      #expect(inspected.output.contains("dataset: mnist") && inspected.output.contains("class_names: [\"0\""))
    }

    @Test("a narrow network behind a strided stem goes the same ways")
    func variant() async throws {
      let train = try await Program.run(
        [
          "train", "tiny.yaml", "--depth", "2", "--set", "search.epochLimit=1", "--set", "network.width=0.5", "--set",
          "network.stemStride=2", "--output", "narrow",
        ], in: workspace)
      try #require(train.exitCode == 0, "\(train.errors)")
      #expect(train.output.contains("resnet18 of width 0.5 and stem stride 2 on 28x28x1 images"))
      let inspected = try await Program.run(["inspect", "narrow/odn.safetensors"], in: workspace)
      #expect(
        inspected.output.contains("\n  resnet18 of width 0.5 and stem stride 2 cut at depth 2 of 8, images 28x28x1"))
      let report = try await Program.run(["report", "narrow"], in: workspace)
      #expect(report.exitCode == 0, "\(report.errors)")
      let page = try workspace.text("narrow/report.html")
      #expect(page.contains("<b>3×3/2</b><span>32 ch.</span>") && page.contains("14×14, 32 channels"))
      for format in ["onnx", "safetensors"] {
        let run = try await Program.run(
          ["export", "narrow/odn.safetensors", "--format", format, "--output", "narrow.\(format)"], in: workspace)
        #expect(run.exitCode == 0, "\(run.errors)")
      }
      let answers = try await Program.run(
        ["evaluate", "narrow/odn.safetensors", "--config", "narrow/config.yaml"], in: workspace)
      #expect(answers.exitCode == 0, "\(answers.errors)")

      try Self.removeMetadata(of: "narrow.safetensors", as: "state.safetensors", in: workspace)
      for (options, stride) in [([], 1), (["--stem-stride", "2"], 2)] {
        let run = try await Program.run(
          ["import", "state.safetensors", "--dataset", "mnist", "--json"] + options, in: workspace)
        #expect(run.exitCode == 0, "\(run.errors)")
        let result = try JSONDecoder().decode(Imported.self, from: Data(run.output.utf8))
        #expect(result.network.width == 0.5 && result.network.stemStride == stride)
      }
      let imported = try await Program.run(
        ["evaluate", "state.odn.safetensors", "--config", "narrow/config.yaml"], in: workspace)
      #expect(imported.output == answers.output)
    }

    @Test("options tell what tensors do not")
    func options() async throws {
      let run = try await Program.run(
        [
          "import", "run/odn.safetensors", "--architecture", "resnet34", "--class-names", "a,b,c,d,e,f,g,h,i,j",
          "--mean", "0.5", "--std", "0.25", "--input", "30x20x1", "--output", "other.safetensors",
        ], in: workspace)
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      #expect(
        run.output
          == "other.safetensors: resnet34 cut at depth 2 of 16, images 30x20x1, 10 classes, 149,322 parameters\n")
      let inspected = try await Program.run(["inspect", "other.safetensors"], in: workspace)
      #expect(inspected.output.contains(#"normalization: {"mean":[0.5],"standardDeviation":[0.25]}"#))
    }

    @Test(
      "mistakes in the options are told as such, and nothing is written",
      arguments: [
        (["export", "run/odn.safetensors", "--format", "onnx-int8", "--keep-batch-norm"], "--keep-batch-norm is for"),
        (["export", "run/odn.safetensors", "--format", "onnx", "--config", "tiny.yaml"], "--config is for"),
        (["export", "run/odn.safetensors", "--format", "onnx-int8", "--set", "dataset.validation=1"], "--set changes"),
        (
          ["export", "run/odn.safetensors", "--format", "onnx-int8", "--calibration-images", "0"], "expected at least 1"
        ),
        (
          ["export", "run/odn.safetensors", "--format", "safetensors", "--normalized-input"],
          "--normalized-input is for"
        ),
        (["export", "run/odn.safetensors", "--format", "gif"], "gif"),
        (["import", "run/odn.safetensors", "--mean", "0.5"], "--mean and --std belong together"),
        (["import", "run/odn.safetensors", "--stem-stride", "3"], "--stem-stride takes 1 or 2, not 3"),
        (["import", "run/odn.safetensors", "--mean", "0.5", "--std", "0"], "--std: expected 1 numbers"),
        (["import", "run/odn.safetensors", "--class-names", "a,b"], "expected the names of 10 classes, found 2"),
        (
          ["import", "run/odn.safetensors", "--dataset", "emnist-letters"], "expected the names of 10 classes, found 26"
        ),
      ])
    func mistakes(arguments: [String], message: String) async throws {
      let run = try await Program.run(arguments + ["--output", "out"], in: workspace)
      #expect(run.exitCode == 64 && run.output == "", "\(run.exitCode) \(run.output)")
      #expect(run.errors.contains(message), "\(run.errors)")
      #expect(try !workspace.names().contains("out"))
    }

    @Test("what cannot be exported or imported is one line with the reason")
    func refused() async throws {
      for (arguments, message) in [
        (["export", "tiny.yaml", "--format", "onnx", "--output", "out"], "this is no safetensors file"),
        (
          ["export", "run/odn.safetensors", "--format", "onnx", "--output", "missing/out"],
          "missing/out: cannot be written: No such file or directory"
        ),
        (
          ["import", "run/odn.safetensors", "--depth", "3", "--architecture", "resnet18", "--output", "out"],
          "layer2.0.conv1.weight and 11 more; fc.weight of [10, 64] instead of [10, 128]"
        ),
        (
          ["import", "run/odn.safetensors", "--dataset", "cifar10", "--output", "out"], "conv1.weight of [64, 1, 3, 3]"
        ),
      ] {
        let run = try await Program.run(arguments, in: workspace)
        #expect(run.exitCode == 1 && run.output == "" && run.errorLines.count == 1, "\(run.errors)")
        #expect(run.errors.contains(message), "\(run.errors)")
        #expect(try !workspace.names().contains("out"))
      }
    }
  }
}
