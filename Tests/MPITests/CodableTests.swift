// Codable values between ranks: any shape, any size, and failures that all ranks see.

import MPI
import RankTesting

private struct Plan: Codable, Equatable {
  var name: String
  var depth: Int?
  var rates: [Double]
  var children: [Plan] = []
}

/// Encodes unless told not to.
private struct Stubborn: Codable {
  struct Refusal: Error {}
  var refuses: Bool
  func encode(to encoder: any Encoder) throws {
    if refuses { throw Refusal() }
    var container = encoder.singleValueContainer()
    try container.encode(refuses)
  }
  init(refuses: Bool) { self.refuses = refuses }
  init(from decoder: any Decoder) throws { refuses = try decoder.singleValueContainer().decode(Bool.self) }
}

/// Encodes, but cannot be read back.
private struct OneWay: Codable {
  struct Refusal: Error {}
  init() {}
  init(from decoder: any Decoder) throws { throw Refusal() }
  func encode(to encoder: any Encoder) throws { try "one way".encode(to: encoder) }
}

func codableTests() -> [RankTest] {
  [
    RankTest("a nested value reaches every rank from every root") { world, expect in
      for root in 0..<world.size {
        let plan = Plan(
          name: "größer\n\"\(root)\"", depth: nil, rates: [0.1, -0.0, .pi, .leastNonzeroMagnitude],
          children: [Plan(name: "", depth: root, rates: [.infinity, -.infinity])])
        expect.equal(try world.broadcast(world.rank == root ? plan : nil, from: root), plan)
      }
    },
    RankTest("a NaN and a lone number pass") { world, expect in
      let isRoot = world.rank == 0
      expect(try world.broadcast(isRoot ? Double.nan : nil, from: 0).isNaN, "NaN")
      expect.equal(try world.broadcast(isRoot ? 7 : nil, from: 0), 7, "a number")
    },
    RankTest("empty and large values pass") { world, expect in
      let isRoot = world.rank == world.size - 1
      let root = world.size - 1
      expect.equal(try world.broadcast(isRoot ? [String]() : nil, from: root), [], "an empty array")
      expect.equal(try world.broadcast(isRoot ? "" : nil, from: root), "", "an empty string")
      let large = (0..<200_000).map { "entry \($0)" }
      expect(try world.broadcast(isRoot ? large : nil, from: root) == large, "200,000 strings")
    },
    RankTest("a long value travels in pieces") { world, expect in
      world.maximumCountPerCall = 10
      let words = (0..<100).map { "word \($0)" }
      expect.equal(try world.broadcast(world.rank == 0 ? words : nil, from: 0), words)
    },
    RankTest("gatherCodable keeps rank order and gives the root alone the values") { world, expect in
      func plan(_ rank: Int) -> Plan { Plan(name: String(repeating: "x", count: rank), depth: rank, rates: []) }
      for root in 0..<world.size {
        let gathered = try world.gatherCodable(plan(world.rank), to: root)
        expect.equal(gathered, world.rank == root ? (0..<world.size).map(plan) : nil)
      }
    },
    RankTest("a root without a value is an error on every rank, and no rank waits") { world, expect in
      expect.throwing(MPIError.missingAtRoot(function: "MPI_Bcast", root: 0)) {
        let _: Plan = try world.broadcast(nil, from: 0)
      }
      try world.barrier()
    },
    RankTest("a value that cannot be encoded is an error on every rank") { world, expect in
      let last = world.size - 1
      let broadcast = expect.throwing(MPIError.self) {
        _ = try world.broadcast(Stubborn(refuses: true), from: last)
      }
      let gather = expect.throwing(MPIError.self) {
        _ = try world.gatherCodable(Stubborn(refuses: world.rank == last), to: 0)
      }
      if world.rank == last {
        guard case .coding("MPI_Bcast", "Stubborn", _, last)? = broadcast else {
          return expect.fail("threw \(String(describing: broadcast))")
        }
      } else {
        expect.equal(broadcast, .missingAtRoot(function: "MPI_Bcast", root: last))
      }
      guard case .coding("MPI_Gatherv", "Stubborn", _, last)? = gather else {
        return expect.fail("threw \(String(describing: gather))")
      }
      try world.barrier()
    },
    RankTest("a value that cannot be decoded names the type and the rank", ranks: 2...) { world, expect in
      var error: MPIError?
      do { _ = try world.broadcast(world.rank == 0 ? OneWay() : nil, from: 0) } catch let thrown as MPIError {
        error = thrown
      }
      if world.rank == 0 { return expect.equal(error, nil) }
      guard case .coding("MPI_Bcast", "OneWay", _, world.rank)? = error else {
        return expect.fail("threw \(String(describing: error))")
      }
    },
  ]
}
