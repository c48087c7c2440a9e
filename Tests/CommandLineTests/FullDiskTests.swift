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
      let hold = Hold(afterSteps: 30, in: workspace)
      let run = try Program(Resumption.search, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      run.send(SIGUSR1)
      let end = try await run.end()
      #expect(end.exitCode == 75)
      #expect(end.errors.contains("No space left on device"), "\(end.errors)")
      #expect(end.errors.contains("the checkpoint before is intact: run/checkpoints/0"), "\(end.errors)")
      #expect(try workspace.names(in: "run/checkpoints").count == 1, "and nothing that is not whole")

      try disk.resize(kilobytes: 30_000)
      let rest = try await Program.run(Resumption.search, in: workspace)
      #expect(rest.exitCode == 0 && rest.errorsBesideLoad == "", "\(rest.errors)")
      disk.unmount()
      try FileManager.default.removeItem(atPath: workspace.file("run/checkpoints"))
      try await Reference.onOneRank.expectSame(as: workspace)
    }

    @Test("that is full for a while loses nothing", .enabled(if: canMount, needsRoot))
    func fullForAWhile() async throws {
      let (workspace, disk, run) = try await fillUp(afterSteps: 30)
      let isNoticed = try await run.reaches { try run.errors.contains("its lines are kept until there is room") }
      try #require(isNoticed)
      try disk.empty()
      try await expectWhole(workspace, run)
    }

    @Test("that is full to the very end is waited for there, and loses nothing", .enabled(if: canMount, needsRoot))
    func fullAtTheEnd() async throws {
      let (workspace, disk, run) = try await fillUp(afterSteps: 30)
      try await expectToWait(run)
      #expect(try !workspace.names(in: "run").contains { ["odn.safetensors", "summary.json"].contains($0) })
      try disk.empty()
      try await expectWhole(workspace, run)
    }

    @Test(
      "that becomes full only at the end is waited for, by all ranks", .enabled(if: canMount, needsRoot),
      arguments: [nil, 2])
    func becomesFullAtTheEnd(ranks: Int?) async throws {
      let workspace = try Workspace.withLearningSearch()
      let disk = try MemoryDisk(workspace.file("run"), kilobytes: 8_000)
      let hold = Hold(at: "writing the result", in: workspace)
      let run = try Program(Resumption.search, ranks: ranks, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      try disk.fill()
      try hold.release()
      try await expectToWait(run)
      try disk.empty()
      try await expectWhole(workspace, run, ranks: ranks)
    }

    @Test(
      "that is full at the end may be left for later: the run stops at a signal, and is continued",
      .enabled(if: canMount, needsRoot), arguments: [nil, 2])
    func stoppedAtTheEnd(ranks: Int?) async throws {
      let workspace = try Workspace.withLearningSearch()
      let disk = try MemoryDisk(workspace.file("run"), kilobytes: 8_000)
      let hold = Hold(at: "writing the result", in: workspace)
      let run = try Program(Resumption.search, ranks: ranks, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      try disk.fill()
      try hold.release()
      try await expectToWait(run)
      run.send(SIGUSR1)
      let end = try await run.end()
      #expect(end.exitCode == 75 && end.errors.contains("odn: stopped as told; run/checkpoints/"), "\(end.errors)")
      try disk.empty()
      let rest = try await Program.run(Resumption.search, ranks: ranks, in: workspace)
      #expect(rest.exitCode == 0, "\(rest.errors)")
      try await Reference.on(ranks).expectSame(as: workspace)
    }

    /// A search whose disk becomes full in the middle of an epoch.
    private func fillUp(afterSteps steps: Int) async throws -> (Workspace, MemoryDisk, Program) {
      let workspace = try Workspace.withLearningSearch()
      let disk = try MemoryDisk(workspace.file("run"), kilobytes: 8_000)
      let hold = Hold(afterSteps: steps, in: workspace)
      let run = try Program(Resumption.search, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      try disk.fill()
      try hold.release()
      return (workspace, disk, run)
    }

    private func expectToWait(_ run: Program) async throws {
      let waits = try await run.reaches { try run.waitsForRoom }
      let errors = try run.errors
      try #require(waits && run.isRunning && errors.contains("No space left on device"), "\(errors)")
    }

    /// Checks that the run comes to the end of one whose disk was never full, in what it leaves for TensorBoard too.
    private func expectWhole(_ workspace: Workspace, _ run: Program, ranks: Int? = nil) async throws {
      let end = try await run.end()
      #expect(end.exitCode == 0, "\(end.errors)")
      try await Reference.on(ranks).expectSame(as: workspace)
      let search = try workspace.values(of: "search")
      #expect(search.steps("search/depth") == Array(1...6) && search.steps("result/test accuracy") == [6])
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
      let hold = Hold(afterSteps: 30, in: workspace)
      let run = try Program(Resumption.search, in: workspace, variables: hold.variables)
      try await hold.reached(by: run)
      try disk.makeReadOnly()
      try hold.release()
      let end = try await run.end()
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

extension Program {
  /// Whether it has said that it waits for room at its end.
  fileprivate var waitsForRoom: Bool {
    get throws { try errors.contains("the run waits until there is room, and loses nothing") }
  }
}
