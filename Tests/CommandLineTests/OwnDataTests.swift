// Images of the user's own, from their files to a network that knows their classes, and the fetching of published ones.

import Foundation
import Testing

extension CommandLine {
  @Suite("Own data")
  struct OwnData {
    /// The metadata of a saved network.
    private static func metadata(of model: String, in workspace: Workspace) throws -> [String: String] {
      struct Header: Decodable {
        let metadata: [String: String]
        enum CodingKeys: String, CodingKey { case metadata = "__metadata__" }
      }
      let bytes = try workspace.bytes(model)
      let length = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
      return try JSONDecoder().decode(Header.self, from: Data(bytes[8..<8 + length])).metadata
    }

    @Test("a search in folders of pictures, whose classes the network keeps, decodes them once", arguments: [nil, 2])
    func folders(ranks: Int?) async throws {
      let workspace = try Workspace.withPhotos()
      let run = try await Program.run(
        ["search", "tiny.yaml", "--output", "run", "--quiet"], ranks: ranks, in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      let lines = run.errorLines.filter { !$0.contains("they take turns") }
      #expect(lines.count == 1 && lines[0].contains("left out 1 file beside .png, .jpg, .jpeg"), "\(run.errors)")
      #expect(try workspace.names(in: "cache").count == 1)

      let metadata = try Self.metadata(of: "run/odn.safetensors", in: workspace)
      #expect(metadata["class_names"] == #"["Grass","red wine","été"]"#)
      #expect(metadata["dataset"] == "images")
      let predictions = try workspace.text("run/test-predictions.json")
      #expect(predictions.contains("red wine"))

      // The same from the cache, and again in evaluation: bits do not depend on where pixels come from.
      let again = try await Program.run(
        ["search", "run/config.yaml", "--output", "again", "--quiet"], ranks: ranks, in: workspace)
      try #require(again.exitCode == 0, "\(again.errors)")
      #expect(try workspace.bytes("run/odn.safetensors") == workspace.bytes("again/odn.safetensors"))
      let evaluation = try await Program.run(
        ["evaluate", "run/odn.safetensors", "--config", "run/config.yaml"], ranks: ranks, in: workspace)
      #expect(evaluation.output.contains("of 7 images"), "\(evaluation.output)\(evaluation.errors)")
      let report = try await Program.run(["report", "run"], in: workspace)
      #expect(report.exitCode == 0 && report.errorsBesideLoad == "")
    }

    @Test("a damaged picture ends a search in one line that names it, on all ranks")
    func damaged() async throws {
      let workspace = try Workspace.withPhotos()
      try workspace.change("photos/Grass/3.png") { $0.removeLast(30) }
      let run = try await Program.run(["search", "tiny.yaml"], ranks: 2, in: workspace)
      #expect(run.exitCode == 1 && run.output == "")
      #expect(run.errorLines.filter { $0.contains("photos/Grass/3.png") }.count == 1, "\(run.errors)")
      #expect(try workspace.names() == ["photos", "tiny.yaml"], "nothing is left behind")
    }

    @Test("configurations for images of one's own are written and checked without them", arguments: ["images", "npz"])
    func configurations(source: String) async throws {
      let workspace = try Workspace()
      let new = try await Program.run(["config", "new", "--dataset", source], in: workspace)
      try workspace.write(new.output.utf8, to: "own.yaml")
      let validation = try await Program.run(["config", "validate", "own.yaml"], in: workspace)
      #expect(validation.output == "own.yaml: valid\n")
      let search = try await Program.run(["search", "own.yaml"], in: workspace)
      // A folder that is not there is a mistake in the configuration; an archive may be unreadable.
      #expect(search.exitCode == (source == "images" ? 64 : 1))
      #expect(search.errorLines.count == 1 && search.errors.contains("data/images"))
    }

    @Test("fetching says where files come from, what is wrong with them, and what to do without a network")
    func fetch() async throws {
      let workspace = try Workspace()
      try FileManager.default.createDirectory(atPath: workspace.file("mirror"), withIntermediateDirectories: false)
      try workspace.write([UInt8](repeating: 7, count: 28_881), to: "mirror/train-labels-idx1-ubyte.gz")
      try workspace.write([UInt8](repeating: 7, count: 9_912_422), to: "mirror/train-images-idx3-ubyte.gz")
      let mirror = "file://\(workspace.path)/mirror"
      let wrong = try await Program.run(["datasets", "fetch", "mnist", "--mirror", mirror], ranks: 2, in: workspace)
      #expect(wrong.exitCode == 1)
      #expect(wrong.errorLines.filter { $0.contains("expected the published file") }.count == 1, "\(wrong.errors)")
      #expect(try workspace.names(in: "data/mnist") == [])

      let missing = try await Program.run(
        ["datasets", "fetch", "svhn", "--mirror", mirror, "--directory", "here"], in: workspace)
      #expect(missing.exitCode == 1 && missing.errors.contains("\(mirror)/train_32x32.mat"))
      #expect(
        missing.errors.contains(
          "get http://ufldl.stanford.edu/housenumbers/train_32x32.mat elsewhere and put it into here"))

      let noCurl = try await Program.run(
        ["datasets", "fetch", "mnist", "--mirror", mirror], in: workspace, variables: ["PATH": workspace.path])
      #expect(noCurl.exitCode == 1 && noCurl.errors.contains("install it (apt-get install curl)"))

      let address = try await Program.run(["datasets", "fetch", "mnist", "--mirror", "mirror"], in: workspace)
      #expect(address.exitCode == 64 && address.errors.contains("--mirror: expected the address of a folder"))

      try TinyDigits(training: 10, validation: 10, test: 10).write(to: workspace, "data/mnist")
      let present = try await Program.run(["datasets", "fetch", "mnist"], in: workspace)
      #expect(present.output == "mnist: all files are in data/mnist\n" && present.exitCode == 0)
    }
  }
}
