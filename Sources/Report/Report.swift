// The page: one file that needs no network, of any number of runs.

import Foundation
import Telemetry

/// A report on runs, as one HTML file with everything in it.
public struct Report: Sendable {
  /// A run, and pictures of the test images that it got wrong.
  public struct Entry: Sendable {
    let run: RunRecord
    let thumbnails: Thumbnails

    /// A run with pictures, or the reason why there are none.
    public init(_ run: RunRecord, thumbnails: Thumbnails) {
      self.run = run
      self.thumbnails = thumbnails
    }
  }

  private let entries: [Entry]

  /// A report on the runs, in this order.
  public init(_ entries: [Entry]) {
    self.entries = entries
  }

  /// The file's text, UTF-8.
  public var html: String {
    let title = entries.count == 1 ? entries[0].run.name : "\(entries.count) runs"
    let comparison = entries.count > 1 ? Comparison(runs: entries.map(\.run)).section : .empty
    // The policy lets a browser fetch nothing, whatever the texts of a run hold.
    return
      ("""
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src \
    'unsafe-inline'; img-src data:">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(title) – odn</title>
    <style>\(Style.sheet)</style></head>
    <body><main>\(comparison)\(entries.map(\.article))</main><output id="tip" hidden></output>
    <script>\(Style.script)</script></body></html>

    """ as Markup).text
  }
}

extension Report.Entry {
  /// Everything about one run.
  fileprivate var article: Markup {
    """
    <article><header><p class="kind">odn run</p><h1>\(run.name)</h1>\(verdict)\(tiles)</header>
    <section><h2>Training</h2><div class="charts">\(run.curves)</div>\(decisions)</section>
    <section><h2>How deep is enough</h2>\(run.architectureDrawing)<div class="charts">\(run.sizes)</div>\(tradeOff)</section>
    <section><h2>Where the time went</h2><div class="charts">\(run.times)</div></section>
    <section><h2>What it gets wrong</h2>\(answers)</section>
    <section><h2>How it was run</h2>\(setup)</section></article>

    """
  }

  private var verdict: Markup {
    guard let result = run.result else {
      let depth = run.epochs.last.map { "at depth \($0.training.depth), after epoch \($0.training.epoch)" } ?? ""
      return "<p class=\"verdict\"><b class=\"open\">\(run.state.words)</b> \(depth)</p>"
    }
    let met = result.outcome.targetMet
    let aim = (result.outcome.objective ?? .target) == .target ? "target" : "objective"
    let style: Markup = met ? "met" : "missed"
    return """
      <p class="verdict"><b class="\(style)">\(aim) \(met ? "met" : "missed")</b> \(result.outcome.description)</p>
      """
  }

  private var tiles: Markup {
    let network = run.network
    var tiles: [(String, String, String)] = []
    if let result = run.result {
      tiles.append(("test accuracy", percent(result.testAccuracy), "validation \(percent(result.validationAccuracy))"))
    } else if let best = run.epochs.map(\.validationAccuracy).max() {
      tiles.append(("best validation", percent(best), run.plan.options.aim))
    }
    tiles.append(
      (
        run.result == nil ? "depth now" : "depth found", "\(network.depth)",
        "of \(network.family.maximumDepth), \(network.name)"
      ))
    tiles.append(
      (
        "parameters", Format.short(Double(network.parameterCount)),
        "\(Format.decimal(network.reduction.parameters, 2)) % fewer than the whole"
      ))
    tiles.append(
      (
        "multiply-adds", Format.short(Double(network.multiplyAdds)),
        "\(Format.decimal(network.reduction.multiplyAdds, 2)) % fewer than the whole"
      ))
    tiles.append(
      (
        "time", Format.duration(run.result?.seconds ?? run.seconds), "\(run.ranks) \(run.ranks == 1 ? "rank" : "ranks")"
      ))
    let boxes = tiles.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd><dd class=\"note\">\($0.2)</dd></div>" as Markup }
    return "<dl class=\"tiles\">\(boxes)</dl>"
  }

  private var decisions: Markup {
    let rows = run.epochs.filter { !$0.decision.explanation.isEmpty }.map { epoch -> Markup in
      """
      <tr><th>\(epoch.training.epoch)</th><td>\(epoch.training.depth)</td>\
      <td>\(Format.decimal(epoch.validationAccuracy, 2))</td><td>\(epoch.decision.explanation)</td></tr>
      """
    }
    if rows.isEmpty { return .empty }
    return """
      <details><summary>\(rows.count) decisions</summary><div class="scroll"><table class="words"><thead><tr><th>epoch</th>\
      <th>depth</th><th>validation %</th><th>decision</th></tr></thead><tbody>\(rows)</tbody></table></div></details>
      """
  }

  private var tradeOff: Markup {
    guard let known = run.result.map(TradeOff.init), !known.depths.isEmpty else { return .empty }
    let rows = known.depths.map { depth -> Markup in
      """
      <tr><th>\(depth.depth)</th><td>\(Format.count(depth.parameters))</td><td>\(Format.decimal(depth.megabytes, 3))</td>\
      <td>\(Format.decimal(Double(depth.multiplyAdds) / 1e6, 2)) M</td><td>\(depth.epochs)</td>\
      <td>\(depth.accuracyText)</td><td>\(depth.met.map { $0 ? "yes" : "no" } ?? "–")</td></tr>
      """
    }
    let notes = [known.shallower.map { "\($0)" }, known.longerSearch.map { "\($0)" }].compactMap(\.self)
    return """
      <div class="scroll"><table><thead><tr><th>depth</th><th>parameters</th><th>MB</th><th>multiply-adds</th><th>epochs</th>\
      <th>validation % ± standard error</th><th>met</th></tr></thead><tbody>\(rows)</tbody></table></div>\
      \(notes.map { "<p class=\"note\">\($0)</p>" as Markup })
      """
  }

  private var answers: Markup {
    guard let predictions = run.predictions, !predictions.labels.isEmpty else {
      return
        "<p class=\"note\">Test images are classified when a search has ended; this run has not left any answers.</p>"
    }
    let wrong = predictions.mistakes.count
    return """
      <p>\(Format.count(wrong)) of \(Format.count(predictions.labels.count)) test images were taken for another class.</p>\
      <div class="charts"><figure><figcaption>Confusion matrix</figcaption>\
      <p class="note">A row for each class, a column for each answer, darker with the share of the row.</p>\
      \(predictions.confusionDrawing)</figure>\
      <figure><figcaption>Mixed up most</figcaption>\(predictions.worstPairs)</figure></div>\
      <h3>Wrong with the most confidence</h3>\(predictions.mistakesDrawing(thumbnails))
      """
  }

  private var setup: Markup {
    let plan = run.plan
    var facts = [
      (
        "images",
        """
        \(Format.count(plan.trainImages)) for training, \(Format.count(plan.validationImages)) for validation, \
        \(Format.count(plan.testImages)) for testing, each \(plan.largest.input)
        """
      ),
      (
        "batch",
        "\(Format.count(plan.batchSize)) images per step over \(run.ranks) \(run.ranks == 1 ? "rank" : "ranks")"
          + (plan.batchNorm.map { ", \($0)" } ?? "")
      ),
      ("aim", plan.options.aim),
    ]
    if let layout = run.layout {
      facts.append(("machine", "\(layout)"))
      facts.append(("hosts", layout.hosts.map { "\($0.name) (\($0.ranks))" }.joined(separator: ", ")))
    }
    if run.resumptions > 0 { facts.append(("continued", "\(run.resumptions) times")) }
    for warning in run.warnings.prefix(20) { facts.append(("warning", warning)) }
    let rows = facts.map { "<div><dt>\($0.0)</dt><dd>\($0.1)</dd></div>" as Markup }
    let configuration: Markup =
      run.configuration.map {
        "<details><summary>configuration, with every default</summary><pre>\($0)</pre></details>"
      } ?? "<p class=\"note\">config.yaml is not there.</p>"
    return "<dl class=\"facts\">\(rows)</dl>\(configuration)"
  }
}
