// Runs made by hand, as they would stand in their directories.

import DistributedTraining
import Foundation
import Telemetry

/// A directory with a run, removed when nothing refers to it any more.
final class RunFiles {
  let path: String
  private let ranks: Int
  private var lines: [String] = []

  /// A run of `classes` classes that has begun.
  init(name: String = "run", ranks: Int = 2) throws {
    self.ranks = ranks
    path = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID().uuidString)/\(name)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    lines.append(
      """
      {"event":"started","time":0,"value":{"largest":\(Self.network(8)),"trainImages":500,"validationImages":100,\
      "testImages":4,"batchSize":32,"ranks":\(ranks),"options":{"target":90,"tolerance":0.5},"layout":{"hosts":[{"name":\
      "node<1>","ranks":\(ranks),"threads":[1,1],"cores":2,"coreTypes":["Zen"]}],"blasVersion":"0.3.21","mpi":"Open MPI"}}}
      """)
    try save()
  }

  deinit { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }

  /// As versions without widths wrote it, unless there is one.
  static func network(_ depth: Int, width: Double? = nil) -> String {
    #"{"family":"resnet18","depth":\#(depth),"classes":4,"input":{"height":28,"width":28,"channels":1}"#
      + (width.map { #","width":\#($0)}"# } ?? "}")
  }

  /// An epoch of the search.
  func add(epoch: Int, depth: Int, accuracy: Double, explanation: String = "") throws {
    try add(
      """
      {"event":"epoch","time":\(epoch * 10),"value":{"training":{"epoch":\(epoch),"depth":\(depth),"learningRate":0.1,\
      "trainingLoss":\(2.0 / Double(epoch)),"trainingAccuracy":\(accuracy),"trainingSeconds":8,"validationSeconds":1,\
      "imagesPerSecond":\(600 / depth),"allreduceBytesPerStep":301352,"waitingSeconds":1.5},"validationAccuracy":\
      \(accuracy),"decision":{"keepsWeights":true,"explanation":"\(explanation)"}}}
      """)
  }

  /// The end of a run, with its answers.
  func finish(depth: Int, classNames: [String]) throws {
    let accuracy = #"{"correct":91,"total":100}"#
    try add(
      """
      {"event":"finished","time":99,"value":{"architecture":\(Self.network(depth)),"outcome":{"targetMet":true,\
      "target":90,"tolerance":0.5,"depth":\(depth),"accuracy":\(accuracy),"bestDepth":\(depth),"bestAccuracy":\(accuracy),\
      "reason":"fineTuned"},"validationAccuracy":91,"testAccuracy":75,"depths":[{"depth":\(depth),"epochs":1,"best":\(accuracy)}],"imagesTrained":3000,"seconds":99,\
      "ranks":\(ranks)}}
      """)
    let predictions = Predictions(
      classNames: classNames, labels: [0, 1, 2, 3], predictions: [0, 1, 2, 0], confidences: [0.9, 0.8, 1, 0.7])
    try write(JSON.text(predictions), to: RunDirectory.predictionsName)
    try write("{}", to: "summary.json")
    try write("search:\n  target: 90.0\n", to: "config.yaml")
  }

  /// A line of the log.
  func add(_ line: String) throws {
    lines.append(line)
    try save()
  }

  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
  }

  private func save() throws { try write(lines.map { $0 + "\n" }.joined(), to: "events.jsonl") }

  /// A whole run that grew once.
  static func whole(
    name: String = "run", ranks: Int = 2, classNames: [String] = ["cat", "dog", "ship", "truck"]
  ) throws -> RunFiles {
    let files = try RunFiles(name: name, ranks: ranks)
    try files.add(epoch: 1, depth: 1, accuracy: 60)
    try files.add(epoch: 2, depth: 1, accuracy: 70.5, explanation: "growing to depth 2")
    try files.add(epoch: 3, depth: 2, accuracy: 91)
    try files.finish(depth: 2, classNames: classNames)
    return files
  }
}
