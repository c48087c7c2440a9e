// The kernels that the model counts, against those that a network calls.

import CostModel
import NeuralNetwork
import Testing

@Suite("The kernels of a step")
struct TrainingStepTests {
  struct Case: Sendable {
    let family: Architecture.Family
    let depth: Int
    let heads: HeadSelection
    var width = 1.0
    var stemStride = 1
  }

  @Test(
    "are those that a network calls, of the same sizes, and complete the same gradients in the same order",
    arguments: [
      Case(family: .resnet18, depth: 1, heads: .deepest), Case(family: .resnet18, depth: 5, heads: .all),
      Case(family: .resnet34, depth: 5, heads: .deepest), Case(family: .resnet50, depth: 5, heads: .deepest),
      Case(family: .resnet50, depth: 4, heads: .all),
      Case(family: .resnet18, depth: 5, heads: .all, width: 0.5, stemStride: 2),
    ])
  func calls(_ example: Case) throws {
    let images = 3
    let architecture = try Architecture(
      family: example.family, depth: example.depth, classes: 7, input: ImageShape(height: 9, width: 8, channels: 3),
      width: example.width, stemStride: example.stemStride)
    let profile = KernelProfile()
    let network = DepthNetwork(
      architecture, heads: example.heads, batchCapacity: images, kernels: KernelFamily.fast.kernels(profile: profile))
    network.weights = .initial(architecture, heads: example.heads, seed: 1)
    let input = AlignedBuffer<Float>(count: images * architecture.input.count)
    let labels = AlignedBuffer<Int32>(count: images)
    let observer = Observer()
    try withExtendedLifetime((input, labels)) {
      try network.forward(input.view, images: images)
      _ = network.crossEntropy(images: images, labels: labels.view, globalImages: images)
      try network.backward(input.view, images: images, observer: observer)
      network.update(StochasticGradientDescent(learningRate: 0, momentum: 0, weightDecay: 0))
    }
    let step = TrainingStep(architecture, heads: example.heads, images: images)
    let called = Dictionary(uniqueKeysWithValues: profile.entries.map { ($0.call, $0.calls) })
    #expect(Dictionary(step.calls.map { ($0, 1) }, uniquingKeysWith: +) == called)
    let completed = step.backward.map(\.completed)
    #expect(completed.allSatisfy(observer.completed.contains) && completed == completed.sorted())
    #expect(completed.last == network.arena.gradients.count)
  }

  private final class Observer: GradientObserver {
    var completed: [Int] = []
    func gradientsCompleted(_ count: Int) { completed.append(count) }
  }
}
