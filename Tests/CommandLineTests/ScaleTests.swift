// Commands about many ranks: how they scale, what their network can do, and what a search on them will take.

import Foundation
import Testing

extension CommandLine {
  @Suite("Scale")
  struct Scale {
    private struct Scaling: Decodable {
      struct Depth: Decodable {
        struct Speeds: Decodable {
          let one: Double
          let independent: Double
          let together: Double
        }
        struct Communication: Decodable {
          let isOverlapped: Bool
          let bytesPerStep: Int
          let milliseconds: Double
          let exposedMilliseconds: Double
          let hidden: Double
        }
        let depth: Int
        let imagesPerSecond: Speeds
        let efficiencyAgainstOne: Double
        let efficiencyAgainstIndependent: Double
        let communication: Communication?
      }
      let scaling: String
      let ranks: Int
      let depths: [Depth]
    }

    private static let small = ["--architecture", "resnet18", "--batch", "5", "--input", "8x8x1", "--depths", "1,3"]
    private static let brief = ["--rounds", "3", "--steps", "1", "--threads", "1"]

    @Test("is measured depth by depth, with the work of each rank or of all fixed", arguments: ["weak", "strong"])
    func scaling(scaling: String) async throws {
      let run = try await Program.run(
        ["benchmark", "scaling"] + Self.small + Self.brief + ["--\(scaling)", "--mode", "overlapped", "--json"],
        ranks: 2, in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let report = try JSONDecoder().decode(Scaling.self, from: Data(run.output.utf8))
      #expect(report.scaling == scaling && report.ranks == 2 && report.depths.map(\.depth) == [1, 3])
      for (depth, parameters) in zip(report.depths, [75_338, 380_106]) {
        let speeds = depth.imagesPerSecond
        #expect(min(speeds.one, speeds.independent, speeds.together) > 0)
        #expect(depth.efficiencyAgainstOne > 0 && depth.efficiencyAgainstIndependent > 0)
        let sums = try #require(depth.communication)
        #expect(sums.isOverlapped && sums.bytesPerStep == 4 * parameters && sums.milliseconds > 0)
        #expect(sums.exposedMilliseconds > 0 && (0...1).contains(sums.hidden))
      }
    }

    @Test("of one rank is that of one rank")
    func alone() async throws {
      let run = try await Program.run(["benchmark", "scaling"] + Self.small + Self.brief, in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      #expect(run.output.contains("one rank sums nothing: start several under mpirun"))
    }

    @Test("needs an image for each rank where all share a batch")
    func tooManyRanks() async throws {
      let run = try await Program.run(
        ["benchmark", "scaling"] + Self.small + ["--strong", "--batch", "2"], ranks: 3, in: Workspace())
      #expect(run.exitCode == 64 && run.errorLines.filter { !$0.contains("they take turns") }.count == 1)
      #expect(run.errors.contains("3 ranks cannot share 2 images of a step"))
    }

    private struct Allreduce: Decodable {
      struct Size: Decodable {
        struct Sum: Decodable {
          let microseconds: Double
          let algorithmGigabytesPerSecond: Double
          let busGigabytesPerSecond: Double
        }
        struct Copy: Decodable {
          let microseconds: Double
          let gigabytesPerSecond: Double
        }
        let bytes: Int
        let blocking: Sum?
        let nonBlocking: Sum?
        let copy: Copy
      }
      let ranks: Int
      let sizes: [Size]
    }

    private static let allreduce = ["benchmark", "allreduce", "--maximum", "5000", "--samples", "3"]

    @Test("includes what the network between ranks can do", arguments: [1, 2, 3])
    func network(ranks: Int) async throws {
      let run = try await Program.run(Self.allreduce + ["--json"], ranks: ranks, in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      let report = try JSONDecoder().decode(Allreduce.self, from: Data(run.output.utf8))
      #expect(report.ranks == ranks && report.sizes.map(\.bytes) == [4, 16, 64, 256, 1_024, 4_096])
      for size in report.sizes {
        #expect(size.copy.microseconds > 0 && size.copy.gigabytesPerSecond > 0)
        for sum in [size.blocking, size.nonBlocking] {
          guard ranks > 1 else {
            #expect(sum == nil)
            continue
          }
          let sum = try #require(sum)
          #expect(abs(sum.algorithmGigabytesPerSecond * sum.microseconds * 1e3 / Double(size.bytes) - 1) < 1e-9)
          // 2(n − 1)/n
          let share = ranks == 2 ? 1 : 4 / 3.0
          #expect(abs(sum.busGigabytesPerSecond / sum.algorithmGigabytesPerSecond - share) < 1e-9)
        }
      }
    }

    @Test("says that one rank has nothing to sum, and copies all the same")
    func nothingToSum() async throws {
      let run = try await Program.run(Self.allreduce, in: Workspace())
      #expect(run.exitCode == 0 && run.errorsBesideLoad == "", "\(run.errors)")
      #expect(run.output.contains("one rank has nothing to sum") && run.output.contains("memcpy µs"))
      #expect(!run.output.contains("non-blocking"))
    }
  }
}
