// The event files that a search leaves for TensorBoard, read record by record and by TensorBoard itself.

import Foundation
import PythonTesting
import Telemetry
import TensorBoardMessages
import Testing

extension CommandLine {
  @Suite("For TensorBoard")
  struct TensorBoard {
    @Test("a search leaves the curves of each depth, its decisions, histograms and the confusion matrix")
    func wholeSearch() async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try await Program.run(
        ["search", "tiny.yaml", "--output", "run", "--quiet", "--set", "telemetry.histograms=true"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      #expect(try workspace.names(in: "run/tensorboard") == ["depth-01", "depth-02", "search", "warm-up"])
      let depth = try workspace.values(of: "depth-01")
      #expect(depth.steps("accuracy/validation") == [1, 2])
      #expect(depth.steps("loss/training") == [1, 2])
      #expect(depth.steps("weights/conv1.weight") == [1, 2])
      #expect(depth.steps("gradients/heads.1.bias") == [1, 2])
      for value in depth.values where value.1.tag.hasPrefix("weights/") {
        #expect(value.1.histo.num == value.1.histo.bucket.reduce(0, +) && value.1.histo.num > 0)
        #expect(value.1.histo.bucketLimit.count == value.1.histo.bucket.count)
      }
      #expect(try workspace.values(of: "warm-up").steps("loss/training") == [1])
      #expect(try workspace.values(of: "depth-02").steps("accuracy/validation") == [3])
      let search = try workspace.values(of: "search")
      #expect(search.steps("search/depth") == [1, 2, 3])
      let decisions = search.values.filter { $0.1.tag == "search/decision" }
      #expect(decisions.contains { String(decoding: $0.1.tensor.stringVal[0], as: UTF8.self).contains("depth 2") })
      let matrix = try #require(search.values.first { $0.1.tag == "result/confusion matrix" })
      #expect(matrix.1.image.encodedImageString.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test("nothing is left where that is switched off")
    func off() async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try await Program.run(
        ["search", "tiny.yaml", "--output", "run", "--set", "telemetry.tensorboard=false"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      #expect(try !workspace.names(in: "run").contains("tensorboard"))
      #expect(!run.output.contains("tensorboard"))
    }

    @Test("a run that is continued has every epoch once, for TensorBoard's own reader too")
    func continued() async throws {
      let workspace = try Workspace.withLearningSearch()
      let arguments = ["search", "tiny.yaml", "--output", "run", "--resume", "auto", "--quiet"]
      // In the second epoch of the search and, continued from somewhere in it, two epochs later.
      for step in [3 * 24 - 10, 2 * 24 + 5] {
        let end = try await Program.run(
          arguments, in: workspace, variables: ["ODN_TEST_FAULT": "kill:0:\(step)"])
        try #require(end.exitCode == 128 + SIGKILL, "\(end.errors)")
      }
      let end = try await Program.run(arguments, in: workspace)
      try #require(end.exitCode == 0, "\(end.errors)")
      let search = try workspace.values(of: "search")
      #expect(search.steps("search/depth") == Array(1...6))
      #expect(search.steps("result/test accuracy") == [6])
      #expect(try workspace.values(of: "warm-up").steps("loss/training") == [1])
    }

    @Test(
      "TensorBoard's package reads the same",
      .enabled(if: Python.has("tensorboard"), "\(Python.needs("tensorboard"))"))
    func package() async throws {
      let workspace = try Workspace.withTinySearch()
      let run = try await Program.run(
        ["search", "tiny.yaml", "--output", "run", "--quiet", "--set", "telemetry.histograms=true"], in: workspace)
      try #require(run.exitCode == 0, "\(run.errors)")
      let text = try Python.run(["-c", Self.reader, workspace.file("run/tensorboard")])
      let runs = try JSONDecoder().decode([String: Reading].self, from: Data(text.utf8))
      #expect(runs.keys.sorted() == ["depth-01", "depth-02", "search", "warm-up"])
      let depth = try #require(runs["depth-01"])
      let own = try workspace.values(of: "depth-01")
      #expect(depth.scalars.keys.sorted() == own.scalarTags)
      for (tag, points) in depth.scalars { #expect(points == own.points(tag), "\(tag)") }
      #expect(depth.histograms["weights/conv1.weight"] == [576, 576], "3·3·1·64 weights after each of two epochs")
      let search = try #require(runs["search"])
      #expect(search.images == ["result/confusion matrix": [320, 320]])
      #expect(search.texts["search/decision"]?.contains { $0.contains("growing to depth 2") } == true)
    }

    /// What the script below prints of a run.
    struct Reading: Decodable {
      let scalars: [String: [[Double]]]
      let histograms: [String: [Double]]
      let images: [String: [Int]]
      let texts: [String: [String]]
    }

    private static let reader = """
      import json, os, struct, sys
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      runs = {}
      for name in sorted(os.listdir(sys.argv[1])):
          events = EventAccumulator(os.path.join(sys.argv[1], name), size_guidance={"tensors": 0, "histograms": 0})
          events.Reload()
          tags = events.Tags()
          runs[name] = {
              "scalars": {t: [[e.step, e.value] for e in events.Scalars(t)] for t in tags["scalars"]},
              "histograms": {t: [e.histogram_value.num for e in events.Histograms(t)] for t in tags["histograms"]},
              "images": {t: list(struct.unpack(">II", events.Images(t)[0].encoded_image_string[16:24]))
                         for t in tags["images"]},
              "texts": {t: [e.tensor_proto.string_val[0].decode() for e in events.Tensors(t)] for t in tags["tensors"]},
          }
      print(json.dumps(runs))
      """
  }
}

/// The values in the event files of one of TensorBoard's runs, in order, with their steps.
struct EventValues {
  var values: [(Int, TensorBoardSummary.Value)] = []

  func steps(_ tag: String) -> [Int] { values.filter { $0.1.tag == tag }.map(\.0) }

  func points(_ tag: String) -> [[Double]] {
    values.filter { $0.1.tag == tag }.map { [Double($0.0), Double($0.1.simpleValue)] }
  }

  var scalarTags: [String] {
    Set(values.filter { if case .simpleValue = $0.1.value { true } else { false } }.map(\.1.tag)).sorted()
  }
}

extension Workspace {
  /// Reads the event files in `run/tensorboard/NAME`, each of which has to be whole.
  func values(of name: String) throws -> EventValues {
    var all = EventValues()
    for file in try names(in: "run/tensorboard/\(name)") {
      let bytes = try bytes("run/tensorboard/\(name)/\(file)")
      var records = RecordReader(bytes)
      var events: [TensorBoardEvent] = []
      while let record = records.next() { events.append(try TensorBoardEvent(serializedBytes: record)) }
      #expect(records.position == bytes.count)
      if let first = events.first { #expect(first.fileVersion == "brain.Event:2") }
      for event in events { all.values += event.summary.value.map { (Int(event.step), $0) } }
    }
    return all
  }
}
