// Files from a server on this machine, which cuts connections and serves other files than were asked for.

import Datasets
import Foundation
import Testing

@Suite("Downloads", .enabled(if: Server.isPossible, "there is no python3 or no curl"))
struct DownloadTests {
  /// 300,000 bytes that no packing or repetition of a part looks like, and their SHA-256.
  private static let content: [UInt8] = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 * $0) >> 3 ^ $0) }
  private static let checksum = "dd101ae1a75909d63d3e9da7f871fc64a551915d989755df315815b17db0b7cd"
  private let server: Server
  private let directory: String

  init() throws {
    server = try Server(Self.content)
    directory = "\(server.path)/data/set"
  }

  private func file(in way: String, checksum: String = Self.checksum, size: Int = Self.content.count) -> PublishedFile {
    PublishedFile("images.bin", in: "http://127.0.0.1:\(server.port)/\(way)", size: size, checksum: checksum)
  }

  private func fetch(_ file: PublishedFile, mirror: String? = nil) throws(DownloadError) -> String {
    try Download(to: directory, mirror: mirror) { _ in }.fetch(file)
  }

  private func bytes(_ name: String) -> [UInt8]? {
    FileManager.default.contents(atPath: "\(directory)/\(name)").map(Array.init)
  }

  @Test("a file arrives under its name, once")
  func complete() throws {
    #expect(try fetch(file(in: "whole")) == "\(directory)/images.bin")
    #expect(bytes("images.bin") == Self.content && bytes("images.bin.part") == nil)
    _ = try fetch(file(in: "whole"))
    #expect(server.requests == ["/whole/images.bin "])
  }

  @Test("a transfer that is cut goes on where it broke off")
  func resumes() throws {
    _ = try fetch(file(in: "cut"))
    #expect(bytes("images.bin") == Self.content)
    #expect(server.requests == ["/cut/images.bin ", "/cut/images.bin bytes=150000-"])
  }

  @Test("so does the next command, with what was left beside the file's place, from a mirror too")
  func resumesLater() throws {
    let error = #expect(throws: DownloadError.self) { try fetch(file(in: "broken")) }
    guard case .transfer(_, _, _, _, bytes: 150_000)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(error?.description.contains("150000 are here") == true)
    #expect(bytes("images.bin") == nil && bytes("images.bin.part") == Array(Self.content[..<150_000]))
    _ = try fetch(file(in: "broken"), mirror: "http://127.0.0.1:\(server.port)/whole/")
    #expect(bytes("images.bin") == Self.content && bytes("images.bin.part") == nil)
    #expect(server.requests.last == "/whole/images.bin bytes=150000-")
  }

  @Test("where a server knows no ranges it begins again")
  func noRanges() throws {
    _ = try fetch(file(in: "plain"))
    #expect(bytes("images.bin") == Self.content)
    #expect(server.requests.count == 3)
  }

  @Test("another file than the published one is not kept")
  func wrongChecksum() throws {
    let other = String(Self.checksum.reversed())
    let error = #expect(throws: DownloadError.self) { try fetch(file(in: "whole", checksum: other)) }
    guard case .otherFile(_, _, _, found: "300000 bytes with \(Self.checksum)")? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(bytes("images.bin") == nil && bytes("images.bin.part") == nil)

    // A remainder of something else is not added to.
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(count: 400_000).write(to: URL(fileURLWithPath: "\(directory)/images.bin.part"))
    _ = try fetch(file(in: "whole"))
    #expect(bytes("images.bin") == Self.content)
  }

  @Test("a file that is longer than the published one is not taken")
  func tooLong() {
    #expect(throws: DownloadError.self) { try fetch(file(in: "whole", size: 1_000)) }
    #expect(bytes("images.bin") == nil)
  }

  @Test("what is not there is named with its address and what to do without a network")
  func notFound() throws {
    let error = #expect(throws: DownloadError.self) { try fetch(file(in: "nowhere")) }
    let message = error?.description ?? ""
    #expect(message.contains("http://127.0.0.1:\(server.port)/nowhere/images.bin") && message.contains("404"))
    #expect(message.contains("on a node without a network, get") && message.contains(directory))
    #expect(throws: DownloadError.self) { try fetch(file(in: "whole"), mirror: "file:///nowhere") }
    #expect(throws: DownloadError.self) { try fetch(file(in: "whole"), mirror: "http://127.0.0.1:1") }
    #expect(bytes("images.bin") == nil && bytes("images.bin.part") == nil)
  }

  @Test("files of this machine are fetched by their address, and gone on with")
  func fileAddress() throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data(Self.content[..<1_000]).write(to: URL(fileURLWithPath: "\(directory)/images.bin.part"))
    _ = try fetch(file(in: "whole"), mirror: "file://\(server.path)")
    #expect(bytes("images.bin") == Self.content && server.requests == [])
  }

  @Test("a file of that name that is another one is left alone")
  func occupied() throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try Data([1, 2]).write(to: URL(fileURLWithPath: "\(directory)/images.bin"))
    let file = file(in: "whole")
    #expect(throws: DownloadError.occupied(file, path: "\(directory)/images.bin")) { try fetch(file) }
    #expect(bytes("images.bin") == [1, 2])
  }

  @Test(
    "mirrors are addresses",
    arguments: ["", "example.org/mnist", "ftp://example.org", "file://", "https://a b", "-o/x"])
  func mirrors(address: String) {
    #expect(throws: DownloadError.address(address)) { try Download(to: directory, mirror: address) { _ in } }
  }

  @Test("a data set that is there is not fetched")
  func present() throws {
    let descriptor = DatasetName.mnist.descriptor
    let here = "\(Fixture.root)/mnist"
    #expect(try descriptor.fetch(to: here, mirror: "file:///nowhere") { _ in } == here)
  }

  @Test("every data set says what to fetch", arguments: DatasetName.allCases)
  func published(name: DatasetName) {
    let files = name.descriptor.published
    #expect(!files.isEmpty && Set(files.map(\.name)).count == files.count)
    for file in files {
      #expect(file.checksum.count == 64 && file.checksum.allSatisfy { "0123456789abcdef".contains($0) })
      #expect(file.address().hasPrefix("http") && file.size > 1_000)
    }
    if files.allSatisfy({ $0.archive == nil }) {
      #expect(
        Set(files.map { $0.name.replacing(".gz", with: "") })
          == Set(name.descriptor.files.map { $0.replacing("[.gz]", with: "") }))
    }
  }
}

@Suite("Archives of data sets")
struct DatasetArchiveTests {
  @Test(
    "what they hold is unpacked, and the archive removed",
    .enabled(if: Server.isPossible, "there is no python3 or no curl"))
  func unpacks() throws {
    let folder = try PictureFolder()
    let script = """
      import hashlib, io, pathlib, sys, tarfile, zipfile
      folder, fixtures = map(pathlib.Path, sys.argv[1:])
      with tarfile.open(folder / "set.tar.gz", "w:gz") as archive:
          archive.add(fixtures / "cifar10", "x")
          extra = tarfile.TarInfo("../../outside.txt")
          archive.addfile(extra, io.BytesIO())
      with zipfile.ZipFile(folder / "set.zip", "w", zipfile.ZIP_DEFLATED) as archive:
          for file in sorted((fixtures / "emnist-letters/gzip").iterdir()):
              archive.write(file, f"gzip/{file.name}")
          archive.writestr("gzip/emnist-digits-train-images-idx3-ubyte.gz", b"other")
      for name in "set.tar.gz", "set.zip":
          data = (folder / name).read_bytes()
          print(len(data), hashlib.sha256(data).hexdigest())
      """
    let lines = try Server.python(["-c", script, folder.path, Fixture.root]).split(separator: "\n")
    for (index, (name, archive)) in [("set.tar.gz", PublishedFile.Archive.tar), ("set.zip", .zip)].enumerated() {
      let fields = lines[index].split(separator: " ")
      let file = PublishedFile(
        name, in: "file://\(folder.path)", size: try #require(Int(fields[0])), checksum: String(fields[1]),
        archive: archive)
      var dataset = (index == 0 ? DatasetName.cifar10 : .emnistLetters).descriptor
      dataset.published = [file]
      let target = "\(folder.path)/\(index)"
      #expect(try dataset.fetch(to: target) { _ in } == target)
      let names = try FileManager.default.contentsOfDirectory(atPath: target)
      #expect(names.count == dataset.files.count && !names.contains(name))
      let splits = try DatasetSplits(DatasetOptions(name: dataset.name, directory: target, validation: 1))
      let expected = try DatasetSplits(Fixture.options(dataset.name))
      #expect(splits.train.dataset.pixels == expected.train.dataset.pixels)

      var other = (index == 0 ? DatasetName.cifar100 : .mnist).descriptor
      other.published = [file]
      let error = #expect(throws: DownloadError.self) { try other.fetch(to: "\(target)-other") { _ in } }
      guard case .incomplete? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }
}

/// `Fixtures/server.py`, until nothing refers to it any more.
private final class Server {
  static let isPossible = (try? python(["-c", ""])) != nil && (try? run("curl", ["--version"])) != nil

  /// A directory of its own, with the file that is served as `images.bin`.
  let path: String
  let port: Int
  private let process = Process()

  init(_ content: [UInt8]) throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("odn-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try Data(content).write(to: URL(fileURLWithPath: "\(path)/images.bin"))
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "\(Fixture.root)/server.py", "\(path)/images.bin", "\(path)/log"]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    try process.run()
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)))
  }

  deinit {
    // Its own threads may have blocked gentler signals.
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(atPath: path)
  }

  /// Path and range of each request.
  var requests: [String] {
    ((try? String(contentsOfFile: "\(path)/log", encoding: .utf8)) ?? "").split(separator: "\n").map(String.init)
  }

  /// What a program of Python prints.
  static func python(_ arguments: [String]) throws -> String { try run("python3", arguments) }

  private struct Failure: Error {
    let status: Int32
  }

  private static func run(_ program: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(status: process.terminationStatus) }
    return text
  }
}
