// Keeps ranks together: a step that may fail on some of them, and the check that all hold the same weights.

import MPI
import NeuralNetwork

extension Communicator {
  /// Runs `body` on every rank, and fails on every rank if it fails on any. Collective.
  ///
  /// - Parameter isUsage: whether an error is the user's mistake.
  /// - Throws: `TrainingError.rankFailed` with the error of the first rank that failed.
  public func agree<Value>(isUsage: (any Error) -> Bool, _ body: () throws -> Value) throws -> Value {
    let outcome = Result { try body() }
    var failure: Failure?
    if case .failure(let error) = outcome { failure = Failure(reason: "\(error)", isUsage: isUsage(error)) }
    let failed = try allgather(failure == nil ? 0 : 1)
    guard let first = failed.firstIndex(of: 1) else { return try outcome.get() }
    let reported = try broadcast(failure, from: first)
    throw TrainingError.rankFailed(rank: first, reason: reported.reason, isUsage: reported.isUsage)
  }

  /// Checks that all ranks hold the same parameters and running statistics, bit for bit. Collective.
  /// - Throws: `TrainingError.ranksDisagree` on every rank.
  func verifyEqualWeights(_ arena: ParameterArena) throws { try verifyEqual(arena.digest) }

  /// Checks that all ranks hold the same parameters, bit for bit. Collective.
  /// - Throws: `TrainingError.ranksDisagree` on every rank.
  func verifyEqualParameters(_ arena: ParameterArena) throws { try verifyEqual(arena.parameterDigest) }

  /// What most ranks have is right; where two values are as frequent, the one of the lower rank.
  private func verifyEqual(_ digest: UInt64) throws {
    let digests = try allgather(digest)
    func frequency(_ digest: UInt64) -> Int { digests.count { $0 == digest } }
    let usual = digests.reduce(digests[0]) { frequency($1) > frequency($0) ? $1 : $0 }
    let different = digests.indices.filter { digests[$0] != usual }
    if !different.isEmpty { throw TrainingError.ranksDisagree(ranks: different) }
  }
}

private struct Failure: Codable {
  let reason: String
  let isUsage: Bool
}
