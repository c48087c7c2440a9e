// Gradients are summed over all ranks, whatever the size of the buckets, during the backward pass or after it, as they are
// or compressed.

import DistributedTraining
import MPI
import NeuralNetwork
import RankTesting

/// Buckets of a few and of many parameters, and larger than the arena.
private let bucketMegabytes = [2e-3, 28.1e-3, 0.2, 2, 1e6]

/// Every way to sum.
private let ways = CommunicationOptions.Compression.allCases.flatMap { compression in
  [CommunicationOptions.Mode.blocking, .overlapped].map { CommunicationOptions(mode: $0, compression: compression) }
}

func gradientReducerTests() -> [RankTest] {
  sumTests() + overlapTests() + compressionTests()
}

private func sumTests() -> [RankTest] {
  [
    RankTest("every gradient becomes the sum of all ranks', in buckets of any size, in every way") { world, expect in
      let layout = try layout()
      // Sums of small integers are exact in any order, and fit into 8 bits.
      let values = (0..<world.size).map { rank in random(rank, layout) { Float($0.integer(below: 121) - 60) } }
      let sums = values[0].indices.map { i in values.reduce(0) { $0 + $1[i] } }
      for way in ways {
        // The smallest buckets have 64 bytes, also where less is asked for. Each is a message, so once is enough.
        for megabytes in bucketMegabytes + (way.mode == .blocking && way.compression == .none ? [1e-9] : []) {
          var options = way
          options.bucketMegabytes = megabytes
          let reduced = try reduce(values[world.rank], layout, world, options)
          let wrong = layout.parameterRuns.flatMap { $0 }.filter { reduced[$0] != sums[$0] }
          expect(wrong.isEmpty, "\(options): wrong at \(wrong.prefix(10))")
        }
      }
    },
    RankTest("padding between tensors is not sent", ranks: 2...) { world, expect in
      let layout = try layout()
      let padding = Set(0..<layout.parameterFloats).subtracting(layout.parameterRuns.joined()).sorted()
      expect(!padding.isEmpty, "there is none")
      for way in ways {
        let ones = [Float](repeating: 1, count: layout.parameterFloats)
        let reduced = try reduce(ones, layout, world, way)
        expect(padding.allSatisfy { reduced[$0] == 1 }, "\(way)")
      }
    },
    RankTest("all ranks get the same bits, and the same ones again") { world, expect in
      let layout = try layout()
      let values = random(world.rank, layout) { 2 * $0.uniform() - 1 }
      for way in ways {
        for megabytes in bucketMegabytes {
          var options = way
          options.bucketMegabytes = megabytes
          let reduced = try reduce(values, layout, world, options)
          let own = layout.parameterRuns.flatMap { reduced[$0] }
          var first = own
          try world.broadcast(&first, from: 0)
          expect(own == first, "\(options): unlike rank 0's")
          expect(reduced == (try reduce(values, layout, world, options)), "\(options): another sum")
        }
      }
    },
    RankTest("a step hands over 4 bytes for each parameter of the network, 2 with bf16, on one rank none") {
      world, expect in
      for family in Architecture.Family.allCases {
        for depth in [1, 2, family.maximumDepth] {
          let architecture = try Architecture(
            family: family, depth: depth, classes: 10, input: ImageShape(height: 32, width: 32, channels: 3))
          for way in ways {
            let reducer = try GradientReducer(
              world, layout: NetworkLayout(architecture, heads: .deepest), options: way)
            let parameters = world.size > 1 ? architecture.parameterCount : 0
            if way.compression == .none {
              expect.equal(reducer.bytesPerStep, 4 * parameters, "\(family) depth \(depth)")
            } else {
              // Slices of equal length: at most one parameter less per bucket and rank.
              let filling = 2 * world.size * (parameters * 4 / 2_000_000 + 3)
              expect(
                (2 * parameters...2 * parameters + filling).contains(reducer.bytesPerStep),
                "\(family) depth \(depth): \(reducer.bytesPerStep)")
            }
          }
        }
      }
    },
  ]
}

private func overlapTests() -> [RankTest] {
  [
    RankTest("what is complete is summed while the pass goes on", ranks: 2...) { world, expect in
      let layout = try layout()
      for way in ways where way.mode == .overlapped {
        let arena = AlignedBuffer<Float>(count: layout.parameterFloats)
        var options = way
        options.bucketMegabytes = 0.01
        try withExtendedLifetime(arena) {
          arena.view.fill(1)
          let (half, last) = (layout.parameterFloats / 2, layout.parameterFloats - 1)
          let reducer = try GradientReducer(world, layout: layout, options: options)
          reducer.begin(arena.view)
          // Nobody waits: messages are moved only by saying again that the first half is there.
          let isThere = try repeated {
            try reducer.observer?.gradientsCompleted(half)
            return arena.view[0] == Float(world.size)
          }
          expect(isThere, "\(way): no sum came")
          expect.equal(arena.view[last], 1, "what is not complete was sent")
          try reducer.finish()
          expect.equal([arena.view[half], arena.view[last]], [Float(world.size), Float(world.size)])
        }
      }
    },
    RankTest("kernels let sums go on", ranks: 2...) { world, expect in
      let layout = try layout()
      let arena = AlignedBuffer<Float>(count: layout.parameterFloats)
      try withExtendedLifetime(arena) {
        arena.view.fill(1)
        let reducer = try GradientReducer(world, layout: layout, options: CommunicationOptions(mode: .overlapped))
        reducer.begin(arena.view)
        try reducer.gradientsCompleted(layout.parameterFloats)
        let isThere = repeated {
          reducer.background?.advance()
          return arena.view[0] == Float(world.size)
        }
        expect(isThere, "no sum came")
        try reducer.finish()
      }
    },
    RankTest("on one host sums are not overlapped unless that is asked for") { world, expect in
      let layout = try layout()
      for mode in CommunicationOptions.Mode.allCases {
        let reducer = try GradientReducer(world, layout: layout, options: CommunicationOptions(mode: mode))
        let isOverlapped = world.size > 1 && mode == .overlapped
        expect.equal(reducer.isOverlapped, isOverlapped, "\(mode)")
        expect.equal(reducer.observer != nil, isOverlapped, "\(mode)")
        expect.equal(reducer.background != nil, isOverlapped, "\(mode)")
      }
    },
  ]
}

private func compressionTests() -> [RankTest] {
  [
    RankTest("with bf16 sums are the same in both modes, and right to 8 bits", ranks: 2...) { world, expect in
      let layout = try layout()
      let values = (0..<world.size).map { rank in random(rank, layout) { 2 * $0.uniform() - 1 } }
      let modes = [CommunicationOptions.Mode.blocking, .overlapped]
      let sums = try modes.map {
        try reduce(values[world.rank], layout, world, CommunicationOptions(mode: $0, compression: .bf16))
      }
      expect(sums[0] == sums[1], "modes differ")
      for i in layout.parameterRuns.joined() {
        let exact = values.reduce(0) { $0 + Double($1[i]) }
        // Each value and the sum are off by 2⁻⁸ of themselves at most, half of the step behind a power of two.
        let bound = 0x1p-8 * (values.reduce(0) { $0 + Double(abs($1[i])) } + abs(exact)) * 1.01
        if abs(Double(sums[0][i]) - exact) > bound { return expect.fail("\(sums[0][i]), not \(exact)") }
      }
    },
    RankTest("with bf16 what a step rounds away the next ones add", ranks: 2...) { world, expect in
      let layout = NetworkLayout(try SyntheticImages.architecture(depth: 1), heads: .deepest)
      let values = (0..<world.size).map { rank in random(rank, layout) { 2 * $0.uniform() - 1 } }
      let steps = 100
      let total = try sum(of: steps, values[world.rank], layout, world, .bf16)
      for i in layout.parameterRuns.joined() {
        let exact = Double(steps) * values.reduce(0) { $0 + Double($1[i]) }
        // What may be owed is half a step of each rank's value and of the sum, which are below 1 and the number of ranks.
        let bound = Double(world.size) * 0x1p-8 + Double(world.size) * 0x1p-8 + 1e-3
        if abs(total[i] - exact) > bound { return expect.fail("\(total[i]), not \(exact)") }
      }
    },
    RankTest("what is not finite on one rank is finite on none", ranks: 2...) { world, expect in
      let layout = try layout()
      for way in ways {
        for value in [Float.nan, .infinity, -.infinity] {
          for rank in 0..<world.size {
            var values = [Float](repeating: 1, count: layout.parameterFloats)
            let places = [0, layout.parameterFloats / 2, layout.parameterFloats - 1]
            if rank == world.rank { for place in places { values[place] = value } }
            let reduced = try reduce(values, layout, world, way)
            for place in places {
              let isRight = value.isNaN ? reduced[place].isNaN : reduced[place] == value
              expect(isRight, "\(way): \(value) became \(reduced[place])")
            }
            expect.equal(reduced[1], Float(world.size), "\(way)")
          }
        }
      }
    },
  ]
}

/// Some 150,000 parameters, and padding behind the biases of 3 classes.
private func layout() throws -> NetworkLayout {
  NetworkLayout(try SyntheticImages.architecture(depth: 2), heads: .all)
}

private func random(_ rank: Int, _ layout: NetworkLayout, _ draw: (inout RandomStream) -> Float) -> [Float] {
  var stream = RandomStream(seed: 6, purpose: .test, index: rank)
  return (0..<layout.parameterFloats).map { _ in draw(&stream) }
}

/// One step whose gradients are completed bit by bit.
private func reduce(
  _ values: [Float], _ layout: NetworkLayout, _ communicator: Communicator, _ options: CommunicationOptions
) throws -> [Float] {
  let arena = AlignedBuffer<Float>(count: values.count)
  return try withExtendedLifetime(arena) {
    arena.view.copy(from: values)
    try step(GradientReducer(communicator, layout: layout, options: options), arena.view)
    return arena.view.array
  }
}

private func step(_ reducer: GradientReducer, _ gradients: FloatView) throws {
  reducer.begin(gradients)
  for end in stride(from: 0, to: gradients.count, by: max(gradients.count / 7, 1)) {
    try reducer.observer?.gradientsCompleted(end)
  }
  try reducer.finish()
}

/// The sum of the results of several steps with the same gradients.
private func sum(
  of steps: Int, _ values: [Float], _ layout: NetworkLayout, _ communicator: Communicator,
  _ compression: CommunicationOptions.Compression
) throws -> [Double] {
  let arena = AlignedBuffer<Float>(count: values.count)
  let reducer = try GradientReducer(
    communicator, layout: layout, options: CommunicationOptions(bucketMegabytes: 0.05, compression: compression))
  return try withExtendedLifetime(arena) {
    var total = [Double](repeating: 0, count: values.count)
    for _ in 0..<steps {
      arena.view.copy(from: values)
      try step(reducer, arena.view)
      for i in total.indices { total[i] += Double(arena.view[i]) }
    }
    return total
  }
}

/// Repeats `body` until it returns true; the limit keeps a hang from lasting for ever.
private func repeated(_ body: () throws -> Bool) rethrows -> Bool {
  let end = ContinuousClock.now.advanced(by: .seconds(1_200))
  while ContinuousClock.now < end {
    if try body() { return true }
  }
  return false
}
