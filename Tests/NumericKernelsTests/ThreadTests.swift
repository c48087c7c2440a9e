// The promises that threads change no bit, and that they end.

import Foundation
import NumericKernels
import Testing

@Suite("With the engine simd, any number of threads gives the same bits")
struct ThreadTests {
  private func expectSameBits(_ body: (any Kernels, Memory) -> [Result]) {
    func results(threads: Int) -> [Result] {
      let memory = Memory()
      defer { memory.expectIntact() }
      return body(KernelFamily.fast.kernels(threads: threads, engine: .simd), memory)
    }
    let alone = results(threads: 1)
    for threads in [2, 3, 4, 7] { expectIdentity(results(threads: threads), alone, "\(threads) threads") }
  }

  @Test(
    "convolutions of several chunks and blocks",
    arguments: ConvolutionTests.large + [
      ConvolutionCase(4, 4, 256, 256, .three, images: 300), ConvolutionCase(7, 7, 128, 256, .threeStrided, images: 70),
      ConvolutionCase(14, 14, 80, 48, .three, images: 20), ConvolutionCase(9, 9, 256, 64, .one, images: 30),
      ConvolutionCase(8, 8, 64, 128, .oneStrided, images: 70),
    ])
  func largeConvolutions(convolution: ConvolutionCase) {
    expectSameBits { kernels, _ in ConvolutionCalls(convolution).fullestResults(kernels) }
  }

  @Test(
    "every call of a convolution",
    arguments: [
      ConvolutionCase(9, 10, 32, 64, .three, images: 11), ConvolutionCase(9, 10, 64, 32, .threeStrided, images: 11),
      ConvolutionCase(9, 10, 64, 32, .one, images: 11), ConvolutionCase(9, 10, 3, 64, .three, images: 11),
    ])
  func everyCall(convolution: ConvolutionCase) {
    expectSameBits { kernels, _ in ConvolutionCalls(convolution).allResults(kernels) }
  }

  @Test("batch normalization", arguments: NormalizationTests.sizes)
  func normalization(size: Rows) {
    expectSameBits { NormalizationCalls.activate(size, $0, $1) + NormalizationCalls.finish(size, $0, $1) }
  }

  @Test("updates and norms", arguments: UpdateTests.counts)
  func update(count: Int) {
    expectSameBits { UpdateCalls.momentumStep(count, factor: 0.03, $0, $1) + UpdateCalls.squaredNorm(count, $0, $1) }
  }
}

@Suite("Threads live as long as their kernels")
struct ThreadLifetimeTests {
  @Test("kernels end their threads, those let go of unused too")
  func end() throws {
    for round in 0..<100 {
      let kernels = KernelFamily.fast.kernels(threads: 4)
      if round % 2 == 0 { _ = NormalizationCalls.activate(Rows(1000, 64), kernels, Memory()) }
    }
    // Of the three hundred started here none is left; other tests may have a few.
    #expect(try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count < 150)
  }
}
