// The memory that a search needs, and the memory that there is.

import Datasets
import DistributedTraining
import Foundation
import MPI
import NeuralNetwork
import RankTesting

func memoryTests() -> [RankTest] {
  [
    RankTest("what a training needs is known before it takes any memory") { world, expect in
      let data = SyntheticImages.splits(train: 45)
      for (heads, compression) in [(HeadSelection.all, CommunicationOptions.Compression.none), (.deepest, .bf16)] {
        let training = TrainingOptions(batchSize: 18, threads: 1)
        let communication = CommunicationOptions(compression: compression)
        let network = try SyntheticImages.architecture(depth: 3)
        let trainer = try DataParallelTrainer(
          network, heads: heads, data: data, communicator: world, options: training, communication: communication)
        let most = try world.allreduce(trainer.bytes, .max)
        let expected = MemoryDemand.training(
          network, heads: heads, trainImages: data.train.count, training: training, communication: communication,
          ranks: world.size, threads: 1)
        expect(abs(expected - most) <= most / 50, "\(heads), \(compression): \(expected), needs \(most)")
      }
    },
    RankTest("ranks that their host has no room for are refused on all, and warned of where others use it") {
      world, expect in
      let layout = try RunLayout(world, threads: 1)
      func check(_ perRank: Int) throws -> [String] {
        try MemoryDemand.check(world.rank == 0 ? MemoryDemand(perRank: perRank, perHost: 1) : nil, on: layout, world)
      }
      expect.equal(try check(1 << 10), [])
      let refusal = expect.throwing(TrainingError.self) { _ = try check(1 << 50) }
      expect(refusal.map { $0.isUsage && "\($0)".contains("start fewer ranks on the host") } ?? false, "\(world.rank)")
      let demand = MemoryDemand(perRank: 1_000_000_000, perHost: 500_000_000)
      func verdict(total: Int, available: Int) throws -> String? {
        try demand.check("a", ranks: 3, HostMemory(total: total, available: available))
      }
      let need = demand.onHost(ranks: 3)
      expect.equal(need, 3 * demand.perRank + 500_000_000)
      expect.equal(try verdict(total: need, available: need), nil)
      expect(try verdict(total: need, available: need - 1)?.contains("GB are free") ?? false)
      let shortage = expect.throwing(TrainingError.self) { _ = try verdict(total: need - 1, available: 0) }
      let start = "a: 3 ranks need 3.7 GB of memory, 1.1 GB each and 0.5 GB together; "
      expect(shortage.map { "\($0)".hasPrefix(start) } ?? false, "\(String(describing: shortage))")
      expect.equal(demand.ranks(on: HostMemory(total: need, available: 0)), 3)
      expect.equal(demand.ranks(on: HostMemory(total: need - 1, available: need)), 2)
      expect.equal(demand.ranks(on: HostMemory(total: 1, available: 1)), 0)
    },
    RankTest("the memory of a process is the host's, or what the groups around it allow", ranks: 1...1) { _, expect in
      let files = try GroupFiles([
        "job/memory.max": "8000000\n", "job/memory.current": "5000000\n",
        "job/memory.stat": "anon 10\ninactive_file 1000000\n", "job/step/memory.max": "max\n",
        "free/memory.max": "max\n", "broken/memory.max": "-5 x\n", "memory/pod/memory.limit_in_bytes": "3000000\n",
        "memory/pod/memory.usage_in_bytes": "4000000\n", "memory/memory.limit_in_bytes": "9223372036854771712\n",
      ])
      let information = "MemTotal:       10000 kB\nMemFree: 1 kB\nMemAvailable:    6000 kB\n"
      let all = HostMemory(total: 10_240_000, available: 6_144_000)
      let memories = [
        "0::/job/step\n": HostMemory(total: 8_000_000, available: 4_000_000), "0::/free\n": all, "0::/broken\n": all,
        "0::/missing\n": all, "": all, "4:cpu:/job\n2:memory:/pod\n": HostMemory(total: 3_000_000, available: 0),
      ]
      for (listing, memory) in memories {
        expect.equal(HostMemory(information: information, files.groups(listing)), memory, "\(listing)")
      }
      for nothing in ["", "MemTotal: x kB", "MemTotal: 0 kB"] {
        expect.equal(HostMemory(information: nothing, files.groups("")), nil)
      }
      expect(HostMemory.ofProcess.map { $0.available <= $0.total } ?? false)
    },
  ]
}

/// A made-up tree of control groups, removed at the end.
final class GroupFiles {
  private let root = FileManager.default.temporaryDirectory.appendingPathComponent("groups-\(UUID())")

  init(_ files: [String: String]) throws {
    for (path, text) in files {
      let file = root.appendingPathComponent(path)
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
  }

  deinit { try? FileManager.default.removeItem(at: root) }

  /// The groups of a process that `/proc/self/cgroup` would list so.
  func groups(_ listing: String) -> ControlGroups { ControlGroups(listing: listing, mountedAt: root.path) }
}
