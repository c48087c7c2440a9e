// A Python with PyTorch, where there is one.

import Foundation

/// The interpreter named by the environment variable ODN_PYTHON, or else `python3`.
enum Python {
  private static let named = ProcessInfo.processInfo.environment["ODN_PYTHON"]

  /// Whether PyTorch is to be used: it is there, or an interpreter was named that has to have it.
  static let isAvailable = named != nil || has("torch, safetensors.torch")

  /// Whether it can import `modules`.
  static func has(_ modules: String) -> Bool { (try? run(["-c", "import \(modules)"])) != nil }

  struct Failure: Error, CustomStringConvertible {
    let status: Int32
    let output: String
    var description: String { "python ended with status \(status): \(output)" }
  }

  /// Runs the interpreter, without a shell in between, until it ends well.
  static func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [named ?? "python3"] + arguments
    let output = Pipe()
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus, output: text) }
  }
}
