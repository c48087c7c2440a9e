// The table at the end of a search.

import DepthSearch
import DistributedTraining
import NeuralNetwork

/// The depths that were trained, the network that was found, and the whole network beside it.
public struct ResultTable: CustomStringConvertible {
  private let result: SearchResult

  /// The table of `result`.
  public init(_ result: SearchResult) {
    self.result = result
  }

  /// The text, several lines.
  public var description: String {
    var table = TextTable([
      ("", .left), ("parameters", .right), ("MB", .right), ("multiply-adds", .right), ("epochs", .right),
      ("validation %", .right), ("met", .left), ("test %", .right),
    ])
    let known = TradeOff(result)
    for depth in known.depths {
      guard let network = try? result.architecture.withDepth(depth.depth) else { continue }
      table.add(
        row(
          "depth \(depth.depth)", network, "\(depth.epochs)", depth.accuracyText,
          met: depth.met.map { $0 ? "yes" : "no" } ?? ""))
    }
    let found = result.architecture
    table.add(
      row(
        "found: depth \(found.depth)", found, "", Format.decimal(result.validationAccuracy, 2),
        test: Format.decimal(result.testAccuracy, 2)))
    if let whole = try? found.withDepth(found.family.maximumDepth) {
      // Its accuracy is known only where the search has gone that far.
      let best = known.depths.first { $0.depth == whole.depth }
      table.add(row("whole \(found.name)", whole, "", best?.accuracyText ?? ""))
      table.add(share(of: found, in: whole))
    }
    let trained = result.depths.count
    // How sure it is to miss is in the outcome.
    let shallower = known.shallower.flatMap { $0.missesProbability == nil ? "\n\($0)" : nil } ?? ""
    return """
      \(table)

      \(result.outcome)\(shallower)
      trained \(trained) \(trained == 1 ? "depth" : "depths"); smaller than the whole network by \
      \(Format.decimal(found.reduction.parameters, 2)) % of the parameters and \
      \(Format.decimal(found.reduction.multiplyAdds, 2)) % of the multiply-adds
      \(Format.count(result.imagesTrained)) images trained on in \(Format.duration(result.seconds)) by \(result.ranks) \
      \(result.ranks == 1 ? "rank" : "ranks")
      """
  }

  /// What is left of the whole network.
  private func share(of found: Architecture, in whole: Architecture) -> [String] {
    func percent(_ part: Int, _ all: Int) -> String { Format.decimal(100 * Double(part) / Double(all), 2) + " %" }
    let parameters = percent(found.parameterCount, whole.parameterCount)
    return ["found / whole", parameters, parameters, percent(found.multiplyAdds, whole.multiplyAdds), "", "", "", ""]
  }

  private func row(
    _ name: String, _ network: Architecture, _ epochs: String, _ validation: String, met: String = "", test: String = ""
  ) -> [String] {
    [
      name, Format.count(network.parameterCount), Format.decimal(network.megabytes, 3),
      Format.decimal(Double(network.multiplyAdds) / 1e6, 2) + " M", epochs,
      validation, met, test,
    ]
  }
}
