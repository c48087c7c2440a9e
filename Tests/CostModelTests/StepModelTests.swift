// Steps and searches, against numbers worked out by hand.

import CostModel
import DistributedTraining
import NeuralNetwork
import Testing

@Suite("Steps and searches")
struct StepModelTests {
  /// ResNet-18 at depth 1: a stem of 64·9 + 2·64 = 704 parameters, two convolutions of 36,864 + 128 each, and a classifier
  /// of 650 on 8×8 images of one channel.
  private static func architecture(depth: Int = 1) throws -> Architecture {
    try Architecture(family: .resnet18, depth: depth, classes: 10, input: ImageShape(height: 8, width: 8, channels: 1))
  }

  /// Every convolution takes 1 ms per image in either direction, and nothing else takes anything worth mentioning.
  private static func costs() throws -> KernelCosts {
    let shapes = Set(try architecture(depth: 8).convolutions)
    let convolutions = shapes.flatMap { shape in
      [ConvolutionBenchmark.Pass.forward, .backward].map {
        KernelCosts.Entry(.convolution(shape: shape, pass: $0), [KernelCosts.Sample(size: 1, seconds: 1e-3)])
      }
    }
    let others = [Kernel.activate, .finish, .pooling, .classifier, .update].map {
      KernelCosts.Entry($0, [KernelCosts.Sample(size: 1 << 40, seconds: 1e-9)])
    }
    return try KernelCosts(threads: 1, entries: convolutions + others)
  }

  private static func model(
    _ network: NetworkModel, _ communication: CommunicationOptions,
    training: TrainingOptions = TrainingOptions(batchNorm: .local)
  ) throws -> StepModel {
    StepModel(costs: try costs(), network: network, communication: communication, training: training)
  }

  /// A double's rounding, and what the other kernels take.
  private static func isNear(_ found: Double, _ expected: Double) -> Bool { abs(found - expected) < 1e-9 }

  private static let bytes = 4.0 * 75_338

  @Test("of one rank are its kernels")
  func alone() throws {
    let time = try Self.model(NetworkModel.Known.gigabit1.model, CommunicationOptions())
      .time(Self.architecture(), images: 5, ranks: 1)
    // Three convolutions, two directions, five images.
    #expect(Self.isNear(time.compute, 0.030) && time.communication == 0 && time.exposed == 0)
  }

  @Test("count the rank that has most images, and all sums where none overlaps")
  func blocking() throws {
    let network = NetworkModel(latency: 1e-4, bandwidth: 1e9)
    let time = try Self.model(network, CommunicationOptions(bucketMegabytes: 1, mode: .blocking))
      .time(Self.architecture(), images: 5, ranks: 2)
    #expect(Self.isNear(time.compute, 0.018))
    // The padding behind the classifier's 10 biases divides the gradients into two buckets; the loss is summed too.
    let sums = 2 * 2e-4 + Self.bytes / 1e9 + 2e-4 + 16e-9
    #expect(Self.isNear(time.communication, sums) && Self.isNear(time.exposed, sums))
    #expect(Self.isNear(time.step, 0.018 + sums))
  }

  @Test("hide sums behind the backward pass that is left when their bucket is complete")
  func overlapped() throws {
    // Without latency, and so slow that the second bucket, which ends with the stem, takes 20 ms.
    let rest = Self.bytes - 4 * 650
    let network = NetworkModel(latency: 0, bandwidth: rest / 0.020)
    let whole = try Self.model(network, CommunicationOptions(bucketMegabytes: 1, mode: .overlapped))
      .time(Self.architecture(), images: 4, ranks: 2)
    // Only the classifier's, of 2,600 bytes, travel behind the pass.
    #expect(Self.isNear(whole.exposed, 0.020 + 16 / network.bandwidth))

    // In buckets of a convolution each: the last convolution's 148 kB (9.9 ms) begin 2 ms into a pass of 6 ms, the rest
    // follows without a gap.
    let pieces = try Self.model(network, CommunicationOptions(bucketMegabytes: 0.147968, mode: .overlapped))
      .time(Self.architecture(), images: 4, ranks: 2)
    #expect(Self.isNear(pieces.exposed, 0.020 - 0.004 + 16 / network.bandwidth))
    #expect(Self.isNear(pieces.communication, whole.communication))
  }

  @Test("lose to hidden sums what these take of the processor")
  func interference() throws {
    let network = NetworkModel(latency: 0, bandwidth: (Self.bytes - 4 * 650) / 0.001)
    let exposed = try [0, 0.5].map { share in
      try StepModel(
        costs: Self.costs(), network: network, interference: share,
        communication: CommunicationOptions(bucketMegabytes: 0.147968, mode: .overlapped)
      ).time(Self.architecture(), images: 4, ranks: 2)
    }
    // All but the last of the sums of 1 ms lie behind kernels.
    let hidden = exposed[0].communication - exposed[0].exposed
    #expect(hidden > 0.0009 && Self.isNear(exposed[1].exposed, exposed[0].exposed + hidden / 2))
  }

  @Test("send half with bf16")
  func compressed() throws {
    let network = NetworkModel(latency: 0, bandwidth: 1e9)
    let times = try CommunicationOptions.Compression.allCases.map {
      try Self.model(network, CommunicationOptions(mode: .blocking, compression: $0))
        .time(Self.architecture(), images: 4, ranks: 4)
    }
    #expect(Self.isNear(times[0].exposed - times[1].exposed, 1.5 * Self.bytes / 2 / 1e9))
  }

  @Test("wait twice per convolution for synchronized batch norm")
  func synchronized() throws {
    let network = NetworkModel(latency: 1e-4, bandwidth: 1e12)
    let times = try [1, 2, nil].map {
      try Self.model(
        network, CommunicationOptions(), training: TrainingOptions(batchNorm: .synchronized, batchNormRanks: $0)
      ).time(Self.architecture(), images: 4, ranks: 4).step
    }
    // Three convolutions; two messages between two ranks, four between four.
    #expect(abs(times[1] - times[0] - 3 * 2 * 2e-4) < 1e-7 && abs(times[2] - times[0] - 3 * 2 * 4e-4) < 1e-7)
  }

  @Test("wait as long by default, where a rank's share is too small to be normalized by itself")
  func automatic() throws {
    let network = NetworkModel(latency: 1e-4, bandwidth: 1e12)
    func wait(batch: Int, _ images: Int) throws -> Double {
      let options = TrainingOptions(batchSize: batch)
      return try Self.model(network, CommunicationOptions(), training: options)
        .time(Self.architecture(), images: images, ranks: 4).step
        - Self.model(network, CommunicationOptions()).time(Self.architecture(), images: images, ranks: 4).step
    }
    // 32 images for each rank, for each pair, for all; and a last batch that leaves a rank fewer than 16.
    #expect(try abs(wait(batch: 128, 128)) < 1e-9)
    #expect(try abs(wait(batch: 64, 64) - 3 * 2 * 2e-4) < 1e-7)
    #expect(try abs(wait(batch: 32, 32) - 3 * 2 * 4e-4) < 1e-7)
    #expect(try abs(wait(batch: 128, 63) - 3 * 2 * 4e-4) < 1e-7)
  }

  @Test("need an image for each rank")
  func tooManyRanks() throws {
    let model = try Self.model(NetworkModel.Known.gigabit1.model, CommunicationOptions())
    #expect(throws: CostModelError.tooManyRanks(5, batch: 4)) {
      try model.time(Self.architecture(), images: 4, ranks: 5)
    }
  }

  private static func search(_ network: NetworkModel, trainingImages: Int = 10) throws -> SearchModel {
    let workload = SearchWorkload(
      architecture: try architecture(depth: 2), depths: 1...2, batch: 4, trainingImages: trainingImages,
      validationImages: 8,
      warmUpEpochs: 3, epochsPerDepth: 5)
    return try SearchModel(workload, try model(network, CommunicationOptions()))
  }

  @Test("of a search add up to its epochs")
  func search() throws {
    let search = try Self.search(NetworkModel(latency: 0, bandwidth: 1e15))
    let alone = try search.forecast(ranks: 1)
    // Depth 1: 10 images through 3 convolutions in two directions, 8 through 3 in one; depth 2 has 5 convolutions,
    // and the warm-up no validation.
    #expect(Self.isNear(alone.levels[0].epoch, 0.060 + 0.024) && Self.isNear(alone.levels[1].epoch, 0.100 + 0.040))
    #expect(Self.isNear(alone.warmUp, 3 * 0.100))
    #expect(abs(alone.levels[0].searchUntilHere - (0.300 + 5 * 0.084)) < 1e-7)
    #expect(abs(alone.longestSearch - (0.300 + 5 * 0.084 + 5 * 0.140)) < 1e-7)
    #expect(alone.efficiency == 1 && alone.levels.allSatisfy { $0.efficiency == 1 })

    // Three ranks have two images of four, so that they are as fast as two.
    let (two, three) = (try search.forecast(ranks: 2), try search.forecast(ranks: 3))
    #expect(abs(two.levels[0].efficiency - 1) < 1e-6 && abs(three.levels[0].efficiency - 2 / 3.0) < 1e-6)
    #expect(three.imagesPerRank == 2)
    #expect(search.powersOfTwo(upTo: 4_096) == [1, 2, 4])
    #expect(throws: CostModelError.tooManyRanks(5, batch: 4)) { try search.forecast(ranks: 5) }
  }

  @Test("end where half of the ranks' work is waiting")
  func worthwhile() throws {
    let free = try Self.search(NetworkModel(latency: 0, bandwidth: 1e15))
    #expect(try free.worthwhileRanks() == 4)
    let slow = try Self.search(NetworkModel(latency: 1, bandwidth: 1e15))
    #expect(try slow.worthwhileRanks() == 1)
  }

  @Test("recommend no number of ranks that will not do")
  func sound() throws {
    let free = try Self.search(NetworkModel(latency: 0, bandwidth: 1e15))
    // Of 2 and 3 ranks, both of which leave the fullest one 2 images, the smaller one that will do.
    #expect(try free.worthwhileRanks { $0 <= 2 } == 2)
    #expect(try free.worthwhileRanks { $0 == 3 } == 3)
    #expect(try free.worthwhileRanks { _ in false } == nil)
  }
}
