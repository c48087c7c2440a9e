// Answers of the depths of a search, shallow ones first, for those who would rather have an early answer than a good one.
//
// In a search each depth is trained for its own classifier, so that the blocks of a deeper network are of no use to a
// shallower one's classifier. A cascade therefore asks one whole network after the other, and counts the multiply-adds of
// all that it has asked.

import Foundation
import Images
import ModelExchange
import NeuralNetwork

/// The networks of a search up to the one that it extracted.
public final class Cascade {
  /// What one depth says about a picture.
  public struct Answer: Sendable {
    /// Its residual blocks.
    public let depth: Int
    /// The probability of each class.
    public let probabilities: [Double]
    /// Multiply-adds of this network and of all that were asked before.
    public let multiplyAdds: Int

    /// The probability of the class that it answers.
    public var confidence: Double { probabilities.max() ?? 0 }
  }

  private let networks: [ImageClassifier]

  /// The last network.
  public var last: SavedNetwork { networks[networks.count - 1].saved }
  /// What the last network is.
  public var architecture: Architecture { last.architecture }
  /// The classes, in the order of the probabilities.
  public var classNames: [String] { last.classes.names }
  /// The depths that answer, shallow ones first.
  public var depths: [Int] { networks.map(\.architecture.depth) }

  /// A cascade of one network.
  public init(_ file: ModelFile, path: String, kernels: any Kernels) throws {
    networks = [try ImageClassifier(file, path: path, kernels: kernels)]
  }

  /// The network in `file`, and before it the shallower ones that its search left beside it.
  /// - Parameter path: where `file` is.
  /// - Throws: `PredictionError.noShallowerNetworks`, and what `ImageClassifier` and `ModelFile` throw.
  public init(upTo file: ModelFile, path: String, kernels: any Kernels) throws {
    let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let last = file.weights.architecture
    var networks: [ImageClassifier] = []
    for depth in 1..<max(last.depth, 1) {
      let shallower = "\(directory)/\(ModelFile.name(ofDepth: depth))"
      guard FileManager.default.fileExists(atPath: shallower) else { continue }
      let candidate = try ModelFile(path: shallower)
      guard try candidate.weights.architecture == last.withDepth(depth) else { continue }
      networks.append(try ImageClassifier(candidate, path: shallower, kernels: kernels))
    }
    guard !networks.isEmpty else { throw PredictionError.noShallowerNetworks(file: path, directory: directory) }
    self.networks = networks + [try ImageClassifier(file, path: path, kernels: kernels)]
  }

  /// What the depths say about each picture, until one is sure enough.
  /// - Parameter confidence: the probability of an answer behind which no deeper network is asked.
  public func classify(_ images: [Image], until confidence: Double = .infinity) -> [[Answer]] {
    var answers = [[Answer]](repeating: [], count: images.count)
    var undecided = Array(images.indices)
    var multiplyAdds = 0
    for network in networks where !undecided.isEmpty {
      multiplyAdds += network.architecture.multiplyAdds
      for (index, probabilities) in zip(undecided, network.classify(undecided.map { images[$0] })) {
        answers[index].append(
          Answer(depth: network.architecture.depth, probabilities: probabilities, multiplyAdds: multiplyAdds))
      }
      undecided.removeAll { answers[$0].last.map { $0.confidence >= confidence } ?? false }
    }
    return answers
  }
}
