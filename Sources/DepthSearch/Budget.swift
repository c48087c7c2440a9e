// What the network found may cost, and which depths that leaves to a search. What a depth's latency is has to be measured,
// which is left to DistributedTraining.

import Foundation

/// Upper limits on the costs of a network. One is within the budget if it is within all limits; nil is none.
public struct Budget: Codable, Equatable, Sendable {
  /// What can be limited, by the names of the configuration's keys.
  public enum Cost: String, Codable, CaseIterable, Sendable {
    case parameters
    case megabytes
    case multiplyAdds
    case peakActivation
    case latencyMilliseconds
  }

  /// Trained numbers.
  public var parameters: Int?
  /// Parameters as 32-bit floats, in MB of 10⁶ bytes.
  public var megabytes: Double?
  /// Multiply-adds of classifying one image.
  public var multiplyAdds: Int?
  /// Activations alive at once while one image is classified (`Architecture.peakActivationMegabytes`), in MB.
  public var peakActivation: Double?
  /// Milliseconds of classifying one image, where the search runs.
  public var latencyMilliseconds: Double?

  /// A budget with these limits.
  public init(
    parameters: Int? = nil, megabytes: Double? = nil, multiplyAdds: Int? = nil, peakActivation: Double? = nil,
    latencyMilliseconds: Double? = nil
  ) {
    self.parameters = parameters
    self.megabytes = megabytes
    self.multiplyAdds = multiplyAdds
    self.peakActivation = peakActivation
    self.latencyMilliseconds = latencyMilliseconds
  }

  /// The first limit that `network` is beyond; nil if it is within the budget.
  /// - Parameter latency: its milliseconds for an image; nil where they are not known, and not judged.
  public func excess(of network: Architecture, latency: Double? = nil) -> ExcludedDepth? {
    for cost in Cost.allCases {
      let (amount, limit): (Double?, Double?) =
        switch cost {
        case .parameters: (Double(network.parameterCount), parameters.map(Double.init))
        case .megabytes: (network.megabytes, megabytes)
        case .multiplyAdds: (Double(network.multiplyAdds), multiplyAdds.map(Double.init))
        case .peakActivation: (network.peakActivationMegabytes, peakActivation)
        case .latencyMilliseconds: (latency, latencyMilliseconds)
        }
      if let amount, let limit, amount > limit {
        return ExcludedDepth(depth: network.depth, cost: cost, amount: amount, limit: limit)
      }
    }
    return nil
  }

  /// Networks that are within the budget where `network` is not: for each stem stride from its own on, the widest one, if
  /// that is wider than with the strides before. Depth alone does not lower a peak of activations, and width and stride do.
  /// Latencies are not judged.
  public func alternatives(to network: Architecture) -> [Architecture] {
    var alternatives: [Architecture] = []
    for stemStride in Architecture.stemStrides where stemStride >= network.stemStride {
      let least = alternatives.last?.width ?? 0
      let widths = stride(from: network.width, through: Architecture.widths.lowerBound, by: -0.25)
      let widest = widths.lazy.filter { $0 > least }.map { width in
        var alternative = network
        alternative.width = width
        alternative.stemStride = stemStride
        return alternative
      }.first { excess(of: $0) == nil }
      if let widest { alternatives.append(widest) }
    }
    return alternatives
  }
}

extension Architecture {
  /// The configuration's keys of what can vary besides the depth: `network.width: 0.5 with network.stemStride: 1`.
  public var variantKeys: String { "network.width: \(width) with network.stemStride: \(stemStride)" }
}

/// A depth that a budget excludes, with the first limit that it is beyond.
public struct ExcludedDepth: Codable, Equatable, Sendable, CustomStringConvertible {
  /// The depth.
  public let depth: Int
  /// What is limited.
  public let cost: Budget.Cost
  /// What the depth has of it.
  public let amount: Double
  /// What the budget allows.
  public let limit: Double

  /// A depth that has `amount` where `limit` is allowed.
  public init(depth: Int, cost: Budget.Cost, amount: Double, limit: Double) {
    self.depth = depth
    self.cost = cost
    self.amount = amount
    self.limit = limit
  }

  /// For example `depth 3 has 1.520 MB of parameters, over search.budget.megabytes: 1`.
  public var description: String {
    "depth \(depth) has \(amountText), over search.budget.\(cost.rawValue): \(limitText)"
  }

  /// What the depth has, for example `1.520 MB of parameters`.
  public var amountText: String {
    switch cost {
    case .parameters: "\(Int(amount)) parameters"
    case .megabytes: "\(Self.decimal(amount)) MB of parameters"
    case .multiplyAdds: "\(Int(amount)) multiply-adds"
    case .peakActivation: "\(Self.decimal(amount)) MB of activations"
    case .latencyMilliseconds: "\(Self.decimal(amount)) ms for an image"
    }
  }

  /// The limit as it is written.
  public var limitText: String { limit == limit.rounded() && limit < 1e15 ? "\(Int(limit))" : "\(limit)" }

  fileprivate static func decimal(_ number: Double) -> String { String(format: "%.3f", number) }
}

/// The depths of a search that its budget allows, and those that it excludes.
public struct AffordableDepths: Codable, Equatable, Sendable, CustomStringConvertible {
  /// The depths that may be trained.
  public let depths: ClosedRange<Int>
  /// The depths from there up to the deepest that the search could have visited without a budget.
  public let excluded: [ExcludedDepth]
  /// Milliseconds that the depths need for an image, from the first one on, as they were measured; empty where there is no
  /// limit on them.
  public let latencies: [Double]

  /// A line for each of what was measured and what is excluded; empty if there is neither.
  public var description: String {
    var lines: [String] = []
    if !latencies.isEmpty {
      let measured = latencies.enumerated().map {
        "depth \(depths.lowerBound + $0) \(ExcludedDepth.decimal($1)) ms"
      }
      lines.append("latency of one image: " + measured.joined(separator: ", "))
    }
    if let first = excluded.first, let last = excluded.last {
      let name = excluded.count == 1 ? "depth \(first.depth) is" : "depths \(first.depth) to \(last.depth) are"
      lines.append("\(name) over the budget and never trained: \(first)")
    }
    return lines.joined(separator: "\n")
  }
}

extension SearchOptions {
  /// The depths of a search in networks like `network` that the budget allows.
  ///
  /// Parameters, multiply-adds and peak activation never fall from a depth to the next: a block comes with each, the
  /// classifier's features never become fewer, and the peak is a maximum over blocks. Measured latencies may, by chance; a
  /// depth then counts with the highest of those before it. So the depths allowed are those before the first excluded one.
  /// - Parameter latencies: measured milliseconds for an image, from the initial depth on; depths without one are not
  ///   judged by it.
  /// - Throws: `SearchError.depths`, or `SearchError.budget` if even the initial depth is beyond the budget.
  public func affordableDepths(
    of network: Architecture, latencies: [Double] = []
  ) throws(SearchError) -> AffordableDepths {
    let depths = try depths(in: network.family)
    var excluded: [ExcludedDepth] = []
    var latency: Double?
    for (index, depth) in depths.enumerated() {
      if index < latencies.count { latency = max(latency ?? 0, latencies[index]) }
      var network = network
      network.depth = depth
      if let excess = budget.excess(of: network, latency: latency) { excluded.append(excess) }
    }
    guard let first = excluded.first else {
      return AffordableDepths(depths: depths, excluded: [], latencies: latencies)
    }
    if first.depth == depths.lowerBound {
      var shallowest = network
      shallowest.depth = first.depth
      throw .budget(first, alternatives: first.cost == .latencyMilliseconds ? [] : budget.alternatives(to: shallowest))
    }
    return AffordableDepths(
      depths: depths.lowerBound...first.depth - 1, excluded: excluded, latencies: latencies)
  }
}
