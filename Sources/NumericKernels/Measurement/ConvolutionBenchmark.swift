// Times one convolution, and compares it with the reference.

/// A convolution on random numbers: how long its passes take, and how far they are from the reference.
public final class ConvolutionBenchmark {
  /// The passes that a training step and an evaluation make.
  public enum Pass: String, Codable, CaseIterable, Sendable {
    /// Forward, with the sums that batch norm needs.
    case forward
    /// Both adjoints.
    case backward
    /// Forward, with the batch norm folded in.
    case inference
  }

  /// What a pass came to.
  public struct Result: Sendable {
    /// Median of the runs.
    public let seconds: Double
    /// ‖fast − reference‖ / ‖reference‖, of the worst of the pass's results, on a few images.
    public let relativeError: Double
  }

  private let shape: ConvolutionShape
  private let images: Int
  private let buffers: [AlignedBuffer<Float>]
  private let sums: AlignedBuffer<Double>

  /// Random images, weights and gradients.
  public init(_ shape: ConvolutionShape, images: Int) {
    self.shape = shape
    self.images = images
    let (inputs, outputs, channels) = (images * shape.inputCount, images * shape.outputCount, shape.outputChannels)
    let inputChannels = shape.inputChannels
    var random = RandomStream(seed: 1, purpose: .test)
    // Input, weights, output, gradient, coefficients, weight gradient, input gradient.
    buffers = [inputs, shape.weightCount, outputs, outputs, 3 * channels, shape.weightCount, inputs, 2 * inputChannels]
      .map { AlignedBuffer(count: $0) }
    for buffer in buffers { for i in 0..<buffer.count { buffer.view[i] = 2 * random.uniform() - 1 } }
    sums = AlignedBuffer(count: 2 * channels)
  }

  /// Runs `pass` once to warm up and `runs` times, and once on up to `comparedImages` images with both kernels.
  public func measure(_ pass: Pass, kernels: any Kernels, runs: Int, comparedImages: Int = 2) -> Result {
    let workspace = AlignedBuffer<Float>(count: kernels.convolutionWorkspace(shape, images: images))
    return withExtendedLifetime(workspace) {
      run(pass, kernels, images, workspace.view)
      let times = (0..<runs).map { _ in
        let start = ContinuousClock.now
        run(pass, kernels, images, workspace.view)
        return start.duration(to: .now) / .seconds(1)
      }
      let few = min(images, comparedImages)
      run(pass, kernels, few, workspace.view)
      let found = results(pass, few)
      run(pass, KernelFamily.reference.kernels(), few, workspace.view)
      let expected = results(pass, few)
      let errors = zip(found, expected).map { found, expected in
        let distance = zip(found, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return (distance / max(expected.reduce(0) { $0 + $1 * $1 }, .leastNormalMagnitude)).squareRoot()
      }
      return Result(seconds: times.median, relativeError: errors.max() ?? 0)
    }
  }

  private func run(_ pass: Pass, _ kernels: any Kernels, _ images: Int, _ workspace: FloatView) {
    let (input, weights, output) = (buffers[0].view, buffers[1].view, buffers[2].view)
    let (channels, coefficients) = (shape.outputChannels, buffers[4].view)
    let normalized = shape.inputChannels % 16 == 0
    let affine = ChannelAffine(
      scale: buffers[7].view.prefix(shape.inputChannels),
      shift: buffers[7].view[shape.inputChannels..<2 * shape.inputChannels])
    let activation = Activation(input, normalization: normalized ? affine : nil)
    switch pass {
    case .forward:
      kernels.convolution(
        shape, images: images, input: activation, weights: weights, output: output, sums: sums.view,
        workspace: workspace)
    case .inference:
      kernels.inferenceConvolution(
        shape, images: images, input: input, weights: weights, output: output,
        finish: InferenceFinish(shift: coefficients.prefix(channels), residual: nil, relu: true), workspace: workspace)
    case .backward:
      kernels.convolutionGradient(
        shape, images: images, input: activation, weights: weights,
        outputGradient: NormalizedGradient(
          gradient: buffers[3].view, output: output, scale: coefficients.prefix(channels),
          slope: coefficients[channels..<2 * channels], shift: coefficients[2 * channels..<3 * channels]),
        weightGradient: buffers[5].view, inputGradient: normalized ? InputGradient(buffers[6].view) : nil,
        workspace: workspace)
    }
  }

  /// What `pass` has computed, by result.
  private func results(_ pass: Pass, _ images: Int) -> [[Double]] {
    func numbers(_ buffer: Int, _ count: Int) -> [Double] { buffers[buffer].view.prefix(count).array.map(Double.init) }
    switch pass {
    case .forward, .inference: return [numbers(2, images * shape.outputCount)]
    case .backward:
      let weights = numbers(5, shape.weightCount)
      return shape.inputChannels % 16 == 0 ? [weights, numbers(6, images * shape.inputCount)] : [weights]
    }
  }
}
