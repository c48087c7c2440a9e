// What a network answered to each image of a split.

import Datasets
import Foundation
import NeuralNetwork

/// The answers to images, image by image, in the order of their split.
public struct Predictions: Codable, Equatable, Sendable {
  /// The classes, in the order of their labels.
  public let classNames: [String]
  /// The class of each image.
  public let labels: [Int]
  /// The class that the network took each image for.
  public let predictions: [Int]
  /// The probability that it gave this class, 0…1, to 4 decimals.
  public let confidences: [Double]

  /// The answers to all images of `split`, one of each list for each.
  init(_ split: DatasetSplit, answers: [Int], confidences: [Double]) {
    self.init(
      classNames: split.dataset.classNames, labels: (0..<split.count).map { Int(split.label(at: $0)) },
      predictions: answers, confidences: confidences)
  }

  /// Answers made in code; confidences are rounded.
  /// - Precondition: the lists are of one length, and every label and answer has a class.
  public init(classNames: [String], labels: [Int], predictions: [Int], confidences: [Double]) {
    self.classNames = classNames
    self.labels = labels
    self.predictions = predictions
    self.confidences = confidences.map { ($0 * 10_000).rounded() / 10_000 }
    precondition(problem == nil, "no predictions: \(problem ?? "")")
  }

  /// Reads what `encode(to:)` wrote, and refuses what `init` would.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    classNames = try values.decode([String].self, forKey: .classNames)
    labels = try values.decode([Int].self, forKey: .labels)
    predictions = try values.decode([Int].self, forKey: .predictions)
    confidences = try values.decode([Double].self, forKey: .confidences)
    if let problem {
      throw DecodingError.dataCorrupted(
        DecodingError.Context(codingPath: decoder.codingPath, debugDescription: problem))
    }
  }

  private var problem: String? {
    if labels.count != predictions.count || labels.count != confidences.count {
      return """
        expected as many labels as predictions and confidences, found \(labels.count), \(predictions.count) and \
        \(confidences.count)
        """
    }
    if let wrong = (labels + predictions).first(where: { !classNames.indices.contains($0) }) {
      return "expected classes from 0 to \(classNames.count - 1), found \(wrong)"
    }
    if let wrong = confidences.first(where: { !(0...1).contains($0) }) {
      return "expected confidences from 0 to 1, found \(wrong)"
    }
    return nil
  }

  /// How often images of a class, the row, were taken for another one, the column.
  public var confusion: [[Int]] {
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classNames.count), count: classNames.count)
    for (label, answer) in zip(labels, predictions) { counts[label][answer] += 1 }
    return counts
  }

  /// The images that were taken for another class, those with the most confident answers first.
  public var mistakes: [Int] {
    let wrong = labels.indices.filter { labels[$0] != predictions[$0] }
    return wrong.sorted { (confidences[$1], $0) < (confidences[$0], $1) }
  }
}

/// The class with the largest logit, the first one of equals, and its softmax.
struct Answer {
  let label: Int
  let confidence: Double

  init(_ logits: FloatView) {
    var label = 0
    for i in 0..<logits.count where logits[i] > logits[label] { label = i }
    let sum = (0..<logits.count).reduce(0.0) { $0 + exp(Double(logits[$1]) - Double(logits[label])) }
    self.label = label
    confidence = sum.isFinite ? 1 / max(sum, 1) : 0
  }
}
