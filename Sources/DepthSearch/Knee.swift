// Where more depth begins to bring little: the bend of the curve of accuracy against the logarithm of the parameters.

import Foundation

/// The knee of accuracy against cost, as far as levels have been trained, and the levels that have to be trained to find it.
///
/// With x_d the logarithm of depth d's parameters and a_d its best validation accuracy, the line goes from (x_f, a_f) of the
/// first level f to (x_l, A) of the last one l, with A = max(a_f, a_l). The height of a level above it is
///
///     h_d = a_d − a_f − (A − a_f)·(x_d − x_f)/(x_l − x_f)
///
/// and the knee is the level with the greatest height, the shallower one of equals. It is where accuracy against the
/// logarithm of parameters bends most, in the sense of Satopää et al., "Finding a 'Kneedle' in a Haystack" (2011), whose
/// difference of both axes scaled to 0…1 is h_d/(A − a_f). Where nothing is gained by depth it is the first level.
struct Knee {
  /// A level that was trained.
  struct Point {
    let depth: Int
    /// In percent.
    let accuracy: Double
  }

  private let depths: ClosedRange<Int>
  /// The logarithm of each level's parameters, from the first one on.
  private let costs: [Double]

  /// The levels `depths` of `network`, which are all levels of its family.
  init(_ network: Architecture, depths: ClosedRange<Int>) {
    self.depths = depths
    costs = depths.map { depth in
      var network = network
      network.depth = depth
      return log(Double(network.parameterCount))
    }
  }

  /// How far each of `points` lies above the line, in points of a percent; 0 as long as an end of it is not known.
  func heights(of points: [Point]) -> [Double] {
    guard let first = points.first(where: { $0.depth == depths.lowerBound }),
      let last = points.first(where: { $0.depth == depths.upperBound }), depths.count > 1
    else { return points.map { _ in 0 } }
    let rise = max(last.accuracy - first.accuracy, 0)
    return points.map { point in
      let run = (costs[point.depth - depths.lowerBound] - costs[0]) / (costs[costs.count - 1] - costs[0])
      return point.accuracy - first.accuracy - rise * run
    }
  }

  /// The level of `points`, at least one, that is the knee as far as is known.
  func depth(of points: [Point]) -> Int {
    let best = zip(points, heights(of: points)).reduce((points[0].depth, -Double.infinity)) { best, next in
      let (point, height) = next
      return height > best.1 || (height == best.1 && point.depth < best.0) ? (point.depth, height) : best
    }
    return best.0
  }

  /// The level to train next, after `points`; nil if the knee is known.
  ///
  /// Both ends come first. Where accuracy against the logarithm of parameters is concave, heights rise up to the knee and
  /// fall after it, so that it lies between the levels before and after the highest one: the middle of the wider gap is
  /// next, until there is none.
  func next(after points: [Point]) -> Int? {
    let trained = points.map(\.depth)
    for end in [depths.lowerBound, depths.upperBound] where !trained.contains(end) { return end }
    let knee = depth(of: points)
    let before = (trained.filter { $0 < knee }.max() ?? knee - 1) + 1..<knee
    let after = knee + 1..<(trained.filter { $0 > knee }.min() ?? knee + 1)
    let wider = before.count >= after.count ? before : after
    return wider.isEmpty ? nil : wider.lowerBound + (wider.count - 1) / 2
  }
}
