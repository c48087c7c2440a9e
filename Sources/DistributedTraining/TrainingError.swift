// What can go wrong between ranks, and while training.

import NeuralNetwork

/// Why a distributed training cannot start or go on.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
  /// More ranks than images to share among them.
  case tooManyRanks(ranks: Int, images: Int, of: String)
  /// A part of the data set has no images.
  case noImages(of: String)
  /// The images are not those that the network reads.
  case imageShape(expected: ImageShape, found: ImageShape)
  /// The loss is infinite or not a number.
  case diverged(epoch: Int, depth: Int, loss: Double, learningRate: Double)
  /// Ranks whose weights differ from rank 0's although all must be equal.
  case ranksDisagree(ranks: [Int], epoch: Int)
  /// A step that all ranks take failed on one of them.
  case rankFailed(rank: Int, reason: String, isUsage: Bool)

  /// What was expected, what was found, and what to do.
  public var description: String {
    switch self {
    case .tooManyRanks(let ranks, let images, let part):
      "\(ranks) ranks cannot share \(images) images (\(part)): start at most \(images) ranks, or give them more images"
    case .noImages(let part): "the \(part) part of the data set has no images: it needs one at least"
    case .imageShape(let expected, let found):
      "the network reads images of \(expected), the data set has \(found): choose the data set it was made for"
    case .diverged(let epoch, let depth, let loss, let learningRate):
      "the training loss became \(loss) in epoch \(epoch) at depth \(depth) with learning rate \(learningRate): "
        + "lower training.learningRate or warmUp.learningRate"
    case .ranksDisagree(let ranks, let epoch):
      "after epoch \(epoch) the weights of ranks \(ranks.map(String.init).joined(separator: ", ")) differ from rank "
        + "0's, which must not happen: check that all hosts run the same program and library versions, and their memory"
    case .rankFailed(_, let reason, _): reason
    }
  }

  /// Whether the user asked for something impossible, as opposed to something that failed.
  public var isUsage: Bool {
    switch self {
    case .tooManyRanks, .noImages, .imageShape: true
    case .rankFailed(_, _, let isUsage): isUsage
    case .diverged, .ranksDisagree: false
    }
  }
}
