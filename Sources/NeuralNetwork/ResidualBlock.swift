// A residual block at work: the units of its main path, and the projection on its shortcut where it has one.

import NumericKernels

/// `relu(path(x) + shortcut(x))` for basic and bottleneck blocks alike.
final class ResidualBlock {
  let block: Block
  private let path: [ConvolutionUnit]
  private let projection: ConvolutionUnit?
  private let outputBuffer: AlignedBuffer<Float>

  init(_ block: Block, arena: ParameterArena, batchCapacity: Int, updatesPerPass: Int) {
    self.block = block
    path = block.convolutions.enumerated().map { index, shape in
      ConvolutionUnit(
        shape, names: block.unitNames(index), arena: arena, batchCapacity: batchCapacity,
        updatesPerPass: updatesPerPass)
    }
    projection = block.projection.map {
      ConvolutionUnit(
        $0, names: block.projectionNames, arena: arena, batchCapacity: batchCapacity, updatesPerPass: updatesPerPass)
    }
    outputBuffer = AlignedBuffer(count: batchCapacity * block.output.count)
  }

  /// Its size in memory, parameters excepted.
  var bytes: Int { path.reduce(outputBuffer.bytes + (projection?.bytes ?? 0)) { $0 + $1.bytes } }

  /// The last forward pass's result, `[N, H', W', K]`.
  var output: FloatView { outputBuffer.view }

  func forward(_ input: FloatView, images: Int, workspace: Workspace) throws {
    try projection?.forward(Activation(input), images: images, workspace: workspace)
    for index in path.indices {
      try path[index].forward(source(of: index, input), images: images, workspace: workspace)
    }
    path[path.count - 1].activate(
      into: output, images: images, residual: projection?.output ?? input, residualAffine: projection?.affine,
      workspace: workspace)
  }

  /// What is done to the gradient of the output before `backward`.
  var finish: GradientFinish { path[path.count - 1].finish(Activation(output)) }

  /// Does it in a pass of its own, where no other could.
  func finish(_ gradient: FloatView, images: Int, workspace: Workspace) {
    path[path.count - 1].finish(gradient, Activation(output), images: images, workspace: workspace)
  }

  /// Turns the workspace's finished gradient of the output into that of the input, to which is done what `finish` says.
  func backward(_ input: FloatView, images: Int, finish: GradientFinish?, workspace: Workspace) throws {
    let gradient = workspace.outputGradient
    let last = path.count - 1
    for index in stride(from: last, to: 0, by: -1) {
      let before = path[index - 1]
      try path[index].backward(
        before.activation, images: images, gradient: index == last ? gradient : workspace.innerGradient(index),
        inputGradient: InputGradient(
          workspace.innerGradient(index - 1), finish: before.finish(before.activation)), workspace: workspace)
      try workspace.gradientObserver?.gradientsCompleted(path[index].gradientEnd)
    }
    // The shortcut's gradient is in place, or put there, before the path's is added to it.
    if let projection {
      projection.finish(gradient, nil, images: images, workspace: workspace)
      try projection.backward(
        Activation(input), images: images, gradient: gradient, inputGradient: InputGradient(workspace.inputGradient),
        workspace: workspace)
      workspace.passGradientOn()
      // Its gradients lie behind those of the path's first unit, which are still to come.
      try workspace.gradientObserver?.gradientsCompleted(path[1].gradientEnd)
    }
    try path[0].backward(
      Activation(input), images: images, gradient: workspace.innerGradient(0),
      inputGradient: InputGradient(workspace.outputGradient, accumulate: true, finish: finish), workspace: workspace)
    try workspace.gradientObserver?.gradientsCompleted((projection ?? path[0]).gradientEnd)
  }

  /// What unit `index` of the path reads.
  private func source(of index: Int, _ input: FloatView) -> Activation {
    index == 0 ? Activation(input) : path[index - 1].activation
  }
}
