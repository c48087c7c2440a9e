// What was measured, in its file.

import CostModel
import DistributedTraining
import Foundation
import NeuralNetwork
import Testing

@Suite("A calibration")
struct CalibrationTests {
  private static func calibration() throws -> Calibration {
    let host = RunLayout.Host(name: "a", ranks: 2, threads: [1, 1], cores: 2, coreTypes: ["Zen"])
    return Calibration(
      layout: RunLayout(hosts: [host], blasVersion: "0.3.21", mpi: "Open MPI 4.1.4"),
      costs: try KernelCosts(
        threads: 1, entries: [KernelCosts.Entry(.update, [KernelCosts.Sample(size: 100, seconds: 3)])]),
      network: MeasuredNetwork(
        blocking: NetworkModel(latency: 1e-5, bandwidth: 1e9), nonBlocking: NetworkModel(latency: 0, bandwidth: 2e9),
        interference: 0.25))
  }

  private static func withPath(_ body: (String) throws -> Void) throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("calibration-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try body(path)
  }

  @Test("survives a file")
  func file() throws {
    try Self.withPath { path in
      let calibration = try Self.calibration()
      try calibration.write(to: path)
      #expect(try Calibration(path: path) == calibration)
    }
  }

  /// What is wrong in a file, as a replacement in a sound one.
  static let damages = [
    (#""size":100"#, #""size":0"#), (#""seconds":3"#, #""seconds":-1"#),
    (#""samples":[{"seconds":3,"size":100}]"#, #""samples":[]"#),
    (#"[{"seconds":3,"size":100}]"#, #"[{"seconds":3,"size":2},{"seconds":3,"size":1}]"#),
    (#""interference":0.25"#, #""interference":1.5"#), (#""latency":0}"#, #""latency":-1}"#),
    (#""bandwidth":2000000000"#, #""bandwidth":0"#), (#","threads":1}"#, "}"), ("{", "["),
  ]

  @Test("is not read from files with impossible or other numbers", arguments: damages)
  func damaged(sound: String, damage: String) throws {
    try Self.withPath { path in
      let encoder = JSONEncoder()
      encoder.outputFormatting = .sortedKeys
      let text = String(decoding: try encoder.encode(Self.calibration()), as: UTF8.self)
      try #require(text.contains(sound), "\(text)")
      try Data(text.replacing(sound, with: damage).utf8).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: CostModelError.self) { try Calibration(path: path) }
      #expect("\(try #require(error))".hasPrefix(path))
      #expect(throws: CostModelError.self) { try Calibration(path: path + "-missing") }
    }
  }
}
