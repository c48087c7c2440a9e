// What can go wrong between ranks, and while training.

import NeuralNetwork

/// Why a distributed training cannot start or go on.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// More ranks than images to share among them, and which images these are.
  case tooManyRanks(ranks: Int, images: Int, of: String)
  /// A part of the data set has no images.
  case noImages(of: String)
  /// The images are not those that the network reads.
  case imageShape(expected: ImageShape, found: ImageShape)
  /// The images have more or fewer classes than the network tells apart.
  case classes(expected: Int, found: Int)
  /// The loss is infinite or not a number.
  case diverged(depth: Int, loss: Double)
  /// Ranks whose weights differ from rank 0's although all must be equal.
  case ranksDisagree(ranks: [Int])
  /// A step that all ranks take failed on one of them.
  case rankFailed(rank: Int, reason: String, isUsage: Bool)

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .tooManyRanks(let ranks, let images, let part):
      "\(ranks) ranks cannot share \(images) \(part): start as many ranks as there are images, or fewer"
    case .noImages(let part): "the \(part) part of the data set has no images: it needs one at least"
    case .imageShape(let expected, let found):
      "the network reads images of \(expected), the data set has \(found): choose the data set it was made for"
    case .classes(let expected, let found):
      "the network tells \(expected) classes apart, the data set has \(found): choose the data set it was made for"
    case .diverged(let depth, let loss):
      "the loss became \(loss) at depth \(depth): lower training.learningRate or warmUp.learningRate"
    case .ranksDisagree(let ranks):
      "the weights of ranks \(ranks.map(String.init).joined(separator: ", ")) differ from rank 0's, which must not "
        + "happen: check that all hosts run the same program and library versions, and their memory"
    case .rankFailed(let rank, let reason, _): rank == 0 ? reason : "rank \(rank): \(reason)"
    }
  }

  /// Whether the user asked for something impossible, as opposed to something that failed.
  public var isUsage: Bool {
    switch self {
    case .tooManyRanks, .noImages, .imageShape, .classes: true
    case .rankFailed(_, _, let isUsage): isUsage
    case .diverged, .ranksDisagree: false
    }
  }
}
