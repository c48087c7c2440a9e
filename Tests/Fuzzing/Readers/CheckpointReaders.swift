// The readers of checkpoints: of their form with any sections, and of the state of a search.

import Checkpoints
import DistributedTraining
import Files

extension FuzzReader {
  /// A byte for the form, and a file; or, if the form is 1, the table as a part and then the sections, to which the
  /// beginning, lengths and checksums are added.
  static let checkpoint = FuzzReader(name: "checkpoint") { bytes in
    var input = FuzzInput(bytes)
    var file: [UInt8]
    if input.byte() == 1 {
      file = CheckpointFrame.beginning(table: input.part())
      while !input.isEmpty { file += CheckpointFrame.section(input.part()) }
    } else {
      file = input.rest()
    }
    return complaint { () throws(CheckpointError) in
      var reader = try CheckpointReader(InputFile(file, name: "000001.checkpoint"))
      _ = try reader.bytes("state", atMost: 64)
      _ = try reader.floats("values", count: 2)
      _ = try reader.doubles("sums", count: 1)
      try reader.expectEnd()
    }
  }

  /// The state's JSON as a part; then, for each section behind it, a byte for its name and three with its number of
  /// elements, which are zeros.
  static let search = FuzzReader(name: "search") { bytes in
    var input = FuzzInput(bytes)
    let state = input.part()
    // Nearly all states are refused before the sections behind them matter, which take a hundred times as long.
    if let complaint = complaint(state, []), complaint.contains("section state") { return complaint }
    let names = [
      "warm.parameters", "warm.statistics", "bestOfDepth.parameters", "bestOfDepth.statistics",
      "bestOfAll.parameters", "bestOfAll.statistics", "training.values", "training.momenta", "training.statistics",
      "training.sums", "training.residuals", "training.sumResiduals", "epochStart.values", "epochStart.momenta",
      "epochStart.statistics", "epochStart.sums",
    ]
    var sections: [(name: String, count: Int)] = []
    while !input.isEmpty && sections.count < 12 {
      // The smallest network has 75,000 parameters.
      sections.append((names[Int(input.byte()) % names.count], min(input.integer(3), 100_000)))
    }
    return complaint(state, sections)
  }

  /// What is said to a search's state with sections of zeros.
  private static func complaint(_ state: [UInt8], _ sections: [(name: String, count: Int)]) -> String? {
    var rows = [#"{"name":"state","kind":"bytes","count":\#(state.count)}"#]
    var content = CheckpointFrame.section(state)
    for (name, count) in sections {
      let (kind, size) = name.hasSuffix(".sums") ? ("doubles", 8) : ("floats", 4)
      rows.append(#"{"name":"\#(name)","kind":"\#(kind)","count":\#(count)}"#)
      content += CheckpointFrame.section([UInt8](repeating: 0, count: count * size))
    }
    let file = CheckpointFrame.beginning(table: Array("[\(rows.joined(separator: ","))]".utf8)) + content
    return complaint { () throws(CheckpointError) in
      _ = try SearchCheckpoint(InputFile(file, name: "000001.checkpoint"))
    }
  }

  private static func complaint(_ body: () throws(CheckpointError) -> Void) -> String? {
    do throws(CheckpointError) {
      try body()
      return nil
    } catch {
      return error.description
    }
  }
}

/// The parts of a checkpoint, with checksums that are right.
private enum CheckpointFrame {
  static func beginning(table: [UInt8]) -> [UInt8] {
    let start = Array("odnstate".utf8) + UInt32(1).littleEndianBytes + UInt32(table.count).littleEndianBytes + table
    return section(start)
  }

  static func section(_ content: [UInt8]) -> [UInt8] { content + Packing.crc(content).littleEndianBytes }
}
