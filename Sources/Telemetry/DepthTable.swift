// The table after each depth: what the depths so far cost and what they reached.

import DepthSearch
import DistributedTraining
import NeuralNetwork

/// The depths that were trained so far, a row for each.
public struct DepthTable: CustomStringConvertible {
  /// What is known of a depth.
  struct Row {
    let depth: Int
    var epochs = 0
    var seconds = 0.0
    /// That of the weights that were kept.
    var accuracy: Accuracy?
  }

  private let largest: Architecture
  private var rows: [Row] = []

  /// A table without rows, for a search that may reach `largest`.
  public init(largest: Architecture) {
    self.largest = largest
  }

  /// The highest validation accuracy of all depths, in percent.
  public var best: Double? { rows.compactMap(\.accuracy?.percent).max() }

  /// Takes in what a search did before it was continued; how long it took is not known any more.
  public mutating func add(_ record: DepthRecord) {
    rows.append(Row(depth: record.depth, epochs: record.epochs, accuracy: record.accuracy))
  }

  /// Takes in an epoch.
  public mutating func add(_ record: EpochRecord, _ result: EpochResult, _ decision: Decision) {
    if rows.last?.depth != record.depth { rows.append(Row(depth: record.depth)) }
    let last = rows.count - 1
    rows[last].epochs += 1
    rows[last].seconds += record.trainingSeconds + record.validationSeconds
    if decision.keepsWeights { rows[last].accuracy = result.validation }
  }

  /// The text, several lines.
  public var description: String {
    var table = TextTable([
      ("depth", .right), ("parameters", .right), ("MB", .right), ("multiply-adds", .right), ("epochs", .right),
      ("time", .right), ("validation %", .right),
    ])
    for row in rows {
      guard let network = try? largest.withDepth(row.depth) else { continue }
      table.add([
        "\(row.depth)", Format.count(network.parameterCount), Format.decimal(network.megabytes, 3),
        Format.decimal(Double(network.multiplyAdds) / 1e6, 2) + " M", "\(row.epochs)",
        row.seconds > 0 ? Format.duration(row.seconds) : "",
        row.accuracy.map { Format.decimal($0.percent, 2) } ?? "",
      ])
    }
    return table.description
  }
}
