// The ways in which networks call convolutions, each with random tensors.

import NumericKernels
import Testing

/// A convolution and a number of images.
struct ConvolutionCase: Sendable, CustomTestStringConvertible {
  let shape: ConvolutionShape
  let images: Int

  init(_ height: Int, _ width: Int, _ inputs: Int, _ outputs: Int, _ kernel: Kernel, images: Int = 2) {
    shape = ConvolutionShape(
      height: height, width: width, inputChannels: inputs, outputChannels: outputs, kernel: kernel.size,
      stride: kernel.stride, padding: kernel.padding)
    self.images = images
  }

  struct Kernel: Sendable {
    let size: Int
    let stride: Int
    let padding: Int

    static let three = Kernel(size: 3, stride: 1, padding: 1)
    static let threeStrided = Kernel(size: 3, stride: 2, padding: 1)
    static let one = Kernel(size: 1, stride: 1, padding: 0)
    static let oneStrided = Kernel(size: 1, stride: 2, padding: 0)
  }

  var testDescription: String {
    "\(images) × \(shape.height)x\(shape.width), \(shape.inputChannels) to \(shape.outputChannels) channels, kernel "
      + "\(shape.kernel), stride \(shape.stride), padding \(shape.padding)"
  }
}

/// Calls the kernels for one convolution, always with the same numbers.
struct ConvolutionCalls {
  /// How a backward pass is called.
  struct Backward {
    enum Target: String {
      case none
      case set
      case accumulate
    }

    enum Finish: String {
      case none
      case unmasked
      case storedMask
      case normalizedMask
    }

    var normalizedInput = false
    var target = Target.set
    var finish = Finish.none
  }

  /// How a forward pass without training is called.
  struct Inference {
    enum Residual: String {
      case none
      case apart
      case inPlace
    }

    var residual = Residual.none
    var relu = true
  }

  let shape: ConvolutionShape
  let images: Int

  init(_ convolution: ConvolutionCase) {
    shape = convolution.shape
    images = convolution.images
  }

  /// What fills no vectors is an image: it is read as it is, and its gradient is not finished.
  private var isStem: Bool { shape.inputChannels % 16 != 0 }

  /// The results of every way to call the kernels.
  func allResults(_ kernels: any Kernels) -> [Result] {
    var results = forward(kernels, normalizedInput: false)
    if !isStem { results += forward(kernels, normalizedInput: true) }
    results += inference(kernels, Inference(relu: false))
    results += inference(kernels, Inference())
    results += inference(kernels, Inference(residual: .apart))
    results += inference(kernels, Inference(residual: .inPlace))
    results += inference(kernels, Inference(residual: .inPlace, relu: false))
    results += backward(kernels, Backward(target: .none))
    results += backward(kernels, Backward())
    results += backward(kernels, Backward(target: .accumulate))
    guard !isStem else { return results }
    results += backward(kernels, Backward(normalizedInput: true, finish: .normalizedMask))
    results += backward(kernels, Backward(normalizedInput: true, target: .accumulate, finish: .unmasked))
    results += backward(kernels, Backward(target: .accumulate, finish: .storedMask))
    return results
  }

  /// The results of one call of each kernel, the one that does most.
  func fullestResults(_ kernels: any Kernels) -> [Result] {
    forward(kernels, normalizedInput: !isStem) + inference(kernels, Inference(residual: .inPlace))
      + backward(
        kernels,
        Backward(normalizedInput: !isStem, target: .accumulate, finish: isStem ? .none : .normalizedMask))
  }

  private func forward(_ kernels: any Kernels, normalizedInput: Bool) -> [Result] {
    let (memory, channels) = (Memory(), shape.outputChannels)
    defer { memory.expectIntact() }
    let output: FloatView = memory.allocate(images * shape.outputCount)
    let sums: BufferView<Double> = memory.allocate(2 * channels)
    kernels.convolution(
      shape, images: images, input: input(memory, isNormalized: normalizedInput), weights: weights(memory),
      output: output, sums: sums, workspace: workspace(kernels, memory))
    let name = normalizedInput ? "forward, normalized input" : "forward"
    return [
      Result("\(name): output", output), Result("\(name): Σy", sums.prefix(channels)),
      Result("\(name): Σy²", sums[channels..<2 * channels]),
    ]
  }

  private func inference(_ kernels: any Kernels, _ options: Inference) -> [Result] {
    let memory = Memory()
    defer { memory.expectIntact() }
    let other = memory.random(images * shape.outputCount, 3)
    let output: FloatView = options.residual == .inPlace ? other : memory.allocate(other.count)
    let finish = InferenceFinish(
      shift: memory.random(shape.outputChannels, 4), residual: options.residual == .none ? nil : other,
      relu: options.relu)
    kernels.inferenceConvolution(
      shape, images: images, input: input(memory, isNormalized: false).values, weights: weights(memory),
      output: output, finish: finish, workspace: workspace(kernels, memory))
    return [Result("inference, residual \(options.residual)\(options.relu ? ", ReLU" : "")", output)]
  }

  private func backward(_ kernels: any Kernels, _ options: Backward) -> [Result] {
    let (memory, channels) = (Memory(), shape.inputChannels)
    defer { memory.expectIntact() }
    let weightGradient: FloatView = memory.allocate(shape.weightCount)
    let (target, sums) = inputGradient(memory, options)
    kernels.convolutionGradient(
      shape, images: images, input: input(memory, isNormalized: options.normalizedInput), weights: weights(memory),
      outputGradient: outputGradient(memory), weightGradient: weightGradient, inputGradient: target,
      workspace: workspace(kernels, memory))
    let name = "backward\(options.normalizedInput ? ", normalized input" : ""), \(options.target), \(options.finish)"
    var results = [Result("\(name): weight gradient", weightGradient)]
    if let target { results.append(Result("\(name): input gradient", target.values)) }
    if let sums {
      results += [
        Result("\(name): Σg", sums.prefix(channels)), Result("\(name): Σg·x", sums[channels..<2 * channels]),
      ]
    }
    return results
  }

  /// The target of a backward pass, and the sums that it asks for.
  private func inputGradient(_ memory: Memory, _ options: Backward) -> (InputGradient?, BufferView<Double>?) {
    guard options.target != .none else { return (nil, nil) }
    let (count, channels) = (images * shape.inputCount, shape.inputChannels)
    let values: FloatView = options.target == .accumulate ? memory.random(count, 5) : memory.allocate(count)
    var target = InputGradient(values, accumulate: options.target == .accumulate)
    let mask: Activation? =
      switch options.finish {
      case .none, .unmasked: nil
      case .storedMask: Activation(memory.random(count, 6))
      case .normalizedMask: Activation(memory.random(count, 6), normalization: memory.randomAffine(channels, 7))
      }
    guard options.finish != .none else { return (target, nil) }
    let sums: BufferView<Double> = memory.allocate(2 * channels)
    target.finish = GradientFinish(activation: mask, input: memory.random(count, 9), sums: sums)
    return (target, sums)
  }

  private func input(_ memory: Memory, isNormalized: Bool) -> Activation {
    Activation(
      memory.random(images * shape.inputCount, 1),
      normalization: isNormalized ? memory.randomAffine(shape.inputChannels, 10) : nil)
  }

  private func weights(_ memory: Memory) -> FloatView { memory.random(shape.weightCount, 2) }

  private func outputGradient(_ memory: Memory) -> NormalizedGradient {
    let (count, channels) = (images * shape.outputCount, shape.outputChannels)
    return NormalizedGradient(
      gradient: memory.random(count, 12), output: memory.random(count, 13), scale: memory.random(channels, 14),
      slope: memory.random(channels, 15), shift: memory.random(channels, 16))
  }

  private func workspace(_ kernels: any Kernels, _ memory: Memory) -> FloatView {
    memory.allocate(kernels.convolutionWorkspace(shape, images: images))
  }
}
