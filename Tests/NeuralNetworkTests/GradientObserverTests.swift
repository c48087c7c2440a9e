// What a backward pass says about its progress is true.

import NeuralNetwork
import Testing

/// Notes what is said to be complete, and what it is then.
private final class Notes: GradientObserver {
  private let gradients: FloatView
  private(set) var counts: [Int] = []
  private(set) var completed: [[UInt32]] = []

  init(_ arena: ParameterArena) { gradients = arena.gradients }

  func gradientsCompleted(_ count: Int) {
    counts.append(count)
    completed.append(gradients.prefix(count).array.map(\.bitPattern))
  }
}

/// Ends a pass.
private final class Objector: GradientObserver {
  struct Objection: Error {}

  func gradientsCompleted(_ count: Int) throws { throw Objection() }
}

@Suite("Whoever follows a backward pass")
struct GradientObserverTests {
  static let cases: [(Architecture.Family, Int, HeadSelection)] = [
    (.resnet18, 1, .deepest), (.resnet18, 4, .all), (.resnet50, 5, .deepest), (.resnet50, 4, .all),
  ]

  @Test(
    "is told after every convolution, and only of gradients that stay as they are", arguments: cases, [true, false])
  func finality(network: (family: Architecture.Family, depth: Int, heads: HeadSelection), isFast: Bool) throws {
    let architecture = try DepthNetworkTests.architecture(network.family, network.depth)
    let batch = Batch(architecture, images: 3)
    let trained = DepthNetwork(
      architecture, heads: network.heads, batchCapacity: 3, kernels: (isFast ? KernelFamily.fast : .reference).kernels()
    )
    trained.weights = .initial(architecture, heads: network.heads, seed: 3)
    let gradients = trained.arena.gradients
    gradients.fill(.nan)
    let notes = Notes(trained.arena)
    try withExtendedLifetime((batch, trained)) {
      try trained.forward(batch.input, images: 3)
      _ = trained.crossEntropy(images: 3, labels: batch.labels, globalImages: 3)
      try trained.backward(batch.input, images: 3, observer: notes)
      let final = gradients.array.map(\.bitPattern)
      for (count, completed) in zip(notes.counts, notes.completed) {
        #expect(completed[...] == final[..<count], "the first \(count) changed after they were complete")
      }
    }
    #expect(notes.counts == notes.counts.sorted())
    #expect(notes.counts.last == gradients.count)
    let classifiers = network.heads == .all ? network.depth : 1
    #expect(notes.counts.count == architecture.convolutions.count + classifiers)
  }

  @Test("ends the pass by an error")
  func error() throws {
    let architecture = try DepthNetworkTests.architecture(.resnet18, 2)
    let network = DepthNetwork(architecture, batchCapacity: 2)
    let batch = Batch(architecture, images: 2)
    try withExtendedLifetime(batch) {
      try network.forward(batch.input, images: 2)
      _ = network.crossEntropy(images: 2, labels: batch.labels, globalImages: 2)
      #expect(throws: Objector.Objection.self) {
        try network.backward(batch.input, images: 2, observer: Objector())
      }
    }
  }

  @Test("sums every parameter and no padding", arguments: Architecture.Family.allCases, [2, 10, 16])
  func runs(family: Architecture.Family, classes: Int) throws {
    for depth in [1, 3, family.maximumDepth] {
      let architecture = try Architecture(
        family: family, depth: depth, classes: classes, input: ImageShape(height: 32, width: 32, channels: 3))
      let runs = NetworkLayout(architecture, heads: .deepest).parameterRuns
      #expect(runs.reduce(0) { $0 + $1.count } == architecture.parameterCount)
      #expect(runs.count == (classes == 16 ? 1 : 2), "only a classifier's bias is followed by padding")
      let all = NetworkLayout(architecture, heads: .all)
      #expect(all.parameterRuns.reduce(0) { $0 + $1.count } == all.parameters.reduce(0) { $0 + $1.range.count })
      #expect(zip(all.parameterRuns, all.parameterRuns.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
    }
  }
}
