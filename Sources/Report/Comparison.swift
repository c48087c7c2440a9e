// Several runs side by side.

import Foundation
import Telemetry

/// Runs that are looked at together.
struct Comparison {
  let runs: [RunRecord]

  var section: Markup {
    """
    <section><h2>Side by side</h2>\(table)<div class="charts">\(curves)\(sizes)\(scaling)</div></section>
    """
  }

  /// Runs in the page's six colours; those after them have the colours again.
  private var legend: Markup { Chart.legend(runs.enumerated().map { ($1.name, $0 % 6) }) }

  private var table: Markup {
    let rows = runs.enumerated().map { index, run -> Markup in
      let network = run.network
      let result = run.result
      let met = result.map { $0.outcome.targetMet ? "met" : "missed" } ?? run.state.words
      return """
        <tr><th><i class="b\(index % 6)"></i>\(run.name)</th><td>\(network.name)</td><td>\(network.depth)</td>\
        <td>\(met)</td><td>\(result.map { Format.decimal($0.validationAccuracy, 2) } ?? "–")</td>\
        <td>\(result.map { Format.decimal($0.testAccuracy, 2) } ?? "–")</td>\
        <td>\(Format.short(Double(network.parameterCount)))</td><td>\(Format.short(Double(network.multiplyAdds)))</td>\
        <td>\(run.ranks)</td><td>\(Format.duration(run.result?.seconds ?? run.seconds))</td></tr>
        """
    }
    return """
      <div class="scroll"><table><thead><tr><th>run</th><th>network</th><th>depth</th><th>target</th>\
      <th>validation %</th><th>test %</th><th>parameters</th><th>multiply-adds</th><th>ranks</th><th>time</th></tr></thead>\
      <tbody>\(rows)</tbody></table></div>
      """
  }

  private var curves: Markup {
    let series = runs.enumerated().filter { !$1.epochs.isEmpty }.map { index, run in
      Series(
        name: run.name, colour: index % 6, points: run.epochs.map { (Double($0.training.epoch), $0.validationAccuracy) }
      )
    }
    guard !series.isEmpty else { return .empty }
    let points = series.flatMap(\.points)
    let chart = Chart(
      title: "Validation accuracy over the epochs", xName: "epoch", x: 1...max(2, points.map(\.x).max() ?? 2),
      y: Scale.range(of: points.map(\.y), atMost: 100), xText: { "\(Int($0))" }, yText: { Format.shortest($0) })
    return "<figure><figcaption>Validation accuracy, %</figcaption>\(legend)\(chart.svg(series))</figure>"
  }

  private var sizes: Markup {
    let series = runs.enumerated().compactMap { index, run -> Series? in
      let depths = run.depths.sorted { $0.depth < $1.depth }
      if depths.isEmpty { return nil }
      var series = Series(
        name: run.name, colour: index % 6, points: depths.map { (Double($0.network.parameterCount), $0.accuracy) })
      series.label = { "d\(depths[$0].depth)" }
      series.tip = { "\(run.name), depth \(depths[$0].depth): \(percent(depths[$0].accuracy))" }
      return series
    }
    let points = series.flatMap(\.points)
    guard let least = points.map(\.x).min(), let most = points.map(\.x).max() else { return .empty }
    let chart = Chart(
      title: "Accuracy against parameters", xName: "parameters", x: least / 1.4...most * 1.4,
      y: Scale.range(of: points.map(\.y), atMost: 100), isLogarithmic: true, xText: { Format.short($0) },
      yText: { Format.shortest($0) })
    return """
      <figure><figcaption>Best validation accuracy of each depth against parameters</figcaption>\(legend)\
      \(chart.svg(series, showsPoints: true))</figure>
      """
  }

  /// Images per second against ranks, at a depth that all of these runs have trained.
  private var scaling: Markup {
    let networks = Set(runs.map(\.plan.largest.name))
    let shared = runs.map { Set($0.depths.map(\.depth)) }.reduce(Set(runs.first?.depths.map(\.depth) ?? [])) {
      $0.intersection($1)
    }
    guard networks.count == 1, Set(runs.map(\.ranks)).count > 1, let depth = shared.min() else { return .empty }
    let speeds = runs.map { run in (run, run.depths.first { $0.depth == depth }?.imagesPerSecond ?? 0) }
      .sorted { ($0.0.ranks, $1.1) < ($1.0.ranks, $0.1) }
    guard let base = speeds.first, base.1 > 0 else { return .empty }
    let rows = speeds.map { run, speed -> Markup in
      let times = speed / base.1
      let efficiency = 100 * times * Double(base.0.ranks) / Double(run.ranks)
      return """
        <tr><th>\(run.name)</th><td>\(run.ranks)</td><td>\(Format.count(Int(speed)))</td>\
        <td>\(Format.decimal(times, 2))×</td><td>\(Format.decimal(efficiency, 0)) %</td></tr>
        """
    }
    return """
      <figure><figcaption>Scaling at depth \(depth)</figcaption><div class="scroll"><table><thead><tr><th>run</th>\
      <th>ranks</th><th>images/s</th><th>speed-up</th><th>efficiency</th></tr></thead><tbody>\(rows)</tbody></table></div>\
      <p class="note">Efficiency is against the run with the fewest ranks: its images per second and rank are 100 %.</p></figure>
      """
  }
}

extension RunRecord.State {
  /// In a word.
  var words: String {
    switch self {
    case .finished: "finished"
    case .interrupted: "interrupted"
    case .going: "still going"
    }
  }
}
