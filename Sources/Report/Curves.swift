// Accuracy and loss over the epochs, and accuracy against size.

import Foundation
import Telemetry

extension RunRecord {
  /// Accuracy and loss, each a chart.
  var curves: Markup {
    guard let first = epochs.first, let last = epochs.last else {
      return "<p class=\"note\">No epoch of the search has ended yet.</p>"
    }
    let range = Double(first.training.epoch)...Double(last.training.epoch)
    let marks = growths.map { Mark(position: Double($0.epoch) - 0.5, text: "d\($0.depth)") }
    func points(_ value: (Epoch) -> Double) -> [(x: Double, y: Double)] {
      epochs.map { (Double($0.training.epoch), value($0)) }
    }
    var validation = Series(name: "validation", colour: 0, points: points(\.validationAccuracy))
    validation.tip = { index in
      let epoch = epochs[index]
      return "epoch \(epoch.training.epoch), depth \(epoch.training.depth): \(percent(epoch.validationAccuracy))"
    }
    let training = Series(
      name: "training", colour: 1, points: points(\.training.trainingAccuracy), isDashed: true)
    let goal = plan.options.goal
    let accuracy = Chart(
      title: "Accuracy over the epochs", xName: "epoch", x: range,
      y: Scale.range(of: (validation.points + training.points).map(\.y) + [goal].compactMap(\.self), atMost: 100),
      xText: { "\(Int($0))" }, yText: { Format.shortest($0) })
    let losses = Series(name: "training loss", colour: 1, points: points(\.training.trainingLoss))
    let loss = Chart(
      title: "Training loss over the epochs", xName: "epoch", x: range, y: Scale.range(of: losses.points.map(\.y)),
      xText: { "\(Int($0))" }, yText: { Format.shortest($0) })
    return """
      <figure><figcaption>Accuracy, %</figcaption>\
      \(Chart.legend([("validation", 0), ("training, dashed", 1)]))\
      \(accuracy.svg([training, validation], growths: marks, target: goal.map { Mark(position: $0, text: "target \(Format.shortest($0))") }, showsPoints: epochs.count <= 60))\
      </figure><figure><figcaption>Training loss</figcaption>\
      \(Chart.legend([("mean cross-entropy of an epoch", 1)]))\
      \(loss.svg([losses], growths: marks))</figure>
      """
  }

  /// Accuracy against parameters and against multiply-adds.
  var sizes: Markup {
    let depths = depths
    guard !depths.isEmpty else { return .empty }
    let goal = plan.options.goal
    func chart(_ name: String, colour: Int, _ size: (Depth) -> Double, whole: Double) -> Markup {
      let points = depths.map { (x: size($0), y: $0.accuracy) }.sorted { $0.x < $1.x }
      let ordered = depths.sorted { size($0) < size($1) }
      var series = Series(name: "each depth", colour: colour, points: points)
      series.label = { "d\(ordered[$0].depth)" }
      series.tip = { index in
        "depth \(ordered[index].depth): \(percent(ordered[index].accuracy)) with \(Format.short(points[index].x)) \(name)"
      }
      let chart = Chart(
        title: "Accuracy against \(name)", xName: name, x: (points[0].x / 1.4)...(whole * 1.2),
        y: Scale.range(of: points.map(\.y) + [goal].compactMap(\.self), atMost: 100), isLogarithmic: true,
        xText: { Format.short($0) }, yText: { Format.shortest($0) })
      return """
        <figure><figcaption>Best validation accuracy against \(name)</figcaption>\
        \(chart.svg([series], growths: [Mark(position: whole, text: "whole")], target: goal.map { Mark(position: $0, text: "target \(Format.shortest($0))") }, showsPoints: true))\
        </figure>
        """
    }
    return """
      \(chart("parameters", colour: 0, { Double($0.network.parameterCount) }, whole: Double(whole.parameterCount)))\
      \(chart("multiply-adds", colour: 2, { Double($0.network.multiplyAdds) }, whole: Double(whole.multiplyAdds)))
      """
  }
}

/// For example `98.48 %`.
func percent(_ number: Double) -> String { Format.decimal(number, 2) + " %" }

extension Format {
  /// For example `75.3 K` or `11.2 M`.
  static func short(_ number: Double) -> String {
    let units = [(1e9, " G"), (1e6, " M"), (1e3, " K")]
    guard let unit = units.first(where: { number >= $0.0 * 0.9995 }) else { return shortest(number) }
    return shortest(number / unit.0) + unit.1
  }

  /// A number with three digits at most, and no zeros at its end.
  static func shortest(_ number: Double) -> String { String(format: "%.3g", number).replacing("e+0", with: "e") }
}
