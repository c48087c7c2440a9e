// The head of a level: global average pooling and one linear layer.

import NumericKernels

/// Turns the output of block `level` into one logit per class.
final class Classifier {
  let level: Int
  private let shape: ImageShape
  private let classes: Int
  private let weight: FloatView
  private let bias: FloatView
  private let weightGradient: FloatView
  private let biasGradient: FloatView
  /// Where its gradients end in the arena.
  let gradientEnd: Int
  private let pooled: AlignedBuffer<Float>
  private let pooledGradient: AlignedBuffer<Float>
  private let logitsBuffer: AlignedBuffer<Float>
  private let logitsGradient: AlignedBuffer<Float>

  init(level: Int, input: ImageShape, classes: Int, arena: ParameterArena, batchCapacity: Int) {
    self.level = level
    shape = input
    self.classes = classes
    let weights = arena.layout.range("heads.\(level).weight")
    let biases = arena.layout.range("heads.\(level).bias")
    weight = arena.values[weights]
    bias = arena.values[biases]
    weightGradient = arena.gradients[weights]
    biasGradient = arena.gradients[biases]
    gradientEnd = biases.upperBound
    pooled = AlignedBuffer(count: batchCapacity * input.channels)
    pooledGradient = AlignedBuffer(count: batchCapacity * input.channels)
    logitsBuffer = AlignedBuffer(count: batchCapacity * classes)
    logitsGradient = AlignedBuffer(count: batchCapacity * classes)
  }

  /// Its size in memory, parameters excepted.
  var bytes: Int { [pooled, pooledGradient, logitsBuffer, logitsGradient].reduce(0) { $0 + $1.bytes } }

  /// The last forward pass's logits, `[N, classes]`.
  var logits: FloatView { logitsBuffer.view }

  private var pixels: Int { shape.height * shape.width }

  func forward(_ input: FloatView, images: Int, kernels: any Kernels) {
    kernels.averagePool(images: images, pixels: pixels, channels: shape.channels, input: input, output: pooled.view)
    kernels.linear(
      images: images, inputs: shape.channels, outputs: classes, input: pooled.view, weights: weight, bias: bias,
      output: logits)
  }

  /// Loss and correct answers of the last forward pass; keeps the gradient, scaled by `gradientScale`.
  func crossEntropy(
    images: Int, labels: BufferView<Int32>, gradientScale: Float, kernels: any Kernels
  ) -> CrossEntropy {
    kernels.softmaxCrossEntropy(
      images: images, classes: classes, logits: logits, labels: labels, gradientScale: gradientScale,
      gradient: logitsGradient.view)
  }

  /// Sets, or with `accumulate` adds to, the gradient in the block's output.
  func backward(images: Int, inputGradient: FloatView, accumulate: Bool, kernels: any Kernels) {
    kernels.linearGradient(
      images: images, inputs: shape.channels, outputs: classes, input: pooled.view, weights: weight,
      outputGradient: logitsGradient.view, inputGradient: pooledGradient.view, weightGradient: weightGradient,
      biasGradient: biasGradient)
    kernels.averagePoolGradient(
      images: images, pixels: pixels, channels: shape.channels, outputGradient: pooledGradient.view,
      inputGradient: inputGradient, accumulate: accumulate)
  }
}
