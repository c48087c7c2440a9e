// The one signature behind which fast and reference kernels stand.

/// The arithmetic of a residual network on `[N, H, W, C]` batches: every pass over activations, forward and backward.
///
/// `KernelFamily` names the implementations. They keep no state, accept batches of zero images, and trap when a view is
/// smaller than its shape says.
///
/// "Rows" are the pixels of all images, N·H·W of them; a row holds the channels of one pixel.
public protocol Kernels: Sendable {
  // MARK: Convolution

  /// Floats of workspace that the convolution calls below need for `shape` and up to `images` images.
  func convolutionWorkspace(_ shape: ConvolutionShape, images: Int) -> Int

  /// `output[N, H', W', K] = input[N, H, W, C] ∗ weights[kernel, kernel, C, K]`. Sets `sums[2K]` to Σy and, after these K,
  /// Σy² of each output channel.
  func convolution(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, output: FloatView,
    sums: BufferView<Double>, workspace: FloatView)

  /// `output = relu(input ∗ weights + shift + residual)`, the last two where `finish` has them.
  func inferenceConvolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    finish: InferenceFinish, workspace: FloatView)

  /// Both adjoints of `convolution`: sets `weightGradient[kernel, kernel, C, K]` and, where asked for, the gradient in what
  /// `input` stands for, which shares no memory with `outputGradient` or `input`.
  func convolutionGradient(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, outputGradient: NormalizedGradient,
    weightGradient: FloatView, inputGradient: InputGradient?, workspace: FloatView)

  // MARK: Batch normalization

  /// `output = relu(input · scale + shift)`, before the ReLU plus `residual`, itself normalized by `residualAffine` where
  /// that is given. All are `[rows, C]`; `output` may be `input` or `residual`.
  func activate(
    rows: Int, channels: Int, input: FloatView, affine: ChannelAffine, residual: FloatView?,
    residualAffine: ChannelAffine?, output: FloatView)

  /// Does to `gradient[rows, C]` what `finish` says. `workspace` holds `finishWorkspace` floats.
  func finish(_ gradient: FloatView, rows: Int, channels: Int, _ finish: GradientFinish, workspace: FloatView)

  /// Floats of workspace that `finish` needs.
  func finishWorkspace(channels: Int) -> Int

  // MARK: Head

  /// `output[N, C]` = mean over the pixels of `input[N, pixels, C]`.
  func averagePool(images: Int, pixels: Int, channels: Int, input: FloatView, output: FloatView)

  /// Spreads `outputGradient[N, C]` over the pixels: `inputGradient[N, pixels, C]`, set or added to.
  func averagePoolGradient(
    images: Int, pixels: Int, channels: Int, outputGradient: FloatView, inputGradient: FloatView, accumulate: Bool)

  /// `output[N, out] = input[N, in] · weights[in, out] + bias[out]`.
  func linear(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, bias: FloatView, output: FloatView)

  /// The adjoints of `linear`: sets all three gradients.
  func linearGradient(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, outputGradient: FloatView,
    inputGradient: FloatView, weightGradient: FloatView, biasGradient: FloatView)

  /// Mean-free softmax cross-entropy of `logits[N, classes]`: returns Σ −log p(label) and how many labels are the
  /// first largest logit; sets `gradient` (which may be `logits`) to `(p − onehot(label)) · gradientScale`.
  func softmaxCrossEntropy(
    images: Int, classes: Int, logits: FloatView, labels: BufferView<Int32>, gradientScale: Float,
    gradient: FloatView
  ) -> CrossEntropy

  // MARK: Updates

  /// One step of SGD with momentum and weight decay, as PyTorch defines it, and with a factor for adaptive rates:
  /// `m = momentum·m + factor·(g + weightDecay·w)`, `w −= learningRate·m`. Views are equally long.
  ///
  /// - Returns: whether all gradients are finite. Those that are not change nothing, but others may have been applied.
  func momentumStep(
    values: FloatView, gradients: FloatView, momenta: FloatView, learningRate: Float, momentum: Float,
    weightDecay: Float, factor: Float
  ) -> Bool

  /// The sum of the squares of `values`. `workspace` holds `squaredNormWorkspace` doubles.
  func squaredNorm(_ values: FloatView, workspace: BufferView<Double>) -> Double

  /// Doubles of workspace that `squaredNorm` needs.
  var squaredNormWorkspace: Int { get }
}

extension Kernels {
  /// One step of SGD as above, with the factor 1.
  public func momentumStep(
    values: FloatView, gradients: FloatView, momenta: FloatView, learningRate: Float, momentum: Float,
    weightDecay: Float
  ) -> Bool {
    momentumStep(
      values: values, gradients: gradients, momenta: momenta, learningRate: learningRate, momentum: momentum,
      weightDecay: weightDecay, factor: 1)
  }
}

/// The implementations of `Kernels`.
public enum KernelFamily: String, Codable, CaseIterable, Sendable {
  /// For training: Winograd's convolutions, products of matrices, SIMD loops over channels, several threads. Channels are
  /// multiples of 16, but for the images that the first convolution reads.
  case fast
  /// Like `fast` without Winograd's algorithms, which round about ten times as much: convolutions are products of patches,
  /// and take about three times as long.
  case direct
  /// To read, and to test against: plain loops that accumulate in double precision.
  case reference

  /// The implementation.
  ///
  /// - Parameters:
  ///   - threads: threads that share each kernel, at least 1. With the engine `simd` they change no bit of the results.
  ///   - processors: the processor that each thread stays on, the caller's first; empty leaves that to the system.
  ///   - engine: what multiplies matrices.
  ///   - profile: where kernels other than the reference note their times.
  ///   - background: goes on between the parts of kernels other than the reference.
  public func kernels(
    threads: Int = 1, on processors: [Int] = [], engine: MatrixEngine = .simd, profile: KernelProfile? = nil,
    background: (any BackgroundWork)? = nil
  ) -> any Kernels {
    switch self {
    case .reference: return ReferenceKernels()
    case .fast, .direct:
      let kernels = FastKernels(
        allowsWinograd: self == .fast, engine: engine,
        pool: ThreadPool(threads: threads, on: processors, background: background))
      return profile.map { ProfiledKernels(base: kernels, profile: $0) } ?? kernels
    }
  }
}

/// What a classifier made of a batch.
public struct CrossEntropy: Sendable {
  /// Sum of the images' cross-entropies, in nats.
  public var loss: Double
  /// Images whose label had the largest logit.
  public var correct: Int

  /// A result of `loss` nats over all images, `correct` of which were right.
  public init(loss: Double, correct: Int) {
    self.loss = loss
    self.correct = correct
  }
}
