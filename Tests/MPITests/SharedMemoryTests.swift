// Memory that the ranks of a host share.

import Foundation
import MPI
import RankTesting

func sharedMemoryTests() -> [RankTest] {
  [
    RankTest("every rank can share bytes, of any number, with all ranks of its host") { world, expect in
      let host = try world.splitSharedMemory()
      for root in 0..<host.size {
        for count in [0, 1, 4_095, 4_096, 4_097, 3_000_000] {
          let shared = try host.share(host.rank == root ? pattern(count, root) : nil, from: root)
          expect(shared == pattern(count, root), "\(count) bytes of rank \(root)")
        }
      }
    },
    RankTest("the ranks of a host hold shared bytes once, can only read them, and leave no file") { world, expect in
      let host = try world.splitSharedMemory()
      let count = 8 << 20
      let shared = try host.share(host.rank == 0 ? pattern(count, 7) : nil, from: 0)
      expect(shared == pattern(count, 7))
      // Now every rank has every page. A page of n ranks counts 1/n in each one's proportional set size.
      try host.barrier()
      let mapping = shared.withUnsafeBytes { Mapping(around: $0.baseAddress) }
      try host.barrier()
      expect.equal(mapping?.permissions, "r--s")
      expect(mapping?.isDeleted == true, "its file has no name")
      let kilobytes = try host.allreduce(mapping?.proportionalKilobytes ?? 0, .sum)
      expect(abs(kilobytes - count / 1024) <= host.size, "the ranks hold \(kilobytes) kB for \(count) bytes")
    },
    RankTest("bytes live as long as any rank holds them") { world, expect in
      let host = try world.splitSharedMemory()
      var shared: Data? = try host.share(host.rank == 0 ? pattern(100_000, 1) : nil, from: 0)
      if host.rank == 0 { shared = nil }
      try host.barrier()
      if host.rank != 0 { expect(shared == pattern(100_000, 1)) }
    },
    RankTest("a host that gives no memory is an error on every rank, and sharing works again") { world, expect in
      let host = try world.splitSharedMemory()
      let bytes = host.rank == 0 ? pattern(1 << 20, 2) : nil
      try withFileSizeLimit(1 << 16) {
        let reason = String(cString: strerror(EFBIG))
        expect.throwing(MPIError.sharedMemory(function: "posix_fallocate", bytes: 1 << 20, reason: reason)) {
          _ = try host.share(bytes, from: 0)
        }
      }
      expect(try host.share(bytes, from: 0) == pattern(1 << 20, 2))
    },
    RankTest("nothing to share is an error on every rank") { world, expect in
      let host = try world.splitSharedMemory()
      expect.throwing(MPIError.missingAtRoot(function: "shm_open", root: 0)) { _ = try host.share(nil, from: 0) }
    },
  ]
}

private func pattern(_ count: Int, _ seed: Int) -> Data {
  Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 12 &+ seed) })
}

/// What the system says of the memory around an address (proc(5), smaps).
private struct Mapping {
  let permissions: String
  let isDeleted: Bool
  let proportionalKilobytes: Int

  init?(around pointer: UnsafeRawPointer?) {
    // Other ways to read a file trust its size, which is 0 here.
    let smaps = try? FileHandle(forReadingAtPath: "/proc/self/smaps")?.readToEnd()
    guard let pointer, let smaps else { return nil }
    let text = String(decoding: smaps, as: UTF8.self)
    let address = UInt(bitPattern: pointer)
    var lines = text.split(separator: "\n")[...]
    while let line = lines.popFirst() {
      let fields = line.split(separator: " ")
      let bounds = fields[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
      guard bounds.count == 2, bounds[0] <= address, address < bounds[1] else { continue }
      permissions = String(fields[1])
      isDeleted = line.hasSuffix("(deleted)")
      let size = lines.first { $0.hasPrefix("Pss:") }?.split(separator: " ")[1]
      proportionalKilobytes = size.flatMap { Int($0) } ?? 0
      return
    }
    return nil
  }
}
