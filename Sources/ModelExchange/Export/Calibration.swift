// Finds out on real images which values the activations of a network take, and chooses their quantizations.

import Datasets
import NeuralNetwork
import NumericKernels

/// Images that show which values a network's activations take, and what is made of these values.
public struct Calibration: Sendable {
  let images: DatasetSplit
  let normalization: Normalization
  let count: Int
  let method: CalibrationMethod

  /// - Parameters:
  ///   - images: of the kind that the network was trained with.
  ///   - normalization: how their pixels become what the network reads.
  ///   - count: how many of them are used, spread evenly over all.
  ///   - method: what is made of the values.
  public init(images: DatasetSplit, normalization: Normalization, count: Int, method: CalibrationMethod = .mse) {
    self.images = images
    self.normalization = normalization
    self.count = count
    self.method = method
  }

  /// Images that are classified at a time.
  private static let batch = 8

  /// The quantization of each activation in `names`, by name.
  /// - Throws: `ExportError` if there are no images, of the network's shape, or activations that are not finite.
  func measure(_ names: Set<String>, in graph: NetworkGraph) throws(ExportError) -> [String: ActivationQuantization] {
    let data = images.dataset
    let shape = ImageShape(height: data.height, width: data.width, channels: data.channels)
    guard shape == graph.architecture.input else {
      throw .imageShape(expected: graph.architecture.input, found: shape)
    }
    guard min(count, images.count) > 0 else { throw .noImages }
    let runner = GraphRunner(graph, images: Self.batch)
    var ranges: [String: ActivationRange] = [:]
    var diverged: String?
    run(runner) { name, values in
      guard names.contains(name) else { return }
      if !ranges[name, default: ActivationRange()].add(values) { diverged = diverged ?? name }
    }
    if let diverged { throw .diverged(activation: diverged) }
    guard method == .mse else {
      return ranges.mapValues { ActivationQuantization(low: $0.low, high: $0.high) }
    }
    var histograms = ranges.mapValues(ActivationHistogram.init)
    run(runner) { name, values in histograms[name]?.add(values) }
    return histograms.mapValues(\.best)
  }

  /// Classifies the images, and shows each activation of every batch to `observe`.
  private func run(_ runner: GraphRunner, observe: (String, [Float]) -> Void) {
    let assembler = BatchAssembler(images, normalization: normalization)
    let used = min(count, images.count)
    let indices = (0..<used).map { $0 * images.count / used }
    let labels = AlignedBuffer<Int32>(count: Self.batch)
    withExtendedLifetime(labels) {
      for start in stride(from: 0, to: used, by: Self.batch) {
        let batch = indices[start..<min(start + Self.batch, used)]
        assembler.assemble(batch, images: runner.input, labels: labels.view)
        runner.run(images: batch.count, observe: observe)
      }
    }
  }
}
