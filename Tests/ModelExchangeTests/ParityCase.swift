// One network and batch on which two implementations are compared. Everything follows from fixed seeds.

import ModelExchange
import NeuralNetwork
import Testing

struct ParityCase: Equatable, Sendable, CustomStringConvertible {
  let family: Architecture.Family
  let depth: Int
  let input: ImageShape
  var width = 1.0
  var stemStride = 1

  /// Batches of which the script chooses one.
  static let batches = 32
  static let images = 2
  static let classes = 10
  /// The largest ‖ours − theirs‖ / ‖theirs‖ of a tensor: well above the rounding of 32-bit sums through a dozen layers,
  /// and below what a wrong constant would cause.
  static let tolerance = 1e-4

  /// The name of its fixture; cases without one need no more than to be told apart.
  var description: String {
    "\(family)-depth\(depth)" + (width == 1 && stemStride == 1 ? "" : "-width\(width)-stride\(stemStride)")
  }

  /// Initial weights, but batch norms that do something: initially they have weight 1, bias 0, mean 0 and variance 1.
  func weights() throws -> NetworkWeights {
    let architecture = try Architecture(
      family: family, depth: depth, classes: Self.classes, input: input, width: width, stemStride: stemStride)
    var weights = NetworkWeights.initial(architecture, heads: .deepest, seed: 1)
    var random = RandomStream(seed: 2, purpose: .test)
    for slice in weights.layout.parameters where [.normalizationWeight, .normalizationBias].contains(slice.role) {
      for i in slice.range { weights.parameters[i] += random.uniform() - 0.5 }
    }
    for i in weights.layout.statistics.flatMap(\.range) { weights.statistics[i] += random.uniform() - 0.5 }
    return weights
  }

  /// `input` in PyTorch's layout, `[batches, N, C, H, W]`, and `labels` `[N]`.
  func batches() -> SafetensorsFile {
    let shape = [Self.batches, Self.images, input.channels, input.height, input.width]
    let pixels = (0..<Self.batches).flatMap(pixels)
    return SafetensorsFile(tensors: [
      Tensor(name: "input", shape: shape, values: pixels),
      Tensor(name: "labels", shape: [Self.images], values: labels.map { Float($0) }),
    ])
  }

  /// The images of a batch, `[N, C, H, W]`, in −1…1.
  private func pixels(batch: Int) -> [Float] {
    var random = RandomStream(seed: 3, purpose: .test, index: batch)
    return (0..<Self.images * input.count).map { _ in 2 * random.uniform() - 1 }
  }

  private var labels: [Int32] { (0..<Self.images).map { Int32((7 * $0 + 3) % Self.classes) } }

  /// Requires that our network computes what `reference`, a result of `parity.py`, says.
  func compare(with reference: SafetensorsFile) throws {
    let chosen = try #require(reference.tensors.first { $0.name == "batch" }?.values.first)
    let ours = try results(batch: Int(chosen))
    let theirs = reference.tensors.filter { $0.name != "batch" }
    #expect(Set(ours.keys) == Set(theirs.map { Sketch.name(of: $0.name) }))
    for theirs in theirs {
      let tensor = try #require(ours[Sketch.name(of: theirs.name)])
      let error: Double
      if let sketch = Sketch(stored: theirs) {
        error = sketch.relativeError(of: tensor.values)
      } else {
        #expect(tensor.shape == theirs.shape, "\(theirs.name)")
        error = relativeError(tensor.values, theirs.values)
      }
      #expect(error <= Self.tolerance, "\(theirs.name): \(error)")
    }
  }

  /// What our network computes, under the names that `parity.py` uses.
  func results(batch: Int) throws -> [String: Tensor] {
    let weights = try weights()
    let images = Self.images
    let network = DepthNetwork(weights.architecture, batchCapacity: images)
    network.weights = weights
    let evaluated = InferenceNetwork(
      weights.architecture, batchCapacity: images, kernels: KernelFamily.fast.kernels())
    evaluated.load(weights)
    let pixels = AlignedBuffer<Float>(count: images * input.count)
    pixels.view.copy(from: channelsLast(self.pixels(batch: batch)))
    let labels = AlignedBuffer<Int32>(count: images)
    labels.view.copy(from: self.labels)

    var results: [Tensor] = []
    func addLogits(_ name: String, _ view: FloatView?) throws {
      let logits = try #require(view)
      let count = images * Self.classes
      results.append(Tensor(name: name, shape: [images, Self.classes], values: logits.prefix(count).array))
    }
    try withExtendedLifetime((pixels, labels, evaluated)) {
      evaluated.forward(pixels.view, images: images)
      try addLogits("evaluation.logits", evaluated.logits(level: depth))
      try network.forward(pixels.view, images: images)
      try addLogits("training.logits", network.logits(level: depth))
      let loss = network.crossEntropy(images: images, labels: labels.view, globalImages: images).loss
      results.append(Tensor(name: "training.loss", shape: [], values: [Float(loss / Double(images))]))
      try network.backward(pixels.view, images: images)
    }

    // Written as a model file, gradients and statistics get PyTorch's names and layouts.
    var state = network.weights
    state.parameters = network.arena.gradients.array
    let directory = try TemporaryDirectory()
    try ModelFile(weights: state).write(to: directory.file("state"))
    for tensor in try SafetensorsFile(path: directory.file("state")).tensors {
      let kind = tensor.name.contains(".running_") ? "after" : "gradient"
      results.append(Tensor(name: "\(kind).\(tensor.name)", shape: tensor.shape, values: tensor.values))
    }
    return Dictionary(uniqueKeysWithValues: results.map { ($0.name, $0) })
  }

  /// `[N, H, W, C]` of `[N, C, H, W]`.
  private func channelsLast(_ values: [Float]) -> [Float] {
    var result = values
    let pixels = input.height * input.width
    for (i, value) in values.enumerated() {
      let (image, channel, pixel) = (i / input.count, i / pixels % input.channels, i % pixels)
      result[(image * pixels + pixel) * input.channels + channel] = value
    }
    return result
  }

  private func relativeError(_ ours: [Float], _ theirs: [Float]) -> Double {
    var (difference, norm) = (0.0, 0.0)
    for (a, b) in zip(ours, theirs) {
      difference += (Double(a) - Double(b)) * (Double(a) - Double(b))
      norm += Double(b) * Double(b)
    }
    return (difference / norm).squareRoot()
  }
}
