// Pooling, the classifier and its loss against the reference.

import NumericKernels
import Testing

@Suite("Fast classifiers agree with the reference")
struct HeadTests {
  @Test(
    "pooling and the linear layer",
    arguments: [(1, 1, 16, 2), (3, 49, 64, 10), (5, 16, 512, 26), (2, 9, 32, 3), (7, 4, 48, 10), (4, 9, 96, 5)])
  func head(images: Int, pixels: Int, channels: Int, classes: Int) {
    expectAgreement { kernels, memory in
      pooling(kernels, memory, images, pixels, channels) + linear(kernels, memory, images, channels, classes)
    }
  }

  private func pooling(
    _ kernels: any Kernels, _ memory: Memory, _ images: Int, _ pixels: Int, _ channels: Int
  ) -> [Result] {
    let input = memory.random(images * pixels * channels, 1)
    let pooled: FloatView = memory.allocate(images * channels)
    kernels.averagePool(images: images, pixels: pixels, channels: channels, input: input, output: pooled)
    let gradients = [false, true].map { accumulate in
      let target: FloatView = accumulate ? memory.copy(input) : memory.allocate(input.count)
      kernels.averagePoolGradient(
        images: images, pixels: pixels, channels: channels, outputGradient: memory.random(pooled.count, 2),
        inputGradient: target, accumulate: accumulate)
      return Result("pooling gradient\(accumulate ? ", accumulated" : "")", target)
    }
    return [Result("pooling", pooled)] + gradients
  }

  private func linear(
    _ kernels: any Kernels, _ memory: Memory, _ images: Int, _ channels: Int, _ classes: Int
  ) -> [Result] {
    let (input, weights) = (memory.random(images * channels, 3), memory.random(channels * classes, 4))
    let output: FloatView = memory.allocate(images * classes)
    kernels.linear(
      images: images, inputs: channels, outputs: classes, input: input, weights: weights,
      bias: memory.random(classes, 5), output: output)
    let inputGradient: FloatView = memory.allocate(input.count)
    let (weightGradient, biasGradient): (FloatView, FloatView) = (
      memory.allocate(weights.count), memory.allocate(classes)
    )
    kernels.linearGradient(
      images: images, inputs: channels, outputs: classes, input: input, weights: weights,
      outputGradient: memory.random(output.count, 6), inputGradient: inputGradient, weightGradient: weightGradient,
      biasGradient: biasGradient)
    return [
      Result("linear", output), Result("linear: input gradient", inputGradient),
      Result("linear: weight gradient", weightGradient), Result("linear: bias gradient", biasGradient),
    ]
  }

  @Test("a linear layer without images has zero gradients", arguments: KernelFamily.allCases)
  func noImages(family: KernelFamily) {
    let memory = Memory()
    defer { memory.expectIntact() }
    let empty: FloatView = memory.allocate(0)
    let (weightGradient, biasGradient): (FloatView, FloatView) = (memory.allocate(160), memory.allocate(10))
    family.kernels().linearGradient(
      images: 0, inputs: 16, outputs: 10, input: empty, weights: memory.random(160, 1), outputGradient: empty,
      inputGradient: empty, weightGradient: weightGradient, biasGradient: biasGradient)
    #expect((weightGradient.array + biasGradient.array).allSatisfy { $0 == 0 })
  }

  @Test("softmax cross-entropy, also for huge logits and ties", arguments: [1, 10, 10_000] as [Float])
  func crossEntropy(scale: Float) {
    let (images, classes) = (9, 10)
    let labels = AlignedBuffer<Int32>(count: images)
    for i in 0..<images { labels.view[i] = Int32(i % classes) }
    var results: [CrossEntropy] = []
    withExtendedLifetime(labels) {
      expectAgreement(settings: [Setting(engine: .simd, threads: 1)]) { kernels, memory in
        let logits = memory.random(images * classes, 1)
        for i in 0..<logits.count { logits[i] *= scale }
        for c in 0..<classes { logits[c] = 3 }
        let gradient: FloatView = memory.allocate(images * classes)
        results.append(
          kernels.softmaxCrossEntropy(
            images: images, classes: classes, logits: logits, labels: labels.view, gradientScale: 0.25,
            gradient: gradient))
        return [Result("cross-entropy: gradient", gradient)]
      }
    }
    #expect(results[0].correct == results[1].correct)
    #expect(abs(results[0].loss - results[1].loss) <= 1e-5 * abs(results[0].loss))
  }
}
