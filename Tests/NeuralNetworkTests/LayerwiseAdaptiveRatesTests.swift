// LARS against its definition in double precision.

import NeuralNetwork
import Testing

@Suite("Layer-wise adaptive rates")
struct LayerwiseAdaptiveRatesTests {
  static let optimizer = LayerwiseAdaptiveRates(
    learningRate: 2, momentum: 0.9, weightDecay: 1e-3, trustCoefficient: 0.002)

  private static func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  /// A tensor's values and momenta behind a step, as the paper has it.
  private static func step(
    _ w: [Double], _ g: [Double], _ m: [Double], isWeight: Bool
  ) -> (values: [Double], momenta: [Double]) {
    let (weightNorm, gradientNorm) = (norm(w), norm(g))
    let decay = isWeight ? optimizer.weightDecay : 0
    let factor =
      isWeight && weightNorm > 0 && gradientNorm > 0
      ? optimizer.trustCoefficient * weightNorm / (gradientNorm + decay * weightNorm) : 1
    let momenta = w.indices.map { optimizer.momentum * m[$0] + factor * (g[$0] + decay * w[$0]) }
    return (w.indices.map { w[$0] - optimizer.learningRate * momenta[$0] }, momenta)
  }

  @Test("steps are those of the definition, for every tensor", arguments: KernelFamily.allCases, [1, 3])
  func definition(family: KernelFamily, threads: Int) throws {
    let architecture = try DepthNetworkTests.architecture(.resnet18, 3)
    let batch = Batch(architecture, images: 4)
    let network = DepthNetwork(
      architecture, heads: .all, batchCapacity: 4, kernels: family.kernels(threads: threads))
    network.weights = .initial(architecture, heads: .all, seed: 3)
    let arena = network.arena
    for _ in 0..<3 {
      _ = try DepthNetworkTests.gradients(network, batch)
      // A tensor of zeros, and one that has no gradient.
      arena.values[arena.layout.parameters[0].range].fill(0)
      for slice in arena.layout.parameters.suffix(1) { arena.gradients[slice.range].fill(0) }
      let before = [arena.values, arena.gradients, arena.momenta].map { $0.array.map(Double.init) }
      network.update(Self.optimizer)
      for slice in arena.layout.parameters {
        let range = slice.range
        let expected = Self.step(
          Array(before[0][range]), Array(before[1][range]), Array(before[2][range]),
          isWeight: slice.role == .convolutionWeight || slice.role == .linearWeight)
        for (found, exact) in [
          (arena.values[range].array, expected.values), (arena.momenta[range].array, expected.momenta),
        ] {
          let error = Self.norm(zip(found, exact).map { Double($0) - $1 })
          // A few roundings of 32-bit floats.
          #expect(error <= 1e-6 * Self.norm(exact) + 1e-12, "\(slice.name)")
        }
      }
    }
  }

  @Test("any number of threads gives the same bits")
  func threads() throws {
    let architecture = try DepthNetworkTests.architecture(.resnet50, 4)
    let batch = Batch(architecture, images: 4)
    let digests = try [1, 2, 5].map { threads in
      let network = DepthNetwork(
        architecture, batchCapacity: 4, kernels: KernelFamily.fast.kernels(threads: threads))
      network.weights = .initial(architecture, heads: .deepest, seed: 3)
      for _ in 0..<2 {
        _ = try DepthNetworkTests.gradients(network, batch)
        network.update(Self.optimizer)
      }
      return network.arena.digest
    }
    #expect(Set(digests).count == 1)
  }

  @Test("a step changes every weight tensor by a like share, however large its gradient")
  func shares() throws {
    let architecture = try DepthNetworkTests.architecture(.resnet18, 4)
    let network = DepthNetwork(architecture, batchCapacity: 4)
    network.weights = .initial(architecture, heads: .deepest, seed: 3)
    let batch = Batch(architecture, images: 4)
    _ = try DepthNetworkTests.gradients(network, batch)
    let before = network.weights.parameters
    var optimizer = Self.optimizer
    optimizer.weightDecay = 0
    network.update(optimizer)
    for slice in network.arena.layout.parameters
    where slice.role == .convolutionWeight || slice.role == .linearWeight {
      let old = before[slice.range].map(Double.init)
      let change = zip(network.arena.values[slice.range].array, old).map { Double($0) - $1 }
      // Rounding to 32 bits of values that change by a few thousandths.
      #expect(abs(Self.norm(change) / Self.norm(old) - 0.004) < 1e-5, "\(slice.name)")
    }
  }

  @Test("training on one batch drives its loss down")
  func learning() throws {
    let architecture = try DepthNetworkTests.architecture(.resnet18, 2)
    let batch = Batch(architecture, images: 8)
    let network = DepthNetwork(architecture, batchCapacity: 8)
    network.weights = .initial(architecture, heads: .deepest, seed: 1)
    let optimizer = LayerwiseAdaptiveRates(
      learningRate: 1, momentum: 0.9, weightDecay: 0, trustCoefficient: 0.01)
    var losses: [Double] = []
    try withExtendedLifetime(batch) {
      for _ in 0..<30 {
        try network.forward(batch.input, images: 8)
        losses.append(network.crossEntropy(images: 8, labels: batch.labels, globalImages: 8).loss)
        try network.backward(batch.input, images: 8)
        network.update(optimizer)
      }
    }
    #expect(losses[29] < 0.2 * losses[0], "\(losses)")
  }
}
