// Accuracy curves to lead a search through: published ones from Fixtures, and made-up ones.

import DepthSearch
import Foundation

/// Every epoch of one published search.
struct PublishedCurve: Decodable {
  struct Row: Decodable {
    let epoch: Int
    let trainingLoss: Double
    let depth: Int
    /// In percent.
    let accuracy: Double

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      epoch = try values.decode(Int.self)
      trainingLoss = try values.decode(Double.self)
      depth = try values.decode(Int.self)
      accuracy = try values.decode(Double.self)
    }

    /// The row as a result over `total` images.
    func result(of total: Int) -> EpochResult {
      let correct = Int((accuracy * Double(total) / 100).rounded())
      return EpochResult(
        epoch: epoch, depth: depth, validation: Accuracy(correct: correct, total: total), trainingLoss: trainingLoss)
    }
  }

  /// Target less tolerance, in percent.
  let threshold: Double
  let rows: [Row]

  init(named name: String) throws {
    let file = Bundle.module.bundleURL.appendingPathComponent("Fixtures/\(name).json")
    self = try JSONDecoder().decode(PublishedCurve.self, from: Data(contentsOf: file))
  }
}

extension PaperPolicy {
  /// A policy over ResNet-18, whose 8 levels leave room for the maximum depths of the tests.
  init(_ options: SearchOptions, level: Int? = nil, resuming state: SearchState? = nil) throws(SearchError) {
    try self.init(options: options, family: .resnet18, learningRate: 0.01, level: level, resuming: state)
  }

  /// Takes in an epoch with so many of 10,000 images right, which are hundredths of a percent.
  mutating func next(_ correct: Int) -> Decision {
    next(
      EpochResult(
        epoch: state.epoch + 1, depth: state.depth, validation: Accuracy(correct: correct, total: 10_000),
        trainingLoss: 1))
  }

  /// Takes in several epochs; the decisions that followed.
  mutating func next(_ epochs: [Int]) -> [Decision] { epochs.map { next($0) } }
}
