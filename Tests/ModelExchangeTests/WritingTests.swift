// A file that cannot be written: an error with the system's reason, and nothing left behind.

import Foundation
import ModelExchange
import Testing

@Suite("Writing files")
struct WritingTests {
  static let content = SafetensorsFile(
    tensors: [Tensor(name: "x", shape: [100_000], values: [Float](repeating: 1, count: 100_000))])

  static func reason(_ path: String) -> String? {
    do {
      try content.write(to: path)
      return nil
    } catch ModelFileError.unwritable(let file, let reason) {
      return file == path ? reason : nil
    } catch {
      return nil
    }
  }

  @Test("a directory that is not there, is a file, or stands at the file's place")
  func places() throws {
    let directory = try TemporaryDirectory()
    let file = try directory.write([1], as: "file")
    try FileManager.default.createDirectory(atPath: directory.file("folder"), withIntermediateDirectories: false)
    #expect(Self.reason(directory.file("missing/model")) == "No such file or directory")
    #expect(Self.reason("\(file)/model") == "Not a directory")
    #expect(Self.reason(directory.file("folder")) == "Is a directory")
    #expect(Self.reason("") == "No such file or directory")
    #expect(try directory.names() == ["file", "folder"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.file("folder")) == [])
  }

  @Test("an existing file is replaced")
  func replaced() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write([1, 2, 3], as: "model")
    try Self.content.write(to: path)
    #expect(try SafetensorsFile(path: path) == Self.content)
    #expect(try directory.names() == ["model"])
  }

  @Test("when the file cannot grow to its size, the old one stays and no other is left")
  func noSpace() async {
    // In a process of its own, whose files may have 4 KB.
    await #expect(processExitsWith: .success) {
      let directory = try TemporaryDirectory()
      let path = try directory.write([1, 2, 3], as: "model")
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 4_096, rlim_max: 4_096)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      #expect(Self.reason(path) == "File too large")
      #expect(try directory.names() == ["model"])
      #expect(try directory.bytes("model") == [1, 2, 3])
    }
  }
}
