// Gradients are summed over all ranks, whatever the size of the buckets.

import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

/// Buckets of one float (also where less is asked for), of a few, of many, and larger than the arena.
private let bucketMegabytes = [1e-9, 4e-6, 28e-6, 1e-3, 2, 1e6]
private let count = 1_003

func gradientReducerTests() -> [RankTest] {
  [
    RankTest("every gradient becomes the sum of all ranks', in buckets of any size") { world, expect in
      // Sums of small integers are exact in any order.
      let values = (0..<world.size).map { rank in random(rank) { Float($0.integer(below: 2_001) - 1_000) } }
      let sums = (0..<count).map { i in values.reduce(0) { $0 + $1[i] } }
      for megabytes in bucketMegabytes {
        let reduced = try reduce(values[world.rank], world, megabytes)
        expect(reduced == sums, "buckets of \(megabytes) MB: wrong at \(difference(reduced, sums))")
      }
    },
    RankTest("all ranks get the same bits, and the same ones again") { world, expect in
      let values = random(world.rank) { 2 * $0.uniform() - 1 }
      for megabytes in bucketMegabytes {
        let reduced = try reduce(values, world, megabytes)
        let ofRankZero = try world.broadcast(reduced, from: 0)
        expect(
          reduced == ofRankZero, "buckets of \(megabytes) MB: unlike rank 0's at \(difference(reduced, ofRankZero))")
        let again = try reduce(values, world, megabytes)
        expect(reduced == again, "buckets of \(megabytes) MB: another sum at \(difference(reduced, again))")
      }
    },
    RankTest("no gradients are no work") { world, expect in
      expect.equal(try reduce([], world, 2), [])
    },
  ]
}

private func random(_ rank: Int, _ draw: (inout RandomStream) -> Float) -> [Float] {
  var stream = RandomStream(seed: 6, purpose: .test, index: rank)
  return (0..<count).map { _ in draw(&stream) }
}

private func reduce(_ values: [Float], _ communicator: Communicator, _ bucketMegabytes: Double) throws -> [Float] {
  let buffer = AlignedBuffer<Float>(count: values.count)
  return try withExtendedLifetime(buffer) {
    buffer.view.copy(from: values)
    let reducer = GradientReducer(communicator, options: CommunicationOptions(bucketMegabytes: bucketMegabytes))
    try reducer.reduce(buffer.view)
    return buffer.view.array
  }
}

/// Where two arrays differ.
private func difference(_ a: [Float], _ b: [Float]) -> [Int] {
  zip(a, b).enumerated().filter { $0.element.0 != $0.element.1 }.map(\.offset)
}
