// The one signature behind which fast and reference kernels stand.

/// The arithmetic of a residual network on `[N, H, W, C]` batches: every pass over activations, forward and backward.
///
/// `KernelFamily` names the implementations. They keep no state, accept batches of zero images, and trap when a view is
/// smaller than its shape says.
///
/// "Rows" are the pixels of all images, N·H·W of them; a row holds the channels of one pixel.
public protocol Kernels: Sendable {
  // MARK: Convolution

  /// Floats of workspace that the convolution calls below need for `shape`, whatever the number of images.
  func convolutionWorkspace(_ shape: ConvolutionShape) -> Int

  /// `output[N, H', W', K] = input[N, H, W, C] ∗ weights[kernel, kernel, C, K]`.
  func convolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    workspace: FloatView)

  /// The adjoint in the input: `inputGradient[N, H, W, C]`, set, or added to when `accumulate` is true.
  func convolutionInputGradient(
    _ shape: ConvolutionShape, images: Int, outputGradient: FloatView, weights: FloatView, inputGradient: FloatView,
    accumulate: Bool, workspace: FloatView)

  /// The adjoint in the weights: sets `weightGradient[kernel, kernel, C, K]`.
  func convolutionWeightGradient(
    _ shape: ConvolutionShape, images: Int, input: FloatView, outputGradient: FloatView, weightGradient: FloatView,
    workspace: FloatView)

  // MARK: Batch normalization

  /// Sets `sums[2C]` to Σx and, after these C, Σx² of each channel over the rows of `input[rows, C]`.
  func channelSums(rows: Int, channels: Int, input: FloatView, sums: BufferView<Double>)

  /// `output = input · scale + shift`, plus `residual` where given, then ReLU where asked for.
  /// `scale` and `shift` hold C floats, the rest `[rows, C]`. `output` may be `input` or `residual`.
  func scaleAndShift(
    rows: Int, channels: Int, input: FloatView, scale: FloatView, shift: FloatView, residual: FloatView?, relu: Bool,
    output: FloatView)

  /// Sets `sums[2C]` to Σg and Σg·x per channel, where g is `outputGradient`, zeroed where `output` is given and ≤ 0
  /// (the gradient of a ReLU).
  func gradientSums(
    rows: Int, channels: Int, outputGradient: FloatView, output: FloatView?, input: FloatView,
    sums: BufferView<Double>)

  /// `inputGradient = scale · g + slope · x + shift` with g as in `gradientSums` and C floats in each coefficient.
  /// Where `maskedGradient` is given, g itself is stored there; it may be `outputGradient`.
  func normalizationInputGradient(
    rows: Int, channels: Int, outputGradient: FloatView, output: FloatView?, input: FloatView, scale: FloatView,
    slope: FloatView, shift: FloatView, inputGradient: FloatView, maskedGradient: FloatView?)

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

  /// `target += source`, equally long.
  func add(_ source: FloatView, to target: FloatView)

  /// One step of SGD with momentum and weight decay, as PyTorch defines it:
  /// `m = momentum·m + (g + weightDecay·w)`, `w −= learningRate·m`. Views are equally long.
  func momentumStep(
    values: FloatView, gradients: FloatView, momenta: FloatView, learningRate: Float, momentum: Float,
    weightDecay: Float)
}

/// The implementations of `Kernels`.
public enum KernelFamily: String, Codable, CaseIterable, Sendable {
  /// For training: BLAS matrix products, Winograd transforms, and SIMD loops over channels. Batch norm, pooling and the
  /// residual sum work on 16 channels at a time, so channel counts there must be multiples of 16.
  case fast
  /// To read, and to test against: plain loops that accumulate in double precision.
  case reference

  /// The implementation.
  public var kernels: any Kernels {
    switch self {
    case .fast: FastKernels()
    case .reference: ReferenceKernels()
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
