// Every image once per epoch, whoever works on it.

import Datasets
import Testing

@Suite("Permutations and shards")
struct ShardingTests {
  @Test("a permutation holds every number once, and depends on seed and epoch alone")
  func permutation() {
    let first = EpochPermutation(count: 1_000, seed: 7, epoch: 3)
    #expect(first.order.sorted() == Array(0..<1_000))
    #expect(first.order == EpochPermutation(count: 1_000, seed: 7, epoch: 3).order)
    #expect(first.order != EpochPermutation(count: 1_000, seed: 7, epoch: 4).order)
    #expect(first.order != EpochPermutation(count: 1_000, seed: 8, epoch: 3).order)
    #expect(EpochPermutation(count: 0, seed: 0, epoch: 0).order.isEmpty)
    #expect(EpochPermutation(count: 1, seed: 0, epoch: 0).order == [0])
  }

  @Test("all orders of four are about equally frequent")
  func uniform() {
    var counts: [[Int]: Int] = [:]
    for epoch in 0..<24_000 { counts[EpochPermutation(count: 4, seed: 1, epoch: epoch).order, default: 0] += 1 }
    #expect(counts.count == 24)
    // 1,000 expected with a standard deviation of 31: five of them.
    #expect(counts.values.allSatisfy { abs($0 - 1_000) < 155 })
  }

  @Test("over 1 to 7 ranks the shares put together are the same global batches", arguments: 1...7)
  func shares(ranks: Int) {
    let permutation = EpochPermutation(count: 103, seed: 5, epoch: 2)
    for batchSize in [1, 4, 10, 103, 200] {
      let shards = (0..<ranks).map { ShardedBatches(permutation, batchSize: batchSize, rank: $0, ranks: ranks) }
      let division = BatchDivision(images: 103, batchSize: batchSize)
      #expect(shards.allSatisfy { $0.count == division.count })
      var seen: [Int] = []
      for batch in shards[0].indices {
        let shares = shards.map { $0[batch] }
        let joined = shares.flatMap { Array($0.indices) }
        #expect(shares.allSatisfy { $0.globalCount == joined.count })
        let sizes = shares.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        seen += joined
      }
      #expect(seen == permutation.order)
    }
  }

  @Test("a rest of fewer than 16 images joins the batch before it, and every image has its place once")
  func division() {
    func sizes(_ images: Int, _ batchSize: Int) -> [Int] {
      let division = BatchDivision(images: images, batchSize: batchSize)
      let batches = (0..<division.count).map { division[$0] }
      #expect(batches.flatMap(Array.init) == Array(0..<images))
      #expect(division.largest == batches.map(\.count).max() ?? 0 && division.last == batches.last?.count ?? 0)
      #expect((0...division.count).map(division.images) == [0] + batches.map(\.upperBound))
      return batches.map(\.count)
    }
    #expect(sizes(64, 32) == [32, 32])
    #expect(sizes(79, 32) == [32, 47], "15 join")
    #expect(sizes(80, 32) == [32, 32, 16], "16 do not")
    #expect(sizes(39, 2).suffix(2) == [2, 3] && sizes(39, 2).count == 19)
    #expect(sizes(17, 16) == [17], "the only batch")
    #expect(sizes(9, 32) == [9] && sizes(15, 4) == [4, 4, 7], "sets of fewer than 16 images")
    #expect(sizes(3, 1) == [1, 1, 1] && sizes(1, 1) == [1] && sizes(0, 8) == [])
    for images in 1...200 {
      for batchSize in 1...70 {
        let all = sizes(images, batchSize)
        #expect(all.dropLast().allSatisfy { $0 == batchSize })
        #expect(all.count == 1 || all[all.count - 1] >= min(batchSize, 16))
      }
    }
  }

  @Test("with more ranks than images some shares are empty, and none is lost")
  func emptyShares() {
    let permutation = EpochPermutation(count: 3, seed: 0, epoch: 0)
    let shares = (0..<7).map { ShardedBatches(permutation, batchSize: 128, rank: $0, ranks: 7)[0] }
    #expect(shares.flatMap { Array($0.indices) } == permutation.order)
    #expect(shares.filter { $0.count == 0 }.count == 4)
    #expect(shares.allSatisfy { $0.globalCount == 3 })
  }

  @Test("evaluation reads every image once over 1 to 7 ranks, in batches of at most the given size", arguments: 1...7)
  func evaluation(ranks: Int) {
    for count in [0, 3, 103] {
      let batches = (0..<ranks).map { EvaluationBatches(count: count, batchSize: 10, rank: $0, ranks: ranks) }
      #expect(batches.flatMap { $0.flatMap { Array($0) } } == Array(0..<count))
      #expect(batches.allSatisfy { $0.allSatisfy { (1...10).contains($0.count) } })
    }
  }
}
