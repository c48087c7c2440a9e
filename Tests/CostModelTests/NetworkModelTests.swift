// The cost of messages and sums, against numbers worked out by hand.

import CostModel
import Testing

@Suite("The network model")
struct NetworkModelTests {
  /// 10 µs and 1 GB/s: 1 ms per MB.
  private static let network = NetworkModel(latency: 10e-6, bandwidth: 1e9)

  struct Case: Sendable {
    let ranks: Int
    let algorithm: NetworkModel.Algorithm
    let microseconds: Double
  }

  @Test(
    "counts the messages and bytes of an allreduce of 1 MB",
    arguments: [
      Case(ranks: 1, algorithm: .halving, microseconds: 0),
      // 2 messages, 2·½·1 MB.
      Case(ranks: 2, algorithm: .halving, microseconds: 20 + 1_000),
      // 4 messages, 2·¾·1 MB.
      Case(ranks: 4, algorithm: .halving, microseconds: 40 + 1_500),
      // As many messages as for 8 ranks, 2·4/5·1 MB.
      Case(ranks: 5, algorithm: .halving, microseconds: 60 + 1_600),
      Case(ranks: 5, algorithm: .pairwise, microseconds: 80 + 1_600),
      Case(ranks: 1_024, algorithm: .halving, microseconds: 200 + 2_000 * 1_023 / 1_024),
    ])
  func allreduce(_ allreduce: Case) {
    let seconds = Self.network.allreduce(bytes: 1_000_000, ranks: allreduce.ranks, allreduce.algorithm)
    // Some roundings of a double.
    #expect(abs(1e6 * seconds - allreduce.microseconds) <= 1e-9 * allreduce.microseconds)
  }

  @Test("is found again from its own times", arguments: [2, 3, 8])
  func fit(ranks: Int) throws {
    let samples = [4, 1_024, 65_536, 1 << 20].map {
      NetworkModel.Sample(bytes: $0, seconds: Self.network.allreduce(bytes: $0, ranks: ranks))
    }
    let found = try NetworkModel(fitting: samples, ranks: ranks)
    // The solution of a system of two equations loses some of a double's 16 digits.
    #expect(abs(found.latency / Self.network.latency - 1) < 1e-9)
    #expect(abs(found.bandwidth / Self.network.bandwidth - 1) < 1e-9)
  }

  @Test("has no negative latency")
  func negative() throws {
    let samples = [
      NetworkModel.Sample(bytes: 1_000, seconds: 1e-9), NetworkModel.Sample(bytes: 1_000_000, seconds: 1e-3),
    ]
    #expect(try NetworkModel(fitting: samples, ranks: 2).latency == 0)
  }

  @Test("is not made from what tells nothing about it")
  func unfit() {
    let (small, large) = (
      NetworkModel.Sample(bytes: 4, seconds: 1e-3), NetworkModel.Sample(bytes: 1_000_000, seconds: 1e-6)
    )
    #expect(throws: CostModelError.self) { try NetworkModel(fitting: [small, large], ranks: 1) }
    #expect(throws: CostModelError.self) { try NetworkModel(fitting: [small, small], ranks: 2) }
    #expect(throws: CostModelError.self) { try NetworkModel(fitting: [small, large], ranks: 2) }
    #expect(throws: CostModelError.self) {
      try NetworkModel(fitting: [small, NetworkModel.Sample(bytes: 8, seconds: 0)], ranks: 2)
    }
  }

  @Test("knows networks that are faster one than the other")
  func known() {
    let ethernets: [NetworkModel.Known] = [.gigabit1, .gigabit10, .gigabit25, .gigabit100]
    for (slow, fast) in zip(ethernets, ethernets.dropFirst()) {
      #expect(slow.model.latency > fast.model.latency && slow.model.bandwidth < fast.model.bandwidth)
    }
  }
}
