import NeuralNetwork
import Testing

/// A batch of random images and labels that lives as long as the test needs it.
final class Batch {
  let images: Int
  private let inputBuffer: AlignedBuffer<Float>
  private let labelBuffer: AlignedBuffer<Int32>

  init(_ architecture: Architecture, images: Int, index: Int = 0) {
    self.images = images
    inputBuffer = AlignedBuffer(count: images * architecture.input.count)
    labelBuffer = AlignedBuffer(count: images)
    var random = RandomStream(seed: 11, purpose: .test, index: index)
    for i in 0..<inputBuffer.count { input[i] = 2 * random.uniform() - 1 }
    for i in 0..<images { labels[i] = Int32(random.integer(below: architecture.classes)) }
  }

  var input: FloatView { inputBuffer.view }
  var labels: BufferView<Int32> { labelBuffer.view }
}

/// Another replica, whose every sum is the number of its rows.
private struct OtherReplica: StatisticsReduction {
  func sum(_ values: BufferView<Double>) { for i in 0..<values.count { values[i] += 8 } }
}

/// A world of one that counts how often, and how many, numbers are summed.
private final class CountingReduction: StatisticsReduction {
  var counts: [Int] = []
  func sum(_ values: BufferView<Double>) { counts.append(values.count) }
}

@Suite("The network that is trained")
struct DepthNetworkTests {
  static let input = ImageShape(height: 9, width: 7, channels: 2)

  static func architecture(_ family: Architecture.Family, _ depth: Int) throws -> Architecture {
    try Architecture(family: family, depth: depth, classes: 5, input: input)
  }

  /// Narrow or wide networks behind a strided stem.
  static let variants = [(Architecture.Family.resnet18, 3, 0.5), (.resnet50, 4, 0.25), (.resnet18, 3, 1.5)]

  /// One forward and backward pass; returns the gradients by name.
  static func gradients(_ network: DepthNetwork, _ batch: Batch) throws -> [String: [Float]] {
    try withExtendedLifetime(batch) {
      try network.forward(batch.input, images: batch.images)
      _ = network.crossEntropy(images: batch.images, labels: batch.labels, globalImages: batch.images)
      try network.backward(batch.input, images: batch.images)
    }
    return Dictionary(
      uniqueKeysWithValues: network.arena.layout.parameters.map {
        ($0.name, network.arena.gradients[$0.range].array)
      })
  }

  @Test(
    "analytic gradients equal numeric ones in double precision",
    arguments: [
      (Architecture.Family.resnet18, 1, HeadSelection.deepest), (.resnet18, 3, .all), (.resnet50, 1, .deepest),
    ], [true, false])
  func gradientCheck(network: (Architecture.Family, Int, HeadSelection), fast: Bool) throws {
    let architecture = try Architecture(
      family: network.0, depth: network.1, classes: 3, input: ImageShape(height: 4, width: 3, channels: 2))
    let kernels = (fast ? KernelFamily.fast : .reference).kernels()
    try GradientCheck.run(architecture, heads: network.2, images: 2, seed: 1, kernels: kernels) { row in
      #expect(row.relativeError < GradientCheck.tolerance, "\(row)")
    }
  }

  @Test("gradients are right at other widths and behind a strided stem", arguments: variants, KernelFamily.allCases)
  func variantGradients(variant: (Architecture.Family, Int, Double), kernels: KernelFamily) throws {
    let architecture = try Architecture(
      family: variant.0, depth: variant.1, classes: 3, input: ImageShape(height: 7, width: 6, channels: 3),
      width: variant.2, stemStride: 2)
    // A seed with which no ReLU changes sides between the two ends of a probe, where the loss has a kink.
    try GradientCheck.run(architecture, heads: .all, images: 2, seed: 2, kernels: kernels.kernels()) { row in
      #expect(row.relativeError < GradientCheck.tolerance, "\(row)")
    }
  }

  @Test("one pass with all classifiers gives the sum of one pass per level")
  func jointGradients() throws {
    let depth = 4
    let deepest = try Self.architecture(.resnet18, depth)
    let batch = Batch(deepest, images: 6)
    let joint = DepthNetwork(deepest, heads: .all, batchCapacity: 6)
    joint.weights = .initial(deepest, heads: .all, seed: 3)
    var sums: [String: [Double]] = [:]
    for level in 1...depth {
      let part = DepthNetwork(try Self.architecture(.resnet18, level), batchCapacity: 6)
      var weights = NetworkWeights(part.architecture, heads: .deepest)
      weights.adopt(joint.weights)
      part.weights = weights
      for (name, gradient) in try Self.gradients(part, batch) {
        let before = sums[name] ?? [Double](repeating: 0, count: gradient.count)
        sums[name] = zip(before, gradient).map { $0 + Double($1) }
      }
    }
    let all = try Self.gradients(joint, batch)
    #expect(all.keys.count == sums.keys.count)
    for (name, sum) in sums {
      let gradient = try #require(all[name])
      let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let error = zip(gradient, sum).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }.squareRoot()
      // Rounding of 32-bit sums through at most eight layers.
      #expect(error <= 1e-5 * norm, "\(name): \(error / norm)")
    }
  }

  @Test("running statistics of the joint pass are those of one pass per level")
  func jointStatistics() throws {
    let deepest = try Self.architecture(.resnet18, 2)
    let batch = Batch(deepest, images: 4)
    let joint = DepthNetwork(deepest, heads: .all, batchCapacity: 4)
    joint.weights = .initial(deepest, heads: .all, seed: 3)
    var expected = joint.weights
    for level in 1...2 {
      let part = DepthNetwork(try Self.architecture(.resnet18, level), batchCapacity: 4)
      var weights = NetworkWeights(part.architecture, heads: .deepest)
      weights.adopt(expected)
      part.weights = weights
      _ = try Self.gradients(part, batch)
      expected.adopt(part.weights)
    }
    _ = try Self.gradients(joint, batch)
    for (ours, theirs) in zip(joint.weights.statistics, expected.statistics) {
      #expect(abs(ours - theirs) <= 1e-5 * max(1, abs(theirs)))
    }
  }

  @Test("fast and reference kernels train alike")
  func kernelsAgree() throws {
    let architecture = try Self.architecture(.resnet50, 4)
    let batch = Batch(architecture, images: 3)
    let networks = KernelFamily.allCases.map {
      DepthNetwork(architecture, batchCapacity: 3, kernels: $0.kernels())
    }
    let optimizer = StochasticGradientDescent(learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4)
    for network in networks {
      network.weights = .initial(architecture, heads: .deepest, seed: 5)
      _ = try Self.gradients(network, batch)
      network.update(optimizer)
    }
    let (fast, reference) = (networks[0].weights, networks[1].weights)
    let norm = reference.parameters.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    let error = zip(fast.parameters, reference.parameters).reduce(0) {
      $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1)
    }.squareRoot()
    // One step only: where rounding puts an activation on the other side of a ReLU, the next step starts elsewhere.
    #expect(error <= 1e-4 * norm)
  }

  @Test("training on one batch drives its loss down", arguments: [HeadSelection.deepest, .all])
  func learning(heads: HeadSelection) throws {
    let architecture = try Self.architecture(.resnet18, 2)
    let batch = Batch(architecture, images: 8)
    let network = DepthNetwork(architecture, heads: heads, batchCapacity: 8)
    network.weights = .initial(architecture, heads: heads, seed: 1)
    let optimizer = StochasticGradientDescent(learningRate: 0.05, momentum: 0.9, weightDecay: 0)
    var losses: [Double] = []
    try withExtendedLifetime(batch) {
      for _ in 0..<20 {
        try network.forward(batch.input, images: 8)
        losses.append(network.crossEntropy(images: 8, labels: batch.labels, globalImages: 8).loss)
        try network.backward(batch.input, images: 8)
        network.update(optimizer)
      }
    }
    #expect(losses[19] < 0.2 * losses[0])
  }

  @Test(
    "training with one and with three threads gives the same bits",
    arguments: [(Architecture.Family.resnet18, 3, HeadSelection.all), (.resnet50, 4, .deepest)], [(1.0, 1), (0.75, 2)])
  func threads(network: (Architecture.Family, Int, HeadSelection), variant: (Double, Int)) throws {
    let architecture = try Architecture(
      family: network.0, depth: network.1, classes: 5, input: ImageShape(height: 14, width: 13, channels: 3),
      width: variant.0, stemStride: variant.1)
    let batch = Batch(architecture, images: 10)
    let optimizer = StochasticGradientDescent(learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4)
    let trained = try [1, 3].map { threads in
      let kernels = KernelFamily.fast.kernels(threads: threads)
      let depthNetwork = DepthNetwork(architecture, heads: network.2, batchCapacity: 10, kernels: kernels)
      depthNetwork.weights = .initial(architecture, heads: network.2, seed: 4)
      for _ in 0..<3 {
        _ = try Self.gradients(depthNetwork, batch)
        depthNetwork.update(optimizer)
      }
      return depthNetwork.weights
    }
    #expect(trained[0].parameters.map(\.bitPattern) == trained[1].parameters.map(\.bitPattern))
    #expect(trained[0].statistics.map(\.bitPattern) == trained[1].statistics.map(\.bitPattern))
    #expect(trained[0].parameters.allSatisfy { $0.isFinite })
  }

  @Test("a rank without images has zero gradients and leaves the statistics alone")
  func emptyShare() throws {
    let architecture = try Self.architecture(.resnet18, 3)
    let network = DepthNetwork(architecture, batchCapacity: 2)
    network.weights = .initial(architecture, heads: .deepest, seed: 2)
    let before = network.weights.statistics
    _ = try Self.gradients(network, Batch(architecture, images: 2))
    network.weights.statistics = before
    let gradients = try Self.gradients(network, Batch(architecture, images: 0))
    #expect(gradients.values.allSatisfy { $0.allSatisfy { $0 == 0 } })
    #expect(network.weights.statistics == before)
  }

  @Test("a rank without images has zero gradients where other replicas have some")
  func emptyShareAmongOthers() throws {
    let architecture = try Self.architecture(.resnet50, 4)
    let network = DepthNetwork(architecture, batchCapacity: 2, statisticsReduction: OtherReplica())
    network.weights = .initial(architecture, heads: .deepest, seed: 2)
    _ = try Self.gradients(network, Batch(architecture, images: 2))
    let gradients = try Self.gradients(network, Batch(architecture, images: 0))
    for (name, gradient) in gradients { #expect(gradient.allSatisfy { $0 == 0 }, "\(name)") }
  }

  @Test("batch norm asks for one sum in a forward pass and one in a backward pass, whatever it sums")
  func fusedStatistics() throws {
    let architecture = try Self.architecture(.resnet50, 4)
    let reduction = CountingReduction()
    let network = DepthNetwork(architecture, batchCapacity: 3, statisticsReduction: reduction)
    network.weights = .initial(architecture, heads: .deepest, seed: 2)
    _ = try Self.gradients(network, Batch(architecture, images: 3))
    let channels = architecture.convolutions.map(\.outputChannels)
    let forward = reduction.counts.prefix(channels.count)
    // Sum, sum of squares and the number of rows; then the two sums of the gradient.
    #expect(forward.sorted() == channels.map { 2 * $0 + 1 }.sorted())
    #expect(reduction.counts.dropFirst(channels.count).sorted() == channels.map { 2 * $0 }.sorted())
  }

  @Test("gradients complete in the order of the arena: classifier and last block first, stem last")
  func backwardOrder() throws {
    let names = NetworkLayout(try Self.architecture(.resnet34, 4), heads: .all).parameters.map(\.name)
    #expect(names.first == "heads.4.weight")
    #expect(names.last == "conv1.weight")
    let blocks = names.compactMap { $0.hasPrefix("heads.") ? Int($0.split(separator: ".")[1]) : nil }
    #expect(blocks == [4, 4, 3, 3, 2, 2, 1, 1])
  }

  @Test("a network of depth d has tensors of d blocks and one classifier only")
  func allocation() throws {
    for depth in 1...8 {
      let architecture = try Self.architecture(.resnet18, depth)
      let layout = NetworkLayout(architecture, heads: .deepest)
      #expect(layout.parameterFloats - architecture.parameterCount < 16)
      #expect(layout.parameters.allSatisfy { $0.range.lowerBound % 16 == 0 })
    }
  }

  @Test("knows its size in memory: four blocks of parameters, and all that an image leaves behind on its way")
  func memory() throws {
    let architecture = try Self.architecture(.resnet18, 3)
    func bytes(_ images: Int) -> Int { DepthNetwork(architecture, batchCapacity: images).bytes }
    let parameters = 3 * 4 * architecture.parameterCount
    #expect(bytes(1) > parameters)
    // Outputs of convolutions, blocks and the stem, and at least two gradients as large as the largest.
    let outputs = architecture.convolutions.map(\.outputCount) + architecture.blocks.map(\.output.count)
    let image = 4 * (outputs.reduce(architecture.stem.outputCount, +) + 2 * architecture.stem.outputCount)
    let growth = (bytes(512) - bytes(256)) / 256
    // Beyond these, scratch of a few floats for each image, and the gradients inside of blocks.
    #expect((image..<image * 3 / 2).contains(growth), "\(growth) bytes per image, at least \(image) of them tensors")
  }
}

@Suite("Weights as values")
struct NetworkWeightsTests {
  @Test("initial values are uniform in ±1/√fanIn, and batch norm starts as the identity")
  func initialValues() throws {
    let architecture = try DepthNetworkTests.architecture(.resnet18, 3)
    let weights = NetworkWeights.initial(architecture, heads: .deepest, seed: 9)
    for slice in weights.layout.parameters {
      let values = weights.parameters[slice.range]
      switch slice.role {
      case .normalizationWeight: #expect(values.allSatisfy { $0 == 1 })
      case .normalizationBias: #expect(values.allSatisfy { $0 == 0 })
      case .convolutionWeight, .linearWeight:
        let bound = 1 / Float(slice.shape.dropLast().reduce(1, *)).squareRoot()
        #expect(values.allSatisfy { abs($0) <= bound })
        let variance = values.reduce(0) { $0 + Double($1) * Double($1) } / Double(values.count)
        // The variance of a uniform distribution is bound²/3; five standard errors of its estimate.
        let expected = Double(bound * bound) / 3
        #expect(abs(variance - expected) < 5 * expected * (0.8 / Double(values.count)).squareRoot(), "\(slice.name)")
      case .linearBias: #expect(values.allSatisfy { abs($0) <= 1 / Float(128).squareRoot() && $0 != 0 })
      case .runningMean, .runningVariance: Issue.record("\(slice.name) is not a parameter")
      }
    }
    #expect(weights.statistics.allSatisfy { $0 == 0 || $0 == 1 })
  }

  @Test("a tensor's initial values do not depend on the depth, and do depend on the seed")
  func depthInvariance() throws {
    let shallow = NetworkWeights.initial(try DepthNetworkTests.architecture(.resnet18, 2), heads: .deepest, seed: 1)
    let deep = NetworkWeights.initial(try DepthNetworkTests.architecture(.resnet18, 5), heads: .all, seed: 1)
    #expect(try deep.extracting(depth: 2).parameters == shallow.parameters)
    let other = NetworkWeights.initial(shallow.architecture, heads: .deepest, seed: 2)
    #expect(other.parameters != shallow.parameters)
  }

  @Test("growing keeps the trained prefix and takes the rest from elsewhere")
  func growth() throws {
    let trained = NetworkWeights.initial(try DepthNetworkTests.architecture(.resnet18, 2), heads: .deepest, seed: 1)
    let warm = NetworkWeights.initial(try DepthNetworkTests.architecture(.resnet18, 8), heads: .all, seed: 2)
    var grown = try warm.extracting(depth: 3)
    grown.adopt(trained)
    for slice in grown.layout.parameters {
      let source = trained.layout.slice(slice.name) != nil ? trained : warm
      let range = try #require(source.layout.slice(slice.name)).range
      #expect(grown.parameters[slice.range].elementsEqual(source.parameters[range]))
    }
  }
}
