// Fits the coefficients of a model of curves to curves.

import DepthSearch
import Foundation

extension CurveModel {
  /// The model under which the ends of searches are most probable, each data set counting alike, and each curve alike.
  /// - Parameter searches: one at least.
  package static func fitted(to searches: [RecordedSearch]) -> CurveModel {
    let curves = Dictionary(grouping: searches, by: \.dataset).mapValues { searches in
      searches.flatMap { search in
        search.curves.indices.map { search.looks(at: $0) + [search.forecast(of: $0)].compactMap(\.self) }
      }
    }
    let datasets = curves.sorted { $0.key < $1.key }.map(\.value)
    let start = coefficients.map { log($0.start) }
    let best = minimum(from: start, steps: 1_500) { logarithms in
      let model = CurveModel(logarithms: logarithms)
      let surprise = datasets.reduce(0) { $0 + $1.map(model.surprise).mean }
      // Holds what the curves do not tell where it was.
      let shift = zip(logarithms, start).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return surprise / Double(datasets.count) + 0.01 * shift
    }
    return CurveModel(logarithms: best)
  }

  /// The coefficients that are fitted, all of them above 0, and where the fit starts.
  package static var coefficients: [(path: WritableKeyPath<CurveModel, Double>, start: Double)] {
    [
      (\.gain, 0.15), (\.gainPerJump, 1.7), (\.gainPerRise, 0.1), (\.gainSpread, 0.11), (\.gainNoise, 0.57),
      (\.curveNoise, 0.39), (\.depthGain, 0.28), (\.depthNoise, 0.63), (\.counting, 0.19),
    ]
  }

  private init(logarithms: [Double]) {
    self.init()
    for (coefficient, logarithm) in zip(Self.coefficients, logarithms) {
      self[keyPath: coefficient.path] = exp(logarithm)
    }
  }

  /// The negative logarithm of how probable the end of a curve is, as the mean over the looks at it.
  private func surprise(at looks: [Look]) -> Double {
    looks.map { look in
      let estimate = end(of: look.course)
      let z = (look.end.logOdds - estimate.logOdds) / estimate.spread
      return (EndEstimate.freedom + 1) / 2 * log(1 + z * z / EndEstimate.freedom) + log(estimate.spread)
    }.mean
  }

  /// Where `function` has a minimum. Nelder & Mead, "A simplex method for function minimization" (1965).
  private static func minimum(
    from start: [Double], steps: Int, of function: ([Double]) -> Double
  ) -> [Double] {
    func between(_ a: [Double], _ b: [Double], _ share: Double) -> [Double] { zip(a, b).map { $0 + share * ($1 - $0) } }
    var simplex =
      [start]
      + start.indices.map { index in
        var corner = start
        corner[index] += 0.25
        return corner
      }
    var values = simplex.map(function)
    for _ in 0..<steps {
      let order = values.indices.sorted { values[$0] < values[$1] }
      (simplex, values) = (order.map { simplex[$0] }, order.map { values[$0] })
      let worst = simplex.count - 1
      let others = simplex[..<worst]
      let middle = start.indices.map { index in others.map { $0[index] }.mean }
      func tried(_ share: Double) -> (point: [Double], value: Double) {
        let point = between(middle, simplex[worst], share)
        return (point, function(point))
      }
      var next = tried(-1)
      if next.value < values[0] {
        let further = tried(-2)
        if further.value < next.value { next = further }
      } else if next.value >= values[worst - 1] {
        next = tried(next.value < values[worst] ? -0.5 : 0.5)
      }
      if next.value < values[worst] {
        (simplex[worst], values[worst]) = next
      } else {
        for index in 1...worst {
          simplex[index] = between(simplex[0], simplex[index], 0.5)
          values[index] = function(simplex[index])
        }
      }
    }
    return values.indices.min { values[$0] < values[$1] }.map { simplex[$0] } ?? start
  }
}
