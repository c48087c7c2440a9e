// The network that is trained: stem, the blocks of the current depth, and the classifiers in use.

@_exported import NumericKernels

/// A residual network cut at a depth, with memory for its own blocks and classifiers and for nothing beyond them.
///
/// A step is `forward`, `crossEntropy`, `backward`, and then an update of `arena`. With several classifiers the loss is
/// the sum of their mean cross-entropies, and one pass over the trunk gives the same gradients as one pass per level.
public final class DepthNetwork {
  /// What the network is.
  public let architecture: Architecture
  /// Which classifiers it has.
  public let heads: HeadSelection
  /// Images per pass, at most.
  public let batchCapacity: Int
  /// Parameters, gradients, momenta and running statistics.
  public let arena: ParameterArena
  let workspace: Workspace
  private let stem: ConvolutionUnit
  private let stemActivation: AlignedBuffer<Float>
  private let blocks: [ResidualBlock]
  /// The classifier of each block, where it has one.
  private let classifiers: [Classifier?]
  /// Called after each block of a pass: a pass over many large images takes minutes.
  public var progress: () -> Void = {}

  /// Allocates everything that passes over up to `batchCapacity` images need.
  ///
  /// - Parameters:
  ///   - architecture: what the network is.
  ///   - heads: which classifiers it has.
  ///   - batchCapacity: images per pass, at most; at least 1.
  ///   - kernels: what computes.
  ///   - statisticsReduction: sums batch statistics over replicas; nil keeps them local.
  public init(
    _ architecture: Architecture, heads: HeadSelection = .deepest, batchCapacity: Int,
    kernels: any Kernels = KernelFamily.fast.kernels(), statisticsReduction: (any StatisticsReduction)? = nil
  ) {
    precondition(batchCapacity > 0, "a network needs room for one image at least")
    self.architecture = architecture
    self.heads = heads
    self.batchCapacity = batchCapacity
    let arena = ParameterArena(layout: NetworkLayout(architecture, heads: heads))
    self.arena = arena
    workspace = Workspace(
      architecture, batchCapacity: batchCapacity, kernels: kernels, statisticsReduction: statisticsReduction)
    /// Passes of the published warm-up that go through block `index`: one per classifier at or behind it.
    func passes(_ index: Int) -> Int { heads == .all ? architecture.depth - max(index, 1) + 1 : 1 }
    stem = ConvolutionUnit(
      architecture.stem, names: Architecture.stemNames, arena: arena, batchCapacity: batchCapacity,
      updatesPerPass: passes(0))
    stemActivation = AlignedBuffer(count: batchCapacity * architecture.stem.outputCount)
    blocks = architecture.blocks.map {
      ResidualBlock($0, arena: arena, batchCapacity: batchCapacity, updatesPerPass: passes($0.index))
    }
    classifiers = architecture.blocks.map {
      guard heads == .all || $0.index == architecture.depth else { return nil }
      return Classifier(
        level: $0.index, input: $0.output, classes: architecture.classes, arena: arena, batchCapacity: batchCapacity)
    }
    weights = NetworkWeights(architecture, heads: heads)
  }

  /// Number of classifiers.
  public var levels: Int { heads == .all ? architecture.depth : 1 }

  /// Its size in memory: parameters, gradients, momenta, everything that a backward pass needs, and scratch.
  public var bytes: Int {
    let trunk = arena.bytes + workspace.bytes + stem.bytes + stemActivation.bytes
    return trunk + blocks.reduce(0) { $0 + $1.bytes } + classifiers.reduce(0) { $0 + ($1?.bytes ?? 0) }
  }

  /// Parameters and running statistics, copied out or in.
  public var weights: NetworkWeights {
    get {
      var weights = NetworkWeights(architecture, heads: heads)
      weights.parameters = arena.values.array
      weights.statistics = arena.statistics.array
      return weights
    }
    set {
      arena.values.copy(from: newValue.parameters)
      arena.statistics.copy(from: newValue.statistics)
    }
  }

  /// Runs `images` images, `input[N, H, W, C]`, through the network, with batch norm over the batch, whose statistics the
  /// running ones follow; 0 images take part in shared statistics only.
  /// - Throws: what the statistics reduction throws.
  public func forward(_ input: FloatView, images: Int) throws {
    precondition(images <= batchCapacity, "the batch is larger than the network has room for")
    try stem.forward(Activation(input), images: images, workspace: workspace)
    stem.activate(into: stemActivation.view, images: images, workspace: workspace)
    var activation = stemActivation.view
    for index in blocks.indices {
      try blocks[index].forward(activation, images: images, workspace: workspace)
      activation = blocks[index].output
      classifiers[index]?.forward(activation, images: images, kernels: workspace.kernels)
      progress()
    }
  }

  /// The last forward pass's logits at `level`, `[N, classes]`; nil where that level has no classifier.
  public func logits(level: Int) -> FloatView? {
    guard classifiers.indices.contains(level - 1) else { return nil }
    return classifiers[level - 1]?.logits
  }

  /// Loss and correct answers of the last forward pass, summed over images and classifiers.
  ///
  /// - Parameters:
  ///   - images: how many it was of.
  ///   - labels: the class of each image, below `architecture.classes`.
  ///   - globalImages: images in the batch of all replicas, over which the loss is a mean.
  public func crossEntropy(images: Int, labels: BufferView<Int32>, globalImages: Int) -> CrossEntropy {
    var total = CrossEntropy(loss: 0, correct: 0)
    for case let classifier? in classifiers {
      let result = classifier.crossEntropy(
        images: images, labels: labels, gradientScale: 1 / Float(globalImages), kernels: workspace.kernels)
      total.loss += result.loss
      total.correct += result.correct
    }
    return total
  }

  /// Sets the gradient of every parameter, for the loss of the last `crossEntropy` and the same `input`.
  ///
  /// - Parameters:
  ///   - input: what `forward` was given, `[N, H, W, C]`.
  ///   - images: N.
  ///   - observer: told of gradients as they are completed.
  /// - Throws: what the statistics reduction and the observer throw.
  public func backward(_ input: FloatView, images: Int, observer: (any GradientObserver)? = nil) throws {
    workspace.gradientObserver = observer
    defer { workspace.gradientObserver = nil }
    for index in blocks.indices.reversed() {
      if let classifier = classifiers[index] {
        // Its gradient joins that of the blocks behind, which could not be finished without it.
        classifier.backward(
          images: images, inputGradient: workspace.outputGradient, accumulate: index < blocks.count - 1,
          kernels: workspace.kernels)
        blocks[index].finish(workspace.outputGradient, images: images, workspace: workspace)
        try observer?.gradientsCompleted(classifier.gradientEnd)
      }
      let finish: GradientFinish? =
        index == 0
        ? stem.finish(Activation(stemActivation.view))
        : classifiers[index - 1] == nil ? blocks[index - 1].finish : nil
      try blocks[index].backward(
        index == 0 ? stemActivation.view : blocks[index - 1].output, images: images, finish: finish,
        workspace: workspace)
      progress()
    }
    try stem.backward(
      Activation(input), images: images, gradient: workspace.outputGradient, inputGradient: nil, workspace: workspace)
    try observer?.gradientsCompleted(arena.gradients.count)
  }

  /// Whether the gradients of the first layer's parameters are finite. What is not finite in a backward pass is passed on to
  /// them; only a gradient of a parameter that overflows by itself is not.
  public var stemGradientIsFinite: Bool {
    stemGradient.unsafeBuffer.allSatisfy(\.isFinite)
  }

  /// The end of the arena.
  private var stemGradient: FloatView {
    let names = Architecture.stemNames
    let start = arena.layout.range(names.normalization + ".weight").lowerBound
    return arena.gradients[start..<arena.gradients.count]
  }

  /// One SGD step on all parameters with the present gradients.
  ///
  /// - Returns: whether all gradients are finite. Those that are not change nothing, but others may have been applied.
  @discardableResult
  public func update(_ optimizer: StochasticGradientDescent) -> Bool {
    workspace.kernels.momentumStep(
      values: arena.values, gradients: arena.gradients, momenta: arena.momenta,
      learningRate: Float(optimizer.learningRate), momentum: Float(optimizer.momentum),
      weightDecay: Float(optimizer.weightDecay))
  }
}
