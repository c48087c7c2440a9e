// Feeds readers with everything that fuzzing has collected: seeds, and inputs that once broke a reader.

import Foundation
import FuzzReaders
import Testing

@Suite("Fuzzing corpus", .serialized)
struct CorpusTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Fuzzing").path

  /// The committed inputs of `reader`, seeds first.
  private static func inputs(of reader: FuzzReader) throws -> [(file: String, bytes: [UInt8])] {
    let manager = FileManager.default
    return try ["corpus/\(reader.name)", "found/\(reader.name)"].flatMap { folder in
      let directory = "\(root)/\(folder)"
      guard manager.fileExists(atPath: directory) else { return [(file: String, bytes: [UInt8])]() }
      return try manager.contentsOfDirectory(atPath: directory).sorted().map { name in
        ("\(folder)/\(name)", Array(try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))))
      }
    }
  }

  @Test(
    "every reader takes every input or says in a bounded message what is wrong, and does not take for ever",
    arguments: FuzzReader.all.map(\.name))
  func everyInput(name: String) throws {
    let reader = try #require(FuzzReader.all.first { $0.name == name })
    for input in try FuzzReader.all.flatMap(Self.inputs) {
      let start = Self.processorSeconds
      let complaint = reader.complaint(input.bytes)
      // On a usual machine none needs a second.
      #expect(Self.processorSeconds - start < 60, "\(input.file)")
      if let complaint {
        #expect(!complaint.isEmpty && complaint.utf8.count < 1_000 + 20 * input.bytes.count, "\(input.file)")
        #expect(FuzzReader.isPrintable(complaint), "\(input.file): \(complaint.debugDescription)")
      }
    }
  }

  @Test("some seeds of every reader are read, and some are refused", arguments: FuzzReader.all.map(\.name))
  func seeds(name: String) throws {
    let reader = try #require(FuzzReader.all.first { $0.name == name })
    let complaints = try Self.inputs(of: reader).map { reader.complaint($0.bytes) }
    #expect(complaints.contains(nil) && complaints.contains { $0 != nil })
  }

  @Test(
    "checkpoints of all kinds are read",
    arguments: ["warm-up", "level", "ended", "levels-apart", "level-by-itself", "epoch-start", "compressed"])
  func checkpoints(seed: String) throws {
    let reader = try #require(FuzzReader.all.first { $0.name == "search" })
    let input = try #require(try Self.inputs(of: reader).first { $0.file == "corpus/search/\(seed)" })
    #expect(reader.complaint(input.bytes) == nil)
  }

  @Test("no input makes a reader take much more memory than it has bytes")
  func memory() throws {
    for reader in FuzzReader.all {
      for input in try Self.inputs(of: reader) { _ = reader.complaint(input.bytes) }
    }
    // The largest resident size of the process so far, other tests included. Inputs that claim gigabytes are in the
    // corpus of every reader whose format has lengths.
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    #expect(usage.ru_maxrss < 1_000_000, "\(usage.ru_maxrss) kB")
  }

  /// Processor time of this thread, which does not count what others take.
  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
