import NumericKernels
import Testing

/// Every fast kernel against the reference with the same signature. Tolerances are relative to the norm of the
/// reference: sums of n products in 32-bit floats err by about √n · 6·10⁻⁸, which is below 10⁻⁵ for every shape here.
@Suite("Fast kernels agree with the double-accumulating reference")
struct KernelParityTests {
  let fast = KernelFamily.fast.kernels
  let reference = KernelFamily.reference.kernels
  let memory = Memory()

  static let shapes: [ConvolutionShape] = [
    shape(8, 8, 16, 16, kernel: 3, stride: 1, padding: 1),
    shape(7, 5, 16, 32, kernel: 3, stride: 1, padding: 1),
    shape(14, 14, 32, 16, kernel: 3, stride: 2, padding: 1),
    shape(7, 7, 16, 48, kernel: 3, stride: 2, padding: 1),
    shape(9, 6, 16, 32, kernel: 1, stride: 1, padding: 0),
    shape(9, 6, 16, 32, kernel: 1, stride: 2, padding: 0),
    shape(28, 28, 1, 64, kernel: 3, stride: 1, padding: 1),
    shape(11, 13, 3, 64, kernel: 3, stride: 1, padding: 1),
    shape(12, 10, 3, 5, kernel: 5, stride: 1, padding: 2),
    shape(12, 10, 3, 7, kernel: 7, stride: 3, padding: 3),
    shape(6, 6, 2, 3, kernel: 3, stride: 1, padding: 0),
    shape(6, 6, 2, 3, kernel: 2, stride: 2, padding: 0),
    shape(5, 5, 2, 3, kernel: 3, stride: 1, padding: 4),
    shape(4, 4, 128, 64, kernel: 3, stride: 1, padding: 1),
    shape(1, 1, 64, 64, kernel: 3, stride: 1, padding: 1),
  ]

  static func shape(
    _ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int, padding: Int
  ) -> ConvolutionShape {
    ConvolutionShape(
      height: height, width: width, inputChannels: inputs, outputChannels: outputs, kernel: kernel, stride: stride,
      padding: padding)
  }

  @Test("convolution, forward and both adjoints", arguments: shapes, [1, 3])
  func convolution(shape: ConvolutionShape, images: Int) {
    let (x, w) = (random(images * shape.inputCount, 1), random(shape.weightCount, 2))
    let dy = random(images * shape.outputCount, 3)
    expectAgreement(Float.self) { kernels, result in
      kernels.convolution(
        shape, images: images, input: x, weights: w, output: result.view(dy.count),
        workspace: workspace(kernels, shape))
    }
    for accumulate in [false, true] {
      expectAgreement(Float.self) { kernels, result in
        let dx = result.view(x.count)
        dx.copy(from: x)
        kernels.convolutionInputGradient(
          shape, images: images, outputGradient: dy, weights: w, inputGradient: dx, accumulate: accumulate,
          workspace: workspace(kernels, shape))
      }
    }
    expectAgreement(Float.self) { kernels, result in
      kernels.convolutionWeightGradient(
        shape, images: images, input: x, outputGradient: dy, weightGradient: result.view(w.count),
        workspace: workspace(kernels, shape))
    }
  }

  @Test(
    "batches that need several chunks, of patches or of Winograd's tiles",
    arguments: [
      (shape(20, 20, 64, 16, kernel: 3, stride: 2, padding: 1), 4),
      (shape(14, 14, 16, 32, kernel: 3, stride: 1, padding: 1), 13),
      (shape(4, 4, 64, 128, kernel: 3, stride: 1, padding: 1), 70),
    ])
  func chunks(shape: ConvolutionShape, images: Int) { convolution(shape: shape, images: images) }

  @Test("a batch of no images gives zero weight gradients", arguments: shapes)
  func noImages(shape: ConvolutionShape) {
    let gradient = random(shape.weightCount, 1)
    let empty: FloatView = memory.allocate(0)
    fast.convolutionWeightGradient(
      shape, images: 0, input: empty, outputGradient: empty, weightGradient: gradient,
      workspace: workspace(fast, shape))
    #expect(gradient.array.allSatisfy { $0 == 0 })
  }

  @Test("batch-norm sums and passes", arguments: [(1, 16), (7, 64), (1000, 64), (515, 128), (33, 512)])
  func normalization(rows: Int, channels: Int) {
    let (x, dz, z) = (random(rows * channels, 1), random(rows * channels, 2), random(rows * channels, 3))
    let (a, b, c) = (random(channels, 4), random(channels, 5), random(channels, 6))
    for output in [nil, z] {
      expectAgreement(Double.self) { kernels, result in
        kernels.gradientSums(
          rows: rows, channels: channels, outputGradient: dz, output: output, input: x,
          sums: result.view(2 * channels))
      }
      for copies in [false, true] {
        expectAgreement(Float.self) { kernels, result in
          let both = result.view(2 * rows * channels)
          kernels.normalizationInputGradient(
            rows: rows, channels: channels, outputGradient: dz, output: output, input: x, scale: a,
            slope: b, shift: c, inputGradient: both.prefix(rows * channels),
            maskedGradient: copies ? both[rows * channels..<2 * rows * channels] : nil)
        }
      }
      for relu in [false, true] {
        expectAgreement(Float.self) { kernels, result in
          kernels.scaleAndShift(
            rows: rows, channels: channels, input: x, scale: a, shift: b, residual: output, relu: relu,
            output: result.view(rows * channels))
        }
      }
    }
    expectAgreement(Double.self) { kernels, result in
      kernels.channelSums(rows: rows, channels: channels, input: x, sums: result.view(2 * channels))
    }
  }

  @Test("pooling and the linear layer", arguments: [(1, 1, 16, 2), (3, 49, 64, 10), (5, 16, 512, 26)])
  func head(images: Int, pixels: Int, channels: Int, classes: Int) {
    let (x, dp) = (random(images * pixels * channels, 1), random(images * channels, 2))
    let (w, b, dy) = (random(channels * classes, 3), random(classes, 4), random(images * classes, 5))
    expectAgreement(Float.self) { kernels, result in
      kernels.averagePool(
        images: images, pixels: pixels, channels: channels, input: x, output: result.view(dp.count))
    }
    for accumulate in [false, true] {
      expectAgreement(Float.self) { kernels, result in
        let dx = result.view(x.count)
        dx.copy(from: x)
        kernels.averagePoolGradient(
          images: images, pixels: pixels, channels: channels, outputGradient: dp, inputGradient: dx,
          accumulate: accumulate)
      }
    }
    expectAgreement(Float.self) { kernels, result in
      kernels.linear(
        images: images, inputs: channels, outputs: classes, input: dp, weights: w, bias: b,
        output: result.view(dy.count))
    }
    expectAgreement(Float.self) { kernels, result in
      let all = result.view(dp.count + w.count + classes)
      kernels.linearGradient(
        images: images, inputs: channels, outputs: classes, input: dp, weights: w, outputGradient: dy,
        inputGradient: all.prefix(dp.count), weightGradient: all[dp.count..<dp.count + w.count],
        biasGradient: all[dp.count + w.count..<all.count])
    }
  }

  @Test("softmax cross-entropy, also for huge logits and ties", arguments: [1, 10, 10_000] as [Float])
  func crossEntropy(scale: Float) {
    let (images, classes) = (9, 10)
    let logits = random(images * classes, 1)
    for i in 0..<logits.count { logits[i] *= scale }
    for c in 0..<classes { logits[c] = 3 }
    let labels: BufferView<Int32> = memory.allocate(images)
    for i in 0..<images { labels[i] = Int32(i % classes) }
    var results: [CrossEntropy] = []
    expectAgreement(Float.self) { kernels, result in
      results.append(
        kernels.softmaxCrossEntropy(
          images: images, classes: classes, logits: logits, labels: labels, gradientScale: 0.25,
          gradient: result.view(images * classes)))
    }
    #expect(results[0].correct == results[1].correct)
    #expect(abs(results[0].loss - results[1].loss) <= 1e-5 * abs(results[1].loss))
  }

  @Test("the momentum step and addition")
  func update() {
    let (w, g, m) = (random(1003, 1), random(1003, 2), random(1003, 3))
    expectAgreement(Float.self) { kernels, result in
      let all = result.view(2 * 1003)
      let (values, momenta) = (all.prefix(1003), all[1003..<2006])
      values.copy(from: w)
      momenta.copy(from: m)
      kernels.momentumStep(
        values: values, gradients: g, momenta: momenta, learningRate: 0.1, momentum: 0.9, weightDecay: 5e-4)
      kernels.add(g, to: values)
    }
  }

  // MARK: Helpers

  /// Runs `body` with both kernels on results of their own and compares what they wrote.
  private func expectAgreement<Element: BinaryFloatingPoint & BitwiseCopyable>(
    _ type: Element.Type, _ body: (any Kernels, Result<Element>) -> Void,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let (ours, theirs) = (Result<Element>(), Result<Element>())
    body(fast, ours)
    body(reference, theirs)
    var difference = 0.0
    var norm = 0.0
    for (a, b) in zip(ours.values.array, theirs.values.array) {
      difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
      norm += Double(b) * Double(b)
    }
    #expect(ours.values.count == theirs.values.count && norm > 0, sourceLocation: sourceLocation)
    #expect(difference.squareRoot() <= 1e-5 * norm.squareRoot(), sourceLocation: sourceLocation)
  }

  private func workspace(_ kernels: any Kernels, _ shape: ConvolutionShape) -> FloatView {
    memory.allocate(kernels.convolutionWorkspace(shape))
  }

  /// Uniform in ±1.
  private func random(_ count: Int, _ index: Int) -> FloatView {
    let view: FloatView = memory.allocate(count)
    var stream = RandomStream(seed: 7, purpose: .test, index: index)
    for i in 0..<count { view[i] = 2 * stream.uniform() - 1 }
    return view
  }
}

/// Keeps every buffer of a test alive until the test ends.
final class Memory {
  private var owners: [AnyObject] = []

  func allocate<Element: BitwiseCopyable & Numeric>(_ count: Int) -> BufferView<Element> {
    let buffer = AlignedBuffer<Element>(count: count)
    owners.append(buffer)
    return buffer.view
  }
}

/// A place for a kernel to write to.
private final class Result<Element: BinaryFloatingPoint & BitwiseCopyable> {
  private let memory = Memory()
  private(set) var values: BufferView<Element>

  init() { values = memory.allocate(0) }

  func view(_ count: Int) -> BufferView<Element> {
    values = memory.allocate(count)
    return values
  }
}
