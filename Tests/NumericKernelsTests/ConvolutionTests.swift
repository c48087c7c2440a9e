// The fast convolutions against plain loops that sum in double precision.

import NumericKernels
import Testing

@Suite("Fast convolutions agree with the double-accumulating reference")
struct ConvolutionTests {
  typealias Kernel = ConvolutionCase.Kernel

  @Test("fewer images never need more workspace, whatever the threads", arguments: [1, 2, 3, 4])
  func workspace(threads: Int) {
    let kernels = KernelFamily.fast.kernels(threads: threads)
    for (size, channels) in [(16, 128), (8, 256), (4, 512), (2, 1_024), (2, 2_048), (4, 2_048)] {
      for stride in [1, 2] {
        let shape = ConvolutionShape(
          height: size, width: size, inputChannels: channels, outputChannels: channels, kernel: 3, stride: stride,
          padding: 1)
        let floats = (1...64).map { kernels.convolutionWorkspace(shape, images: $0) }
        #expect(floats == floats.sorted(), "\(shape)")
      }
    }
  }

  static let winograd = [
    ConvolutionCase(1, 1, 64, 64, .three), ConvolutionCase(4, 4, 128, 64, .three),
    ConvolutionCase(7, 7, 48, 80, .three), ConvolutionCase(14, 14, 32, 48, .three),
    ConvolutionCase(5, 9, 80, 16, .three), ConvolutionCase(32, 32, 16, 32, .three, images: 1),
    ConvolutionCase(8, 8, 16, 16, .three, images: 3), ConvolutionCase(4, 4, 64, 128, .three, images: 1),
    ConvolutionCase(5, 5, 32, 32, .three), ConvolutionCase(9, 7, 96, 48, .three, images: 1),
    ConvolutionCase(6, 6, 48, 96, .three, images: 1),
  ]
  static let stridedWinograd = [
    ConvolutionCase(8, 8, 64, 128, .threeStrided), ConvolutionCase(7, 7, 128, 64, .threeStrided),
    ConvolutionCase(5, 9, 64, 48, .threeStrided), ConvolutionCase(32, 32, 64, 16, .threeStrided, images: 1),
    ConvolutionCase(1, 1, 64, 64, .threeStrided), ConvolutionCase(2, 3, 128, 16, .threeStrided, images: 3),
    ConvolutionCase(14, 13, 64, 32, .threeStrided, images: 1),
  ]
  static let patches = [
    ConvolutionCase(14, 14, 16, 32, .threeStrided), ConvolutionCase(7, 7, 48, 64, .threeStrided),
    ConvolutionCase(8, 5, 48, 16, .threeStrided), ConvolutionCase(9, 6, 16, 32, .one),
    ConvolutionCase(7, 8, 32, 64, .threeStrided), ConvolutionCase(5, 6, 96, 192, .threeStrided, images: 1),
    ConvolutionCase(6, 5, 96, 192, .oneStrided, images: 1), ConvolutionCase(5, 5, 48, 96, .oneStrided),
    ConvolutionCase(9, 6, 16, 32, .oneStrided), ConvolutionCase(7, 7, 64, 128, .oneStrided),
    ConvolutionCase(4, 4, 128, 64, .one), ConvolutionCase(5, 5, 48, 80, .one, images: 1),
    ConvolutionCase(6, 6, 32, 16, Kernel(size: 3, stride: 1, padding: 0)),
    ConvolutionCase(6, 5, 16, 32, Kernel(size: 2, stride: 2, padding: 0)),
    ConvolutionCase(5, 5, 16, 16, Kernel(size: 3, stride: 1, padding: 4)),
    ConvolutionCase(6, 7, 16, 48, Kernel(size: 5, stride: 1, padding: 2)),
    ConvolutionCase(5, 4, 16, 16, Kernel(size: 2, stride: 2, padding: 1)),
    ConvolutionCase(4, 6, 16, 16, Kernel(size: 1, stride: 1, padding: 1)),
    ConvolutionCase(5, 6, 32, 16, Kernel(size: 3, stride: 3, padding: 3)),
  ]
  static let stems = [
    ConvolutionCase(28, 28, 1, 64, .three), ConvolutionCase(11, 13, 3, 64, .three, images: 3),
    ConvolutionCase(28, 28, 1, 64, .threeStrided), ConvolutionCase(11, 13, 3, 48, .threeStrided, images: 3),
    ConvolutionCase(8, 9, 1, 96, .threeStrided), ConvolutionCase(1, 2, 3, 16, .threeStrided),
    ConvolutionCase(9, 8, 1, 32, .three),
    ConvolutionCase(1, 1, 3, 16, .three), ConvolutionCase(12, 10, 3, 16, Kernel(size: 5, stride: 1, padding: 2)),
    ConvolutionCase(12, 10, 3, 32, Kernel(size: 7, stride: 3, padding: 3)),
    ConvolutionCase(5, 5, 2, 16, Kernel(size: 3, stride: 1, padding: 4)),
    ConvolutionCase(6, 6, 2, 48, Kernel(size: 2, stride: 2, padding: 0)), ConvolutionCase(6, 6, 17, 16, .one),
  ]
  /// More tiles than a second-level cache has room for at once, also than the backward pass holds.
  static let large = [
    ConvolutionCase(8, 8, 64, 64, .three, images: 64), ConvolutionCase(32, 32, 64, 64, .three, images: 3),
    ConvolutionCase(1, 1, 256, 256, .three, images: 300), ConvolutionCase(3, 3, 64, 64, .threeStrided, images: 130),
    ConvolutionCase(1, 1, 128, 256, .threeStrided, images: 300),
    ConvolutionCase(6, 6, 48, 32, .threeStrided, images: 99),
    ConvolutionCase(7, 7, 64, 128, .one, images: 40), ConvolutionCase(16, 16, 3, 64, .three, images: 24),
    ConvolutionCase(8, 8, 16, 16, .three, images: 64), ConvolutionCase(8, 8, 96, 96, .three, images: 24),
    ConvolutionCase(16, 16, 3, 32, .threeStrided, images: 64),
  ]

  @Test(
    "every call, with either engine and any number of threads", arguments: winograd + stridedWinograd + patches + stems)
  func everyCall(convolution: ConvolutionCase) {
    let calls = ConvolutionCalls(convolution)
    let reference = calls.allResults(KernelFamily.reference.kernels())
    for setting in Setting.all { expectAgreement(calls.allResults(setting.kernels), reference, "\(setting)") }
  }

  @Test("batches that need several chunks and blocks of tiles", arguments: large)
  func largeBatches(convolution: ConvolutionCase) {
    let calls = ConvolutionCalls(convolution)
    let reference = calls.fullestResults(KernelFamily.reference.kernels())
    for setting in Setting.all { expectAgreement(calls.fullestResults(setting.kernels), reference, "\(setting)") }
  }

  @Test(
    "a batch of no images has zero sums and zero weight gradients",
    arguments: [
      ConvolutionCase(7, 7, 64, 64, .three, images: 0), ConvolutionCase(7, 7, 64, 64, .threeStrided, images: 0),
      ConvolutionCase(7, 7, 64, 64, .one, images: 0), ConvolutionCase(7, 7, 3, 64, .three, images: 0),
      ConvolutionCase(7, 7, 48, 96, .threeStrided, images: 0), ConvolutionCase(7, 7, 3, 16, .threeStrided, images: 0),
    ], KernelFamily.allCases)
  func noImages(convolution: ConvolutionCase, family: KernelFamily) {
    for threads in [1, 3] {
      for result in ConvolutionCalls(convolution).allResults(family.kernels(threads: threads)) {
        #expect(result.values.allSatisfy { $0 == 0 }, "\(result.name), \(threads) threads")
      }
    }
  }
}
