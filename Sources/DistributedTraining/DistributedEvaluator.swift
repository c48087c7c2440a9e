// Evaluates one network on all ranks at once; each rank classifies its share of the images.

import Datasets
import DepthSearch
import MPI
import NeuralNetwork

/// Classifies images with fixed weights, without anything that only training needs.
public final class DistributedEvaluator {
  private let network: InferenceNetwork
  private let communicator: Communicator
  private let data: DatasetSplits
  private let images: AlignedBuffer<Float>
  private let labels: AlignedBuffer<Int32>
  private let heartbeat: Heartbeat

  /// Allocates the network and one batch of `batchCapacity` images. The weights are to be set by `load`.
  ///
  /// - Parameter heartbeat: where it notes what it is doing.
  /// - Throws: `TrainingError.imageShape` or `TrainingError.classes` if the network is not one for such images.
  public init(
    _ architecture: Architecture, heads: HeadSelection, data: DatasetSplits, communicator: Communicator,
    batchCapacity: Int, kernels: any Kernels, heartbeat: Heartbeat = Heartbeat()
  ) throws {
    let dataset = data.train.dataset
    let shape = ImageShape(height: dataset.height, width: dataset.width, channels: dataset.channels)
    guard shape == architecture.input else {
      throw TrainingError.imageShape(expected: architecture.input, found: shape)
    }
    guard dataset.classes == architecture.classes else {
      throw TrainingError.classes(expected: architecture.classes, found: dataset.classes)
    }
    self.communicator = communicator
    self.data = data
    network = InferenceNetwork(architecture, heads: heads, batchCapacity: batchCapacity, kernels: kernels)
    images = AlignedBuffer(count: batchCapacity * architecture.input.count)
    labels = AlignedBuffer(count: batchCapacity)
    self.heartbeat = heartbeat
    network.progress = heartbeat.beat
  }

  /// Its size in memory, the data set excepted.
  var bytes: Int { network.bytes + images.bytes + labels.bytes }

  /// Takes over the parameters and running statistics of a network of the same architecture and classifiers.
  public func load(_ arena: ParameterArena) {
    network.load(parameters: arena.values, statistics: arena.statistics)
  }

  /// Takes over weights of the same architecture and classifiers.
  public func load(_ weights: NetworkWeights) { network.load(weights) }

  /// Classifies every image of `split` once, shared among the ranks. Collective.
  /// - Throws: `MPIError`, `TrainingError.diverged`.
  public func evaluate(_ split: DatasetSplit) throws -> EpochTotals { try pass(over: split) { _ in } }

  /// The same, with the answer of the last classifier to each image on rank 0; nil on the others. Collective.
  /// - Throws: `MPIError`, `TrainingError.diverged`.
  public func classify(_ split: DatasetSplit) throws -> (totals: EpochTotals, predictions: Predictions?) {
    var answers: [Int32] = []
    var confidences: [Float] = []
    let totals = try pass(over: split) { images in
      guard let logits = network.logits(level: network.architecture.depth) else { return }
      for image in 0..<images {
        let classes = network.architecture.classes
        let answer = Answer(logits[image * classes..<(image + 1) * classes])
        answers.append(Int32(answer.label))
        confidences.append(Float(answer.confidence))
      }
    }
    // The ranks' parts follow one another.
    let allAnswers = try communicator.gatherv(answers, to: 0)
    let allConfidences = try communicator.gatherv(confidences, to: 0)
    guard let allAnswers, let allConfidences else { return (totals, nil) }
    let predictions = Predictions(
      split, answers: allAnswers.joined().map { Int($0) }, confidences: allConfidences.joined().map { Double($0) })
    return (totals, predictions)
  }

  /// The share of `split` that each classifier gets right, from that of the first block on, on all ranks. Collective.
  /// - Throws: `MPIError`.
  /// - Precondition: the network has all classifiers, and `split` has an image.
  func accuracies(on split: DatasetSplit) throws -> [Accuracy] {
    let classes = network.architecture.classes
    var correct = [Int](repeating: 0, count: network.architecture.depth)
    _ = try pass(over: split) { images in
      for level in correct.indices {
        guard let logits = network.logits(level: level + 1) else { preconditionFailure("a level without classifier") }
        for image in 0..<images
        where Answer(logits[image * classes..<(image + 1) * classes]).label == Int(labels.view[image]) {
          correct[level] += 1
        }
      }
    }
    return try communicator.allreduce(correct, .sum).map { Accuracy(correct: $0, total: split.count) }
  }

  /// Classifies this rank's part of `split`; `body` is called after each batch with its number of images.
  private func pass(over split: DatasetSplit, _ body: (Int) -> Void) throws -> EpochTotals {
    let assembler = BatchAssembler(split, normalization: data.normalization)
    let batches = EvaluationBatches(
      count: split.count, batchSize: network.batchCapacity, rank: communicator.rank, ranks: communicator.size)
    var sums = AnswerSums()
    heartbeat.enter(.evaluation)
    for indices in batches {
      assembler.assemble(indices, images: images.view, labels: labels.view)
      network.forward(images.view, images: indices.count)
      sums.add(
        network.crossEntropy(images: indices.count, labels: labels.view), answers: indices.count * network.levels)
      body(indices.count)
    }
    return try sums.combined(communicator, depth: network.architecture.depth)
  }
}
