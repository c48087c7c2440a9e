// What a training step computes: its kernels in their order, as `DepthNetwork` calls them, without running any.

import NeuralNetwork

/// The kernels of one step, forward and backward, and the gradients that each part of the backward pass completes.
public struct TrainingStep: Equatable, Sendable {
  /// A part of the backward pass.
  public struct BackwardPart: Equatable, Sendable {
    /// Its kernels.
    public let calls: [KernelCall]
    /// The floats at the beginning of the gradient arena that are complete behind it.
    public let completed: Int
  }

  /// The forward pass and the loss.
  public let forward: [KernelCall]
  /// The backward pass, in its order.
  public let backward: [BackwardPart]
  /// The optimizer's step.
  public let update: [KernelCall]

  /// All kernels of the step.
  public var calls: [KernelCall] { forward + backward.flatMap(\.calls) + update }

  /// A step on `images` images.
  public init(_ architecture: Architecture, heads: HeadSelection, images: Int) {
    let sizes = CallSizes(images: images, classes: architecture.classes)
    let layout = NetworkLayout(architecture, heads: heads)
    let blocks = architecture.blocks
    func hasHead(_ block: Block) -> Bool { heads == .all || block.index == architecture.depth }

    var forward = [sizes.convolution(architecture.stem, .forward), sizes.activate(architecture.stem, residual: false)]
    for block in blocks {
      if let projection = block.projection { forward.append(sizes.convolution(projection, .forward)) }
      forward += block.convolutions.map { sizes.convolution($0, .forward) }
      forward.append(sizes.activate(block.convolutions[block.convolutions.count - 1], residual: true))
      if hasHead(block) { forward += sizes.head(block) }
    }
    self.forward = forward + blocks.filter(hasHead).map { _ in sizes.loss }

    var ends = ParameterEnds(layout)
    var backward: [BackwardPart] = []
    for block in blocks.reversed() {
      if hasHead(block) {
        let gradients = sizes.headGradient(block, accumulate: block.index < architecture.depth)
        backward.append(
          BackwardPart(calls: gradients + [sizes.finish(block.output, hasActivation: true)], completed: ends.next(2)))
      }
      for convolution in block.convolutions.dropFirst().reversed() {
        backward.append(BackwardPart(calls: [sizes.convolution(convolution, .backward)], completed: ends.next(3)))
      }
      var last: [KernelCall] = []
      if let projection = block.projection {
        last = [sizes.finish(projection.output, hasActivation: false), sizes.convolution(projection, .backward)]
      }
      last.append(sizes.convolution(block.convolutions[0], .backward))
      backward.append(BackwardPart(calls: last, completed: ends.next(block.projection == nil ? 3 : 6)))
    }
    backward.append(
      BackwardPart(calls: [sizes.convolution(architecture.stem, .backward)], completed: layout.parameterFloats))
    self.backward = backward
    update = [KernelCall(.update, size: 5 * layout.parameterFloats)]
  }
}

/// Calls with their sizes, as `KernelCall` counts them.
private struct CallSizes {
  let images: Int
  let classes: Int

  func convolution(_ shape: ConvolutionShape, _ pass: ConvolutionBenchmark.Pass) -> KernelCall {
    KernelCall(.convolution(shape: shape, pass: pass), size: images)
  }

  func activate(_ shape: ConvolutionShape, residual: Bool) -> KernelCall {
    KernelCall(.activate, size: (residual ? 3 : 2) * images * shape.outputCount)
  }

  func finish(_ shape: ImageShape, hasActivation: Bool) -> KernelCall {
    KernelCall(.finish, size: (hasActivation ? 4 : 2) * images * shape.count)
  }

  func head(_ block: Block) -> [KernelCall] {
    let channels = block.output.channels
    return [
      KernelCall(.pooling, size: images * block.output.count),
      KernelCall(.classifier, size: images * (channels + classes) + channels * classes),
    ]
  }

  var loss: KernelCall { KernelCall(.classifier, size: 2 * images * classes) }

  func headGradient(_ block: Block, accumulate: Bool) -> [KernelCall] {
    let channels = block.output.channels
    return [
      KernelCall(.classifier, size: images * (2 * channels + classes) + 2 * channels * classes),
      KernelCall(.pooling, size: (accumulate ? 2 : 1) * images * block.output.count),
    ]
  }
}

/// Walks through the parameters of an arena in their order, which is that of the backward pass.
private struct ParameterEnds {
  private let ends: [Int]
  private var place = 0

  init(_ layout: NetworkLayout) { ends = layout.parameters.map(\.range.upperBound) }

  /// The end of the parameter that is `count` behind the last one.
  mutating func next(_ count: Int) -> Int {
    place += count
    return ends[place - 1]
  }
}
