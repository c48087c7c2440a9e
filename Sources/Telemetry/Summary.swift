// The result of a search in one small file: what was found, what it costs, and how it was come by.

import DepthSearch
import DistributedTraining
import NeuralNetwork

/// The contents of `summary.json`.
public struct Summary: Codable, Equatable, Sendable {
  /// The family of the network found, such as `resnet18`.
  public let architecture: String
  /// What the family's channels are multiplied by.
  public let width: Double
  /// The stride of its stem.
  public let stemStride: Int
  /// Residual blocks that it keeps.
  public let depth: Int
  /// Whether its validation accuracy is at least target − tolerance, unrounded; with another objective, whether the search
  /// has come to its end.
  public let targetMet: Bool
  /// How the search ended, in words.
  public let outcome: String
  /// Validation accuracy aimed at, in percent; left out where something else was looked for.
  public let target: Double?
  /// How far below it still counts as met, in points.
  public let tolerance: Double?
  /// Validation accuracy of the network found, in percent.
  public let validationAccuracy: Double
  /// Its accuracy on the test images, which took part in no decision, in percent.
  public let testAccuracy: Double
  /// Its parameters.
  public let parameters: Int
  /// Their size as 32-bit floats, in MB of 10⁶ bytes.
  public let megabytes: Double
  /// Its multiply-adds per image, in a forward pass.
  public let multiplyAdds: Int
  /// How much smaller it is than the whole network of its family and width, by parameters.
  public let reductionPercent: Double
  /// How much smaller it is by multiply-adds.
  public let multiplyAddsReductionPercent: Double
  /// Epochs spent on each depth that was trained.
  public let epochsPerDepth: [String: Int]
  /// The validation accuracy that stands for each depth that was trained, in percent.
  public let validationAccuracyPerDepth: [String: Double]
  /// Images trained on, one count per image and epoch, warm-up included.
  public let imagesTrained: Int
  /// Wall time of the search.
  public let seconds: Double
  /// Ranks that trained together.
  public let ranks: Int
  /// Neighbouring ranks that normalized a batch together.
  public let batchNormRanks: Int?

  /// The depths that were trained beside each other, shallowest first.
  public let tradeOff: [TradeOff.Row]
  /// What is known of the depth before the one found; left out where there is none, or it is not asked for.
  public let shallower: TradeOff.Shallower?
  /// What would tell more, and its cost; left out where nothing would.
  public let longerSearch: TradeOff.LongerSearch?

  /// The summary of `result`.
  public init(_ result: SearchResult) {
    let network = result.architecture
    architecture = network.family.rawValue
    width = network.width
    stemStride = network.stemStride
    depth = network.depth
    targetMet = result.outcome.targetMet
    outcome = result.outcome.description
    target = result.outcome.target
    tolerance = result.outcome.tolerance
    validationAccuracy = result.validationAccuracy
    testAccuracy = result.testAccuracy
    parameters = network.parameterCount
    megabytes = network.megabytes
    multiplyAdds = network.multiplyAdds
    reductionPercent = network.reduction.parameters
    multiplyAddsReductionPercent = network.reduction.multiplyAdds
    epochsPerDepth = Dictionary(uniqueKeysWithValues: result.depths.map { (String($0.depth), $0.epochs) })
    validationAccuracyPerDepth = Dictionary(
      uniqueKeysWithValues: result.depths.compactMap { record in
        record.accuracy.map { (String(record.depth), $0.percent) }
      })
    imagesTrained = result.imagesTrained
    seconds = result.seconds
    ranks = result.ranks
    batchNormRanks = result.batchNormRanks
    let known = TradeOff(result)
    tradeOff = known.depths
    shallower = known.shallower
    longerSearch = known.longerSearch
  }
}
