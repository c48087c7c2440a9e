import Foundation
import Testing

extension CommandLine {
  @Suite("Benchmarks")
  struct Benchmarks {
    struct Step: Decodable {
      struct Kernel: Decodable {
        let kernel: String
        let calls: Int
        let milliseconds: Double
        let gigaflops: Double
        let rooflineShare: Double
      }

      let pass: String
      let threads: Int
      let milliseconds: Double
      let imagesPerSecond: Double
      let peakMegabytes: Double
      struct Communication: Decodable {
        let mode: String
        let compression: String
        let allreduceBytesPerStep: Int
        let waitingMilliseconds: Double
      }

      let communication: Communication?
      let kernels: [Kernel]?
    }

    static let small = ["--architecture", "resnet18", "--batch", "4", "--input", "8x8x1"]

    @Test("time steps, in training and without, with any threads and either engine", arguments: [false, true])
    func step(forwardOnly: Bool) async throws {
      let options = ["--depth", "3", "--steps", "2", "--threads", "2", "--matrix-engine", "blas", "--json"]
      let run = try await Program.run(
        ["benchmark", "step"] + Self.small + options + (forwardOnly ? ["--forward-only"] : []), in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let step = try JSONDecoder().decode(Step.self, from: Data(run.output.utf8))
      #expect(step.communication == nil, "one rank sums nothing")
      #expect(step.pass == (forwardOnly ? "inference" : "training") && step.threads == 2 && step.kernels == nil)
      #expect(step.milliseconds > 0 && step.peakMegabytes > 1)
      #expect(abs(step.imagesPerSecond - 4_000 / step.milliseconds) < 1e-6 * step.imagesPerSecond)
    }

    @Test("time other widths and strides, and compare their kernels with the reference")
    func variant() async throws {
      let variant = Self.small + ["--width", "0.5", "--stem-stride", "2"]
      let step = try await Program.run(
        ["benchmark", "step"] + variant + ["--depth", "3", "--steps", "1", "--threads", "1"], in: Workspace())
      #expect(step.exitCode == 0 && step.errorsBesideLoad == "", "\(step.errors)")
      #expect(step.output.contains("resnet18 of width 0.5 and stem stride 2 depth 3, images 8x8x1, 4 per step"))
      let kernels = try await Program.run(["benchmark", "kernels"] + variant + ["--runs", "1"], in: Workspace())
      #expect(kernels.exitCode == 0 && kernels.errorsBesideLoad == "", "\(kernels.errors)")
      #expect(kernels.output.contains("3x3 /2 1→32 @8x8") && kernels.output.contains("3x3 /2 32→64 @4x4"))
    }

    @Test("say how many bytes of gradients two ranks sum in a step", arguments: ["blocking", "overlapped"])
    func communication(mode: String) async throws {
      let options = ["--depth", "2", "--steps", "2", "--threads", "1", "--mode", mode]
      let run = try await Program.run(
        ["benchmark", "step"] + Self.small + options + ["--json"], ranks: 2, in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let step = try JSONDecoder().decode(Step.self, from: Data(run.output.utf8))
      let communication = try #require(step.communication)
      #expect(communication.mode == mode && communication.compression == "none")
      #expect(communication.allreduceBytesPerStep == 4 * 149_322, "4 bytes for each parameter")
      #expect((0..<step.milliseconds).contains(communication.waitingMilliseconds))

      let compressed = try await Program.run(
        ["benchmark", "step"] + Self.small + options + ["--compression", "bf16"], ranks: 2, in: Workspace())
      #expect(compressed.output.contains("gradients: 0.30 MB summed per step as bf16, \(mode); waited "))
    }

    @Test("profile a step: every convolution is counted, and the kernels' times make up the step's")
    func profile() async throws {
      let run = try await Program.run(
        ["benchmark", "step"] + Self.small + ["--depth", "3", "--steps", "3", "--threads", "1", "--profile", "--json"],
        in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let step = try JSONDecoder().decode(Step.self, from: Data(run.output.utf8))
      let kernels = try #require(step.kernels)
      let calls = Dictionary(uniqueKeysWithValues: kernels.map { ($0.kernel, $0.calls) })
      // The stem and five 3×3 convolutions of stride 1, one of stride 2, and a projection.
      for pass in ["forward", "backward"] {
        #expect(calls["3x3 \(pass)"] == 6 && calls["3x3/2 \(pass)"] == 1 && calls["1x1/2 \(pass)"] == 1)
      }
      #expect(calls["update"] == 1)
      #expect(kernels.allSatisfy { $0.milliseconds > 0 && $0.rooflineShare > 0 && $0.gigaflops.isFinite })
      let table = try await Program.run(
        ["benchmark", "step"] + Self.small + ["--depth", "1", "--steps", "1", "--profile"], in: Workspace())
      #expect(table.output.contains("of roofline\n") && table.output.contains("\n3x3 backward "))
    }

    @Test("compare every kernel with the reference, within 1e-5")
    func kernels() async throws {
      struct Row: Decodable {
        let convolution: String
        let pass: String
        let milliseconds: Double
        let relativeError: Double
      }
      let run = try await Program.run(
        ["benchmark", "kernels"] + Self.small + ["--runs", "1", "--threads", "2", "--json"], in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let rows = try JSONDecoder().decode([Row].self, from: Data(run.output.utf8))
      #expect(rows.count == 3 * 11 && Set(rows.map(\.convolution)).count == 11)
      #expect(rows.allSatisfy { $0.relativeError > 0 && $0.relativeError < 1e-5 }, "\(rows)")

      let none = try await Program.run(["benchmark", "kernels", "--only", "9x9"], in: Workspace())
      #expect(none.exitCode == 64 && none.errors.contains("no convolution of resnet34 is like '9x9'"))
    }
  }
}
