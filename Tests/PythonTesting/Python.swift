// Python, in which tests open what odn writes by the programs that users open it with.

import Foundation

/// The interpreter named by the environment variable ODN_PYTHON, or that of the environment `.build-python` in the package,
/// which `.ci/run` makes, or else `python3`.
public enum Python {
  private static let path: String = {
    if let named = ProcessInfo.processInfo.environment["ODN_PYTHON"] { return named }
    let root = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let made = root.appendingPathComponent(".build-python/bin/python").path
    return FileManager.default.isExecutableFile(atPath: made) ? made : "python3"
  }()

  /// Whether it can import all `modules`, such as `torch, safetensors.torch`.
  public static func has(_ modules: String) -> Bool { (try? run(["-c", "import \(modules)"])) != nil }

  /// Why a test is skipped that needs `modules`.
  public static func needs(_ modules: String) -> String {
    "needs a Python with \(modules): one made by .ci/run, or named by ODN_PYTHON"
  }

  /// It ended badly.
  public struct Failure: Error, CustomStringConvertible {
    /// Its exit code.
    public let status: Int32
    /// What it printed on standard error.
    public let errors: String
    /// Both.
    public var description: String { "python ended with status \(status): \(errors)" }
  }

  /// Runs the interpreter, without a shell in between, until it ends well, and returns what it printed.
  /// - Throws: `Failure` if it ends badly, and what keeps it from running.
  @discardableResult
  public static func run(_ arguments: [String]) throws -> String {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("python-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: directory) }
    // Files, so that no pipe can fill up and hold it.
    let files = try ["output", "errors"].map { name in
      let file = directory.appendingPathComponent(name)
      try Data().write(to: file)
      return (file, try FileHandle(forWritingTo: file))
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [path] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = files[0].1
    process.standardError = files[1].1
    try process.run()
    process.waitUntilExit()
    func text(_ index: Int) throws -> String { String(decoding: try Data(contentsOf: files[index].0), as: UTF8.self) }
    guard process.terminationStatus == 0 else {
      throw Failure(status: process.terminationStatus, errors: try text(1))
    }
    return try text(0)
  }
}
