// The checkpoints of a run: the last two are there, whatever happens to the next one.

import Checkpoints
import Foundation
import Testing

@Suite("A directory of checkpoints")
struct DirectoryTests {
  private let parent: TemporaryDirectory
  private let path: String

  init() throws {
    parent = try TemporaryDirectory()
    path = parent.file("checkpoints")
  }

  @Test("keeps the last two, newest first, and nothing at the end")
  func rotation() throws {
    var directory = CheckpointDirectory(path: path)
    #expect(CheckpointDirectory.files(in: path) == [])
    var written: [String] = []
    for _ in 0..<4 { written.append(try directory.write(Fixture.content)) }
    #expect(CheckpointDirectory.files(in: path) == [written[3], written[2]])
    #expect(try Fixture.read(written[3]) == Fixture.bits)
    #expect(try parent.names(in: "checkpoints") == ["000003.checkpoint", "000004.checkpoint"])
    directory.remove()
    #expect(try parent.names() == [])
  }

  @Test("that is continued goes on counting, and clears away what a killed writer left")
  func continued() throws {
    var directory = CheckpointDirectory(path: path)
    for _ in 0..<3 { _ = try directory.write(Fixture.content) }
    _ = try parent.write([1, 2], as: "checkpoints/.odn-5F0B.part")
    var next = CheckpointDirectory(path: path, resumed: path + "/000003.checkpoint")
    #expect(try parent.names(in: "checkpoints") == ["000002.checkpoint", "000003.checkpoint"])
    _ = try next.write(Fixture.content)
    #expect(try parent.names(in: "checkpoints") == ["000003.checkpoint", "000004.checkpoint"])
  }

  @Test("never gives up a sound checkpoint for a damaged one")
  func damaged() throws {
    var directory = CheckpointDirectory(path: path)
    for _ in 0..<2 { _ = try directory.write(Fixture.content) }
    _ = try parent.write([1, 2], as: "checkpoints/000002.checkpoint")
    var next = CheckpointDirectory(path: path, resumed: path + "/000001.checkpoint")
    _ = try next.write(Fixture.content)
    let names = ["000001.checkpoint", "000002.checkpoint", "000003.checkpoint"]
    #expect(try parent.names(in: "checkpoints") == names, "the sound one of before is kept with the new one")
    _ = try next.write(Fixture.content)
    #expect(
      CheckpointDirectory.files(in: path).prefix(2) == [path + "/000004.checkpoint", path + "/000003.checkpoint"])
  }

  @Test("takes other files for no checkpoints, and leaves them alone")
  func others() throws {
    var directory = CheckpointDirectory(path: path)
    _ = try directory.write(Fixture.content)
    for name in ["1.checkpoint", "-00001.checkpoint", "notes", "9999999999999999999.checkpoint"] {
      _ = try parent.write([], as: "checkpoints/\(name)")
    }
    #expect(CheckpointDirectory.files(in: path) == [path + "/000001.checkpoint"])
    CheckpointDirectory(path: path).remove()
    #expect(try parent.names(in: "checkpoints").count == 4)
  }

  @Test("on a full disk keeps what it has")
  func full() async throws {
    // In a process of its own, whose files may have 4 KB.
    await #expect(processExitsWith: .success) {
      let parent = try TemporaryDirectory()
      var directory = CheckpointDirectory(path: parent.file("c"))
      for _ in 0..<2 { _ = try directory.write(Fixture.content) }
      let large = CheckpointContent([CheckpointSection("x", .floats([Float](repeating: 1, count: 10_000)))])
      signal(SIGXFSZ, SIG_IGN)
      var limit = rlimit(rlim_cur: 4_096, rlim_max: 4_096)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      let file = parent.file("c/000003.checkpoint")
      #expect(throws: CheckpointError.unwritable(file: file, reason: "File too large")) {
        try directory.write(large)
      }
      #expect(try parent.names(in: "c") == ["000001.checkpoint", "000002.checkpoint"])
      #expect(try directory.write(Fixture.content) == file, "it goes on when there is room")
    }
  }

  @Test("that cannot be made is an error with the system's reason")
  func unwritable() throws {
    let file = try parent.write([], as: "file")
    var directory = CheckpointDirectory(path: file + "/checkpoints")
    let expected = CheckpointError.unwritable(file: file + "/checkpoints/000001.checkpoint", reason: "Not a directory")
    #expect(throws: expected) { try directory.write(Fixture.content) }
  }
}
