// Disks that are full or may not be written. They are small file systems in memory, which only root can mount.

import Foundation
import Testing

extension CommandLine {
  @Suite("A disk")
  struct Disk {
    private static let needsRoot: Comment = "needs the right to mount a tmpfs, as root has it"

    @Test("that is full of checkpoints does not end the run, and keeps the last one", .enabled(if: canMount, needsRoot))
    func fullCheckpoints() async throws {
      let workspace = try Workspace.withLearningSearch()
      // Room for one checkpoint of more than 1 MB, and not for the one that would replace it.
      let disk = try MemoryDisk(workspace.file("run/checkpoints"), kilobytes: 2_000)
      let run = try Program(Resumption.search, in: workspace)
      let isFull = try await Program.holds(within: .seconds(60)) { try workspace.warnings() >= 2 }
      try #require(isFull)
      run.send(SIGUSR1)
      let end = try await run.end(within: .seconds(20))
      #expect(end.exitCode == 75)
      #expect(end.errors.contains("No space left on device"), "\(end.errors)")
      #expect(end.errors.contains("the checkpoint before is intact: run/checkpoints/0"), "\(end.errors)")
      #expect(try workspace.names(in: "run/checkpoints").count == 1, "and nothing that is not whole")

      try disk.resize(kilobytes: 30_000)
      let rest = try await Program.run(Resumption.search, in: workspace)
      #expect(rest.exitCode == 0 && rest.errors == "", "\(rest.errors)")
      disk.unmount()
      try FileManager.default.removeItem(atPath: workspace.file("run/checkpoints"))
      try await Reference.onOneRank.expectSame(as: workspace)
    }

    @Test("that is full for a while loses nothing", .enabled(if: canMount, needsRoot))
    func fullForAWhile() async throws {
      let workspace = try Workspace.withLearningSearch()
      let disk = try MemoryDisk(workspace.file("run"), kilobytes: 8_000)
      let run = try Program(Resumption.search, in: workspace)
      let isSaved = try await Program.holds(within: .seconds(60)) { try workspace.checkpoints().count == 2 }
      try #require(isSaved)
      try disk.fill()
      let isNoticed = try await Program.holds(within: .seconds(60)) { try run.errors.contains("No space left") }
      try #require(isNoticed)
      try await Task.sleep(for: .milliseconds(300))
      try disk.empty()
      let end = try await run.end(within: .seconds(60))
      #expect(end.exitCode == 0, "\(end.errors)")
      try await Reference.onOneRank.expectSame(as: workspace)
    }

    @Test("that may not be written is refused before any training", .enabled(if: canMount, needsRoot))
    func readOnly() async throws {
      let workspace = try Workspace.withLearningSearch()
      let disk = try MemoryDisk(workspace.file("disk"), kilobytes: 1_000)
      try disk.makeReadOnly()
      let end = try await Program.run(["search", "tiny.yaml", "--output", "disk/run"], in: workspace)
      #expect(end.exitCode == 1)
      #expect(end.output == "")
      #expect(end.errors.contains("disk/run: cannot be written: Read-only file system"), "\(end.errors)")
    }

    @Test("that becomes read-only for checkpoints does not end the run", .enabled(if: canMount, needsRoot))
    func becomesReadOnly() async throws {
      let workspace = try Workspace.withLearningSearch()
      let disk = try MemoryDisk(workspace.file("run/checkpoints"), kilobytes: 30_000)
      let run = try Program(Resumption.search, in: workspace)
      let isSaved = try await Program.holds(within: .seconds(60)) { try workspace.checkpoints().count == 2 }
      try #require(isSaved)
      // Refused while a checkpoint is being written.
      let isReadOnly = await Program.holds(within: .seconds(10)) { (try? disk.makeReadOnly()) != nil }
      try #require(isReadOnly)
      let end = try await run.end(within: .seconds(60))
      #expect(end.exitCode == 0 && end.errors.contains("Read-only file system"), "\(end.errors)")
      disk.unmount()
      try FileManager.default.removeItem(atPath: workspace.file("run/checkpoints"))
      try await Reference.onOneRank.expectSame(as: workspace)
    }

    private static let canMount: Bool = {
      guard let workspace = try? Workspace() else { return false }
      return (try? MemoryDisk(workspace.file("disk"), kilobytes: 100)) != nil
    }()
  }
}

/// A small file system in memory, unmounted at the end of its life.
private final class MemoryDisk {
  private let path: String

  init(_ path: String, kilobytes: Int) throws {
    self.path = path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Self.run("mount", "-t", "tmpfs", "-o", "size=\(kilobytes)k", "tmpfs", path)
  }

  deinit { unmount() }

  func resize(kilobytes: Int) throws { try Self.run("mount", "-o", "remount,size=\(kilobytes)k", path) }

  func makeReadOnly() throws { try Self.run("mount", "-o", "remount,ro", path) }

  func unmount() { try? Self.run("umount", path) }

  /// Takes all the room that is left.
  func fill() throws {
    let file = open(path + "/filler", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    defer { close(file) }
    for size in [1 << 20, 1 << 16, 1 << 12] {
      let block = [UInt8](repeating: 1, count: size)
      while block.withUnsafeBytes({ write(file, $0.baseAddress, $0.count) }) > 0 {}
    }
  }

  /// Gives it back.
  func empty() throws { try FileManager.default.removeItem(atPath: path + "/filler") }

  private static func run(_ command: String...) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    if process.terminationStatus != 0 { throw CocoaError(.fileWriteUnknown) }
  }
}

extension Workspace {
  /// Warnings in the run's log.
  fileprivate func warnings() throws -> Int {
    guard FileManager.default.fileExists(atPath: file("run/events.jsonl")) else { return 0 }
    return try lines("run/events.jsonl").count { $0.contains("\"event\":\"warning\"") }
  }
}
