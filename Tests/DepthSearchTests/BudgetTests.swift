// Which depths a budget leaves to a search.

import DepthSearch
import NeuralNetwork
import Testing

@Suite("A budget")
struct BudgetTests {
  static func network(_ family: Architecture.Family = .resnet18) throws -> Architecture {
    try Architecture(family: family, depth: 1, classes: 10, input: ImageShape(height: 28, width: 28, channels: 1))
  }

  static func affordable(
    _ budget: Budget, from initial: Int = 1, latencies: [Double] = []
  ) throws -> AffordableDepths {
    try SearchOptions(policy: .paper, target: 99, initialDepth: initial, budget: budget)
      .affordableDepths(of: network(), latencies: latencies)
  }

  @Test(
    "leaves the depths that are within all its limits",
    arguments: [
      (Budget(), 8), (Budget(megabytes: 1), 2), (Budget(parameters: 380_106), 3), (Budget(parameters: 380_105), 2),
      (Budget(multiplyAdds: 300_000_000), 5), (Budget(megabytes: 20, multiplyAdds: 300_000_000), 5),
      (Budget(megabytes: 1, multiplyAdds: 300_000_000), 2), (Budget(peakActivation: 10), 8),
    ])
  func depths(budget: Budget, deepest: Int) throws {
    let affordable = try Self.affordable(budget)
    #expect(affordable.depths == 1...deepest)
    #expect(affordable.excluded.map(\.depth) == Array(deepest + 1..<9))
    #expect(affordable.description.isEmpty == (deepest == 8))
  }

  @Test("limits latencies as they were measured, a depth by the highest up to there")
  func latencies() throws {
    let affordable = try Self.affordable(
      Budget(latencyMilliseconds: 2), latencies: [1, 1.5, 2.5, 1.9, 3, 4, 5, 6])
    #expect(affordable.depths == 1...2)
    #expect(affordable.excluded.map(\.amount) == [2.5, 2.5, 3, 4, 5, 6])
    #expect(affordable.excluded.allSatisfy { $0.cost == .latencyMilliseconds && $0.limit == 2 })
    #expect(
      try Self.affordable(Budget(latencyMilliseconds: 2), from: 3, latencies: [1, 2, 3, 4, 5, 6]).depths == 3...4)
    #expect(try Self.affordable(Budget(latencyMilliseconds: 2)).depths == 1...8, "nothing is known yet")
  }

  @Test("that no depth is within is refused with the cost and the limit")
  func impossible() throws {
    let excess = ExcludedDepth(depth: 1, cost: .megabytes, amount: 0.301352, limit: 0.1)
    var narrow = try Self.network()
    narrow.width = 0.5
    let error = SearchError.budget(excess, alternatives: [narrow])
    #expect(throws: error) { try Self.affordable(Budget(megabytes: 0.1)) }
    #expect(
      "\(error)" == """
        depth 1 has 0.301 MB of parameters, over search.budget.megabytes: 0.1, and it is the shallowest: raise that limit, \
        or set network.width: 0.5 with network.stemStride: 1
        """)
    #expect(throws: SearchError.self) { try Self.affordable(Budget(megabytes: 1), from: 3) }
    #expect(throws: SearchError.self) { try Self.affordable(Budget(latencyMilliseconds: 1), latencies: [2]) }
  }

  @Test("of activations that no depth meets is met by narrower networks, or behind a strided stem")
  func activations() throws {
    // The first block's two tensors and its shortcut, each of 28·28·64 floats: 0.602 MB at any depth.
    let options = SearchOptions(policy: .paper, target: 99, budget: Budget(peakActivation: 0.4))
    #expect(throws: SearchError.self) { try options.affordableDepths(of: Self.network()) }
    let alternatives = try options.budget.alternatives(to: Self.network())
    #expect(alternatives.map(\.width) == [0.5, 1])
    #expect(alternatives.map(\.stemStride) == [1, 2])
    for alternative in alternatives { #expect(try options.affordableDepths(of: alternative).depths == 1...8) }
  }

  @Test("has no alternatives where no network is small enough, and no stride where it lowers nothing")
  func alternatives() throws {
    #expect(try Budget(parameters: 1000).alternatives(to: Self.network()).isEmpty)
    #expect(try Budget(peakActivation: 0.1).alternatives(to: Self.network()).map(\.width) == [0.5])
    #expect(try Budget(parameters: 50_000).alternatives(to: Self.network()).map(\.stemStride) == [1])
  }

  @Test(
    "every cost that is counted only grows with depth", arguments: Architecture.Family.allCases,
    [(1.0, 1), (0.25, 2), (4, 2)])
  func growth(family: Architecture.Family, variant: (width: Double, stemStride: Int)) throws {
    for classes in [2, 1_000] {
      for size in [7, 28, 32] {
        let networks = try (1...family.maximumDepth).map {
          try Architecture(
            family: family, depth: $0, classes: classes, input: ImageShape(height: size, width: size, channels: 3),
            width: variant.width, stemStride: variant.stemStride)
        }
        for (network, deeper) in zip(networks, networks.dropFirst()) {
          #expect(network.parameterCount < deeper.parameterCount)
          #expect(network.multiplyAdds < deeper.multiplyAdds)
          #expect(network.peakActivationCount <= deeper.peakActivationCount)
        }
      }
    }
  }

  @Test("does not count for the baseline of a fixed depth")
  func baseline() throws {
    let options = SearchOptions(policy: .paper, target: 99, budget: Budget(megabytes: 1)).atFixedDepth(8)
    #expect(try options.affordableDepths(of: Self.network()).depths == 8...8)
  }
}
