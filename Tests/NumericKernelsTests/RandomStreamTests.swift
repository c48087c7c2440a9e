import NumericKernels
import Testing

@Suite("Counter-based random numbers")
struct RandomStreamTests {
  @Test("the same key gives the same numbers")
  func repeatability() {
    var (first, second) = (RandomStream(seed: 5, purpose: .test), RandomStream(seed: 5, purpose: .test))
    #expect((0..<100).map { _ in first.next() } == (0..<100).map { _ in second.next() })
  }

  @Test("streams with another seed, purpose, epoch or index are different")
  func independence() {
    var streams = [
      RandomStream(seed: 1, purpose: .permutation), RandomStream(seed: 2, purpose: .permutation),
      RandomStream(seed: 1 << 32, purpose: .permutation), RandomStream(seed: 1, purpose: .augmentation),
      RandomStream(seed: 1, purpose: .permutation, epoch: 1), RandomStream(seed: 1, purpose: .permutation, index: 1),
    ]
    let firsts = streams.indices.map { streams[$0].next() }
    #expect(Set(firsts).count == firsts.count)
  }

  @Test("uniform floats lie in [0, 1) with the mean and variance of the uniform distribution")
  func uniform() {
    var stream = RandomStream(seed: 3, purpose: .test)
    let values = (0..<100_000).map { _ in Double(stream.uniform()) }
    let mean = values.reduce(0, +) / 1e5
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 1e5
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    // Five standard errors.
    #expect(abs(mean - 0.5) < 5 * 0.2887 / 316)
    #expect(abs(variance - 1.0 / 12) < 0.002)
  }

  @Test("integers below a bound are all reached about equally often")
  func integers() {
    var stream = RandomStream(seed: 4, purpose: .test)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[stream.integer(below: 7)] += 1 }
    // Five standard deviations of a binomial with p = 1/7.
    #expect(counts.allSatisfy { abs($0 - 10_000) < 5 * 93 })
  }
}
