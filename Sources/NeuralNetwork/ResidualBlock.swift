// A residual block at work: the units of its main path, and the projection on its shortcut where it has one.

import NumericKernels

/// `relu(path(x) + shortcut(x))` for basic and bottleneck blocks alike.
final class ResidualBlock {
  let block: Block
  private let path: [ConvolutionUnit]
  private let projection: ConvolutionUnit?

  init(_ block: Block, arena: ParameterArena, batchCapacity: Int, updatesPerPass: Int) {
    self.block = block
    path = block.convolutions.enumerated().map { index, shape in
      ConvolutionUnit(
        shape, names: block.unitNames(index), relu: true, arena: arena, batchCapacity: batchCapacity,
        updatesPerPass: updatesPerPass)
    }
    projection = block.projection.map {
      ConvolutionUnit(
        $0, names: block.projectionNames, relu: false, arena: arena, batchCapacity: batchCapacity,
        updatesPerPass: updatesPerPass)
    }
  }

  /// The last forward pass's result, `[N, H', W', K]`.
  var output: FloatView { path[path.count - 1].output }

  func forward(_ input: FloatView, images: Int, mode: ForwardMode, workspace: Workspace) throws {
    try projection?.forward(input, images: images, mode: mode, workspace: workspace)
    let last = path.count - 1
    for (index, unit) in path.enumerated() {
      try unit.forward(
        index == 0 ? input : path[index - 1].output, images: images,
        residual: index == last ? projection?.output ?? input : nil, mode: mode, workspace: workspace)
    }
  }

  /// Turns the workspace's output gradient into its input gradient.
  func backward(_ input: FloatView, images: Int, workspace: Workspace) throws {
    let outputGradient = workspace.outputGradient
    let inputGradient = workspace.inputGradient
    let innerGradient = workspace.innerGradient
    let last = path.count - 1
    for index in path.indices.reversed() {
      try path[index].backward(
        index == 0 ? input : path[index - 1].output, images: images,
        outputGradient: index == last ? outputGradient : innerGradient,
        residualGradient: index == last ? outputGradient : nil,
        inputGradient: index == 0 ? inputGradient : innerGradient, workspace: workspace)
    }
    if let projection {
      try projection.backward(
        input, images: images, outputGradient: outputGradient, inputGradient: inputGradient, accumulate: true,
        workspace: workspace)
    } else {
      let count = images * block.input.count
      workspace.kernels.add(outputGradient.prefix(count), to: inputGradient.prefix(count))
    }
  }
}
