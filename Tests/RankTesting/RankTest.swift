// What a test under mpirun is: a name, the rank counts it needs, and a body that every rank runs.

import MPI

/// A test that all ranks run together. It passes if it passes on every rank.
///
///     RankTest("the ranks' sum reaches every rank", ranks: 2...) { world, expect in
///       expect.equal(try world.allreduce(world.rank, .sum), world.size * (world.size - 1) / 2)
///     }
public struct RankTest {
  /// The body: it gets a communicator of all ranks made for this test alone, and what collects expectations.
  public typealias Body = (_ world: Communicator, _ expect: Expectations) throws -> Void

  /// What the test proves.
  public let name: String
  let runs: (_ rankCount: Int) -> Bool
  let body: Body

  /// - Parameters:
  ///   - name: what the test proves.
  ///   - ranks: the rank counts it can run with; it is skipped with others.
  public init(
    _ name: String, ranks: some RangeExpression<Int> = 1..., body: @escaping Body
  ) {
    self.name = name
    self.body = body
    runs = { ranks.contains($0) }
  }
}
