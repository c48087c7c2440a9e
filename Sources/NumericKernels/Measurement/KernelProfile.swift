// Where the time of a step goes, kernel by kernel.

/// A kernel, in as far as its time per unit of work depends on it.
public enum Kernel: Hashable, Codable, Sendable {
  /// A pass of a convolution.
  case convolution(shape: ConvolutionShape, pass: ConvolutionBenchmark.Pass)
  /// Batch norm, a residual and ReLU.
  case activate
  /// A gradient's way back through them.
  case finish
  /// Global average pooling, or its gradient.
  case pooling
  /// The linear layer or the loss, or a gradient of them.
  case classifier
  /// A step of the optimizer.
  case update

  /// For example `3x3/2 forward` or `finish`: the same for convolutions that differ only in channels or image size.
  public var name: String {
    switch self {
    case .convolution(let shape, let pass):
      "\(shape.kernel)x\(shape.kernel)\(shape.stride > 1 ? "/\(shape.stride)" : "") \(pass.rawValue)"
    case .activate: "activate"
    case .finish: "finish"
    case .pooling: "pooling"
    case .classifier: "classifier"
    case .update: "update"
    }
  }
}

/// A kernel and how much of its work a call does.
public struct KernelCall: Hashable, Sendable {
  /// The kernel.
  public let kernel: Kernel
  /// Images of a convolution; for the other kernels, which memory limits, the floats that they have to read and write.
  public let size: Int

  /// A call of `kernel` for so many images or floats.
  public init(_ kernel: Kernel, size: Int) {
    self.kernel = kernel
    self.size = size
  }
}

/// Time and work of each kernel and size.
public final class KernelProfile: @unchecked Sendable {
  /// What the calls of one kernel and size have done.
  public struct Entry: Sendable {
    /// The kernel, and its size.
    public let call: KernelCall
    /// Calls counted.
    public fileprivate(set) var calls = 0
    /// Time spent.
    public fileprivate(set) var seconds = 0.0
    /// Multiplications and additions that the direct way would take.
    public fileprivate(set) var directOperations = 0.0
    /// Multiplications and additions in the products that were computed.
    public fileprivate(set) var operations = 0.0
    /// Bytes that have to be read or written once.
    public fileprivate(set) var bytes = 0.0
  }

  /// The calls in the order of their first occurrence.
  public private(set) var entries: [Entry] = []
  private var places: [KernelCall: Int] = [:]

  /// An empty profile.
  public init() {}

  /// Forgets what was counted.
  public func reset() {
    entries = []
    places = [:]
  }

  func add(_ call: KernelCall, _ work: Work, seconds: Double) {
    let index = places[call] ?? entries.count
    if index == entries.count {
      entries.append(Entry(call: call))
      places[call] = index
    }
    entries[index].calls += 1
    entries[index].seconds += seconds
    entries[index].directOperations += work.directOperations
    entries[index].operations += work.operations
    entries[index].bytes += 4 * Double(work.floats)
  }

  /// What a call has to do.
  struct Work {
    var directOperations = 0.0
    var operations = 0.0
    var floats = 0
  }
}

/// Kernels that note their times in a profile.
struct ProfiledKernels: Kernels {
  let base: FastKernels
  let profile: KernelProfile

  private func measure<Result>(
    _ kernel: Kernel, images: Int? = nil, _ work: KernelProfile.Work, _ body: () -> Result
  ) -> Result {
    let start = ContinuousClock.now
    let result = body()
    let seconds = start.duration(to: .now) / .seconds(1)
    profile.add(KernelCall(kernel, size: images ?? work.floats), work, seconds: seconds)
    return result
  }

  /// The work of `passes` products, and of reading and writing so many times the inputs and the outputs.
  private func work(
    _ shape: ConvolutionShape, _ images: Int, passes: Int, inputs: Int, outputs: Int
  ) -> KernelProfile.Work {
    KernelProfile.Work(
      directOperations: 2 * Double(passes * images * shape.multiplyAdds),
      operations: 2 * Double(passes * base.cost(shape, images: images).multiplyAdds),
      floats: images * (inputs * shape.inputCount + outputs * shape.outputCount) + passes * shape.weightCount)
  }

  func convolutionWorkspace(_ shape: ConvolutionShape, images: Int) -> Int {
    base.convolutionWorkspace(shape, images: images)
  }

  func convolution(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, output: FloatView,
    sums: BufferView<Double>, workspace: FloatView
  ) {
    measure(
      .convolution(shape: shape, pass: .forward), images: images, work(shape, images, passes: 1, inputs: 1, outputs: 1)
    ) {
      base.convolution(
        shape, images: images, input: input, weights: weights, output: output, sums: sums, workspace: workspace)
    }
  }

  func inferenceConvolution(
    _ shape: ConvolutionShape, images: Int, input: FloatView, weights: FloatView, output: FloatView,
    finish: InferenceFinish, workspace: FloatView
  ) {
    let outputs = finish.residual == nil ? 1 : 2
    measure(
      .convolution(shape: shape, pass: .inference), images: images,
      work(shape, images, passes: 1, inputs: 1, outputs: outputs)
    ) {
      base.inferenceConvolution(
        shape, images: images, input: input, weights: weights, output: output, finish: finish, workspace: workspace)
    }
  }

  func convolutionGradient(
    _ shape: ConvolutionShape, images: Int, input: Activation, weights: FloatView, outputGradient: NormalizedGradient,
    weightGradient: FloatView, inputGradient: InputGradient?, workspace: FloatView
  ) {
    let passes = inputGradient == nil ? 1 : 2
    // With a finish, the gradient's mask and the batch norm's input are read too; for an inner unit they are the input.
    let inputs = passes + (inputGradient?.accumulate == true ? 1 : 0) + (inputGradient?.finish == nil ? 0 : 1)
    measure(
      .convolution(shape: shape, pass: .backward), images: images,
      work(shape, images, passes: passes, inputs: inputs, outputs: 2)
    ) {
      base.convolutionGradient(
        shape, images: images, input: input, weights: weights, outputGradient: outputGradient,
        weightGradient: weightGradient, inputGradient: inputGradient, workspace: workspace)
    }
  }

  func activate(
    rows: Int, channels: Int, input: FloatView, affine: ChannelAffine, residual: FloatView?,
    residualAffine: ChannelAffine?, output: FloatView
  ) {
    measure(.activate, KernelProfile.Work(floats: (residual == nil ? 2 : 3) * rows * channels)) {
      base.activate(
        rows: rows, channels: channels, input: input, affine: affine, residual: residual,
        residualAffine: residualAffine, output: output)
    }
  }

  func finish(_ gradient: FloatView, rows: Int, channels: Int, _ finish: GradientFinish, workspace: FloatView) {
    measure(.finish, KernelProfile.Work(floats: (finish.activation == nil ? 2 : 4) * rows * channels)) {
      base.finish(gradient, rows: rows, channels: channels, finish, workspace: workspace)
    }
  }

  func finishWorkspace(channels: Int) -> Int { base.finishWorkspace(channels: channels) }

  func averagePool(images: Int, pixels: Int, channels: Int, input: FloatView, output: FloatView) {
    measure(.pooling, KernelProfile.Work(floats: images * pixels * channels)) {
      base.averagePool(images: images, pixels: pixels, channels: channels, input: input, output: output)
    }
  }

  func averagePoolGradient(
    images: Int, pixels: Int, channels: Int, outputGradient: FloatView, inputGradient: FloatView, accumulate: Bool
  ) {
    measure(.pooling, KernelProfile.Work(floats: (accumulate ? 2 : 1) * images * pixels * channels)) {
      base.averagePoolGradient(
        images: images, pixels: pixels, channels: channels, outputGradient: outputGradient,
        inputGradient: inputGradient, accumulate: accumulate)
    }
  }

  func linear(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, bias: FloatView, output: FloatView
  ) {
    measure(.classifier, KernelProfile.Work(floats: images * (inputs + outputs) + inputs * outputs)) {
      base.linear(
        images: images, inputs: inputs, outputs: outputs, input: input, weights: weights, bias: bias, output: output)
    }
  }

  func linearGradient(
    images: Int, inputs: Int, outputs: Int, input: FloatView, weights: FloatView, outputGradient: FloatView,
    inputGradient: FloatView, weightGradient: FloatView, biasGradient: FloatView
  ) {
    measure(.classifier, KernelProfile.Work(floats: images * (2 * inputs + outputs) + 2 * inputs * outputs)) {
      base.linearGradient(
        images: images, inputs: inputs, outputs: outputs, input: input, weights: weights,
        outputGradient: outputGradient, inputGradient: inputGradient, weightGradient: weightGradient,
        biasGradient: biasGradient)
    }
  }

  func softmaxCrossEntropy(
    images: Int, classes: Int, logits: FloatView, labels: BufferView<Int32>, gradientScale: Float,
    gradient: FloatView
  ) -> CrossEntropy {
    measure(.classifier, KernelProfile.Work(floats: 2 * images * classes)) {
      base.softmaxCrossEntropy(
        images: images, classes: classes, logits: logits, labels: labels, gradientScale: gradientScale,
        gradient: gradient)
    }
  }

  func momentumStep(
    values: FloatView, gradients: FloatView, momenta: FloatView, learningRate: Float, momentum: Float,
    weightDecay: Float, factor: Float
  ) -> Bool {
    measure(.update, KernelProfile.Work(floats: 5 * values.count)) {
      base.momentumStep(
        values: values, gradients: gradients, momenta: momenta, learningRate: learningRate, momentum: momentum,
        weightDecay: weightDecay, factor: factor)
    }
  }

  var squaredNormWorkspace: Int { base.squaredNormWorkspace }

  func squaredNorm(_ values: FloatView, workspace: BufferView<Double>) -> Double {
    measure(.update, KernelProfile.Work(floats: values.count)) { base.squaredNorm(values, workspace: workspace) }
  }
}
