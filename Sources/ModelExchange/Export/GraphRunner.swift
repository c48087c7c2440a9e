// Computes a network's graph with our kernels, every activation by itself, for those who want to see them all.

import NeuralNetwork
import NumericKernels

/// A graph with folded batch norms in memory. It reads images that are normalized already.
final class GraphRunner {
  private let steps: [BoundStep]
  private let kernels: any Kernels = KernelFamily.fast.kernels()
  private let workspace: AlignedBuffer<Float>
  private let images: AlignedBuffer<Float>
  private let imageSize: Int

  /// Allocates every activation of up to `capacity` images.
  init(_ graph: NetworkGraph, images capacity: Int) {
    let shapes = graph.architecture.convolutions
    let kernels = kernels
    workspace = AlignedBuffer(
      count: shapes.map { kernels.convolutionWorkspace($0, images: capacity) }.max() ?? 0)
    imageSize = graph.architecture.input.count
    images = AlignedBuffer(count: capacity * imageSize)
    var places = [NetworkGraph.input: Activations(buffer: images, shape: graph.architecture.input)]
    var steps: [BoundStep] = []
    for step in graph.steps {
      let inputs = step.inputs.compactMap { places[$0] }
      precondition(inputs.count == step.inputs.count, "a graph computes what it reads first")
      let bound = BoundStep(step, inputs, capacity: capacity)
      places[step.output] = bound.output
      steps.append(bound)
    }
    self.steps = steps
  }

  /// Where images are put, `[N, H, W, C]`, normalized.
  var input: FloatView { images.view }

  /// Computes everything for the first `images` images; `observe` sees them and each activation, `[N, H, W, C]`, by name.
  func run(images: Int, observe: (String, [Float]) -> Void) {
    observe(NetworkGraph.input, input.prefix(images * imageSize).array)
    for step in steps {
      step.run(images, kernels, workspace.view)
      observe(step.name, step.output.buffer.view.prefix(images * step.output.shape.count).array)
    }
  }
}

/// Room for an activation of some images.
private struct Activations {
  let buffer: AlignedBuffer<Float>
  /// Of one image.
  let shape: ImageShape

  var view: FloatView { buffer.view }
}

/// An operation with its weights in the kernels' layout, `[kernel, kernel, in, out]` and `[in, out]`.
private struct BoundStep {
  let name: String
  let output: Activations
  private let operation: NetworkGraph.Operation
  private let inputs: [Activations]
  private let weight: AlignedBuffer<Float>
  private let bias: AlignedBuffer<Float>

  init(_ step: NetworkGraph.Step, _ inputs: [Activations], capacity: Int) {
    name = step.output
    operation = step.operation
    self.inputs = inputs
    func buffer(_ values: [Float]) -> AlignedBuffer<Float> {
      let buffer = AlignedBuffer<Float>(count: values.count)
      buffer.view.copy(from: values)
      return buffer
    }
    var shape = inputs[0].shape
    var values: (weight: [Float], bias: [Float]) = ([], [])
    switch step.operation {
    case .normalize:
      // The images are normalized already.
      output = inputs[0]
      (weight, bias) = (buffer([]), buffer([]))
      return
    case .convolution(let convolution, let weight, let bias):
      shape = convolution.output
      values = (weight.values(axes: [2, 3, 1, 0]), bias?.values ?? [])
    case .linear(let weight, let bias):
      shape = ImageShape(height: 1, width: 1, channels: bias.values.count)
      values = (weight.values(axes: [1, 0]), bias.values)
    case .averagePool: shape = ImageShape(height: 1, width: 1, channels: shape.channels)
    case .relu, .add: break
    case .batchNormalization: preconditionFailure("batch norms are folded into the convolutions of a graph that is run")
    }
    (weight, bias) = (buffer(values.weight), buffer(values.bias))
    output = Activations(buffer: AlignedBuffer(count: capacity * shape.count), shape: shape)
  }

  func run(_ images: Int, _ kernels: any Kernels, _ workspace: FloatView) {
    let input = inputs[0].view
    switch operation {
    case .normalize, .batchNormalization: break
    case .convolution(let shape, _, _):
      kernels.inferenceConvolution(
        shape, images: images, input: input, weights: weight.view, output: output.view,
        finish: InferenceFinish(shift: bias.view, relu: false), workspace: workspace)
    case .relu:
      for i in 0..<images * output.shape.count { output.view[i] = max(input[i], 0) }
    case .add:
      let other = inputs[1].view
      for i in 0..<images * output.shape.count { output.view[i] = input[i] + other[i] }
    case .averagePool(let shape):
      kernels.averagePool(
        images: images, pixels: shape.height * shape.width, channels: shape.channels, input: input,
        output: output.view)
    case .linear:
      kernels.linear(
        images: images, inputs: inputs[0].shape.channels, outputs: output.shape.channels, input: input,
        weights: weight.view, bias: bias.view, output: output.view)
    }
  }
}
