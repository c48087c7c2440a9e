// The network that is only evaluated: batch norm folded into the convolutions, nothing kept for a backward pass.

import NumericKernels

/// A residual network with fixed weights, in three activation buffers.
///
/// A batch norm with running statistics is a factor and a summand per channel; the factor goes into the convolution's
/// weights, the summand, the residual and the ReLU into the pass that stores its output.
public final class InferenceNetwork {
  /// What the network is.
  public let architecture: Architecture
  /// Which classifiers it has.
  public let heads: HeadSelection
  /// Images per pass, at most.
  public let batchCapacity: Int
  private let layout: NetworkLayout
  private let kernels: any Kernels
  /// Laid out as the parameters: folded weights, summands in place of the batch norm's bias, classifiers.
  private let folded: AlignedBuffer<Float>
  private let scratch: AlignedBuffer<Float>
  private let activations: [AlignedBuffer<Float>]
  private let pooled: AlignedBuffer<Float>
  private let gradient: AlignedBuffer<Float>
  private let stem: FoldedUnit
  private let blocks: [FoldedBlock]
  private let classifiers: [FoldedClassifier?]
  /// Called after each block of a pass: a pass over many large images takes minutes.
  public var progress: () -> Void = {}

  /// Allocates what passes over up to `batchCapacity` images need. The weights are to be set by `load`.
  public init(
    _ architecture: Architecture, heads: HeadSelection = .deepest, batchCapacity: Int, kernels: any Kernels
  ) {
    precondition(batchCapacity > 0, "a network needs room for one image at least")
    self.architecture = architecture
    self.heads = heads
    self.batchCapacity = batchCapacity
    self.kernels = kernels
    let layout = NetworkLayout(architecture, heads: heads)
    self.layout = layout
    let folded = AlignedBuffer<Float>(count: layout.parameterFloats)
    self.folded = folded
    let shapes = architecture.convolutions
    scratch = AlignedBuffer(
      count: shapes.map { kernels.convolutionWorkspace($0, images: batchCapacity) }.max() ?? 0)
    let largest = shapes.map(\.outputCount).max() ?? 0
    activations = (0..<3).map { _ in AlignedBuffer(count: batchCapacity * largest) }
    pooled = AlignedBuffer(count: batchCapacity * (architecture.blocks.map(\.output.channels).max() ?? 0))
    gradient = AlignedBuffer(count: batchCapacity * architecture.classes)
    stem = FoldedUnit(architecture.stem, Architecture.stemNames, layout, folded.view)
    blocks = architecture.blocks.map { FoldedBlock($0, layout, folded.view) }
    classifiers = architecture.blocks.map {
      guard heads == .all || $0.index == architecture.depth else { return nil }
      return FoldedClassifier($0, architecture.classes, layout, folded.view, batchCapacity: batchCapacity)
    }
  }

  /// Number of classifiers.
  public var levels: Int { heads == .all ? architecture.depth : 1 }

  /// Its size in memory: weights, activations and scratch.
  public var bytes: Int {
    let buffers = [folded, scratch, pooled, gradient] + activations + classifiers.compactMap { $0?.logits }
    return buffers.reduce(0) { $0 + $1.bytes }
  }

  /// Takes over parameters and running statistics, laid out as `NetworkLayout` says.
  public func load(parameters: FloatView, statistics: FloatView) {
    folded.view.copy(from: parameters)
    for unit in [stem] + blocks.flatMap(\.units) { unit.fold(parameters, statistics) }
  }

  /// Takes over weights of the same architecture and classifiers.
  public func load(_ weights: NetworkWeights) {
    let parameters = AlignedBuffer<Float>(count: layout.parameterFloats)
    let statistics = AlignedBuffer<Float>(count: layout.statisticsFloats)
    withExtendedLifetime((parameters, statistics)) {
      parameters.view.copy(from: weights.parameters)
      statistics.view.copy(from: weights.statistics)
      load(parameters: parameters.view, statistics: statistics.view)
    }
  }

  /// Classifies `images` images, `input[N, H, W, C]`.
  public func forward(_ input: FloatView, images: Int) {
    precondition(images <= batchCapacity, "the batch is larger than the network has room for")
    run(stem, input, images, into: activations[0].view, residual: nil, relu: true)
    var current = 0
    for (block, classifier) in zip(blocks, classifiers) {
      current = run(block, images, current)
      progress()
      if let classifier {
        let shape = block.output
        kernels.averagePool(
          images: images, pixels: shape.height * shape.width, channels: shape.channels,
          input: activations[current].view, output: pooled.view)
        kernels.linear(
          images: images, inputs: shape.channels, outputs: architecture.classes, input: pooled.view,
          weights: classifier.weight, bias: classifier.bias, output: classifier.logits.view)
      }
    }
  }

  /// The last forward pass's logits at `level`, `[N, classes]`; nil where that level has no classifier.
  public func logits(level: Int) -> FloatView? {
    guard classifiers.indices.contains(level - 1) else { return nil }
    return classifiers[level - 1]?.logits.view
  }

  /// Loss and correct answers of the last forward pass, summed over images and classifiers.
  public func crossEntropy(images: Int, labels: BufferView<Int32>) -> CrossEntropy {
    var total = CrossEntropy(loss: 0, correct: 0)
    for case let classifier? in classifiers {
      let result = kernels.softmaxCrossEntropy(
        images: images, classes: architecture.classes, logits: classifier.logits.view, labels: labels,
        gradientScale: 1, gradient: gradient.view)
      total.loss += result.loss
      total.correct += result.correct
    }
    return total
  }

  /// Runs a block on buffer `current`, and returns the buffer that holds its output.
  private func run(_ block: FoldedBlock, _ images: Int, _ current: Int) -> Int {
    let others = [(current + 1) % 3, (current + 2) % 3]
    var source = current
    for (index, unit) in block.path.dropLast().enumerated() {
      run(unit, activations[source].view, images, into: activations[others[index % 2]].view, residual: nil, relu: true)
      source = others[index % 2]
    }
    var target = current
    if let projection = block.projection {
      target = others[0] == source ? others[1] : others[0]
      run(
        projection, activations[current].view, images, into: activations[target].view, residual: nil, relu: false)
    }
    let residual = activations[target].view
    run(block.last, activations[source].view, images, into: residual, residual: residual, relu: true)
    return target
  }

  private func run(
    _ unit: FoldedUnit, _ input: FloatView, _ images: Int, into output: FloatView, residual: FloatView?, relu: Bool
  ) {
    kernels.inferenceConvolution(
      unit.shape, images: images, input: input, weights: unit.weights, output: output,
      finish: InferenceFinish(shift: unit.shift, residual: residual, relu: relu), workspace: scratch.view)
  }
}

/// A convolution with its batch norm folded in.
private struct FoldedUnit {
  let shape: ConvolutionShape
  let weights: FloatView
  let shift: FloatView
  private let weightRange: Range<Int>
  private let scale: Range<Int>
  private let bias: Range<Int>
  private let mean: Range<Int>
  private let variance: Range<Int>

  init(_ shape: ConvolutionShape, _ names: UnitNames, _ layout: NetworkLayout, _ folded: FloatView) {
    self.shape = shape
    weightRange = layout.range(names.convolution + ".weight")
    scale = layout.range(names.normalization + ".weight")
    bias = layout.range(names.normalization + ".bias")
    mean = layout.range(names.normalization + ".running_mean")
    variance = layout.range(names.normalization + ".running_var")
    weights = folded[weightRange]
    shift = folded[bias]
  }

  func fold(_ parameters: FloatView, _ statistics: FloatView) {
    let channels = shape.outputChannels
    let (sources, means, variances) = (parameters[weightRange], statistics[mean], statistics[variance])
    let (scales, biases) = (parameters[scale], parameters[bias])
    for c in 0..<channels {
      let normalization = FixedNormalization(
        weight: scales[c], bias: biases[c], mean: means[c], variance: variances[c])
      shift[c] = Float(normalization.summand)
      let factor = normalization.factor
      for i in stride(from: c, to: sources.count, by: channels) { weights[i] = Float(Double(sources[i]) * factor) }
    }
  }
}

/// A block's folded convolutions.
private struct FoldedBlock {
  let path: [FoldedUnit]
  let projection: FoldedUnit?
  let output: ImageShape

  init(_ block: Block, _ layout: NetworkLayout, _ folded: FloatView) {
    path = block.convolutions.enumerated().map { FoldedUnit($1, block.unitNames($0), layout, folded) }
    projection = block.projection.map { FoldedUnit($0, block.projectionNames, layout, folded) }
    output = block.output
  }

  var last: FoldedUnit { path[path.count - 1] }
  var units: [FoldedUnit] { path + (projection.map { [$0] } ?? []) }
}

/// A classifier's copied weights, and its answers.
private struct FoldedClassifier {
  let weight: FloatView
  let bias: FloatView
  let logits: AlignedBuffer<Float>

  init(_ block: Block, _ classes: Int, _ layout: NetworkLayout, _ folded: FloatView, batchCapacity: Int) {
    weight = folded[layout.range("heads.\(block.index).weight")]
    bias = folded[layout.range("heads.\(block.index).bias")]
    logits = AlignedBuffer(count: batchCapacity * classes)
  }
}
