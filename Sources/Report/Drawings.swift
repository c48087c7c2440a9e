// The network block by block, and where the time went.

import NeuralNetwork
import Telemetry

extension RunRecord {
  /// The whole network with what was cut away greyed.
  var architectureDrawing: Markup {
    let (kept, stem) = (network.depth, network.stem)
    let convolution = "\(stem.kernel)×\(stem.kernel)" + (stem.stride == 1 ? "" : "/\(stem.stride)")
    let blocks = whole.blocks
    let most = blocks.map(\.parameterCount).max() ?? 1
    let stages = Set(blocks.map(\.stage)).sorted().map { stage -> Markup in
      let own = blocks.filter { $0.stage == stage }
      let boxes = own.map { block -> Markup in
        let isKept = block.index <= kept
        let style: Markup = isKept ? "kept" : "cut"
        let share = 100 * (Double(block.parameterCount) / Double(most)).squareRoot()
        let state = isKept ? "kept" : "cut away"
        let tip = "block \(block.index), \(state): \(Format.count(block.parameterCount)) parameters"
        return """
          <li class="\(style)" data-tip="\(tip)" title="\(tip)"><b>\(block.index)</b>\
          <span>\(Format.short(Double(block.parameterCount)))</span>\
          <i style="width:\(share)%"></i></li>
          """
      }
      let shape = own[0].output
      return """
        <div class="stage"><h4>stage \(stage) <small>\(shape.height)×\(shape.width), \(shape.channels) channels</small></h4>\
        <ol>\(boxes)</ol></div>
        """
    }
    let head: Markup = """
      <div class="stage"><h4>classifier</h4><ol><li class="kept"><b>\(network.classes)</b><span>classes</span></li></ol></div>
      """
    return """
      <div class="network"><div class="stage"><h4>stem <small>\(whole.input.description)</small></h4>\
      <ol><li class="kept"><b>\(convolution)</b><span>\(stem.outputChannels) ch.</span></li></ol></div>\
      \(stages)\(head)</div>\
      <p class="note">Numbered boxes are residual blocks with their parameters; the bars grow with the square root of \
      these. Grey: cut away, \(blocks.count - kept) of \(blocks.count).</p>
      """
  }

  /// Bars of the time that each depth took, and a table of speed and communication.
  var times: Markup {
    let depths = depths
    let warm = warmUp.reduce(0) { $0 + $1.trainingSeconds }
    let warmRow = TimeRow(name: "warm-up", computing: warm - warmWaiting, waiting: warmWaiting, validation: 0)
    let rows =
      (warm > 0 ? [warmRow] : [])
      + depths.map {
        TimeRow(
          name: "depth \($0.depth)", computing: $0.trainingSeconds - $0.waitingSeconds, waiting: $0.waitingSeconds,
          validation: $0.validationSeconds)
      }
    let longest = rows.map(\.seconds).max() ?? 0
    guard longest > 0 else { return .empty }
    let bars = rows.enumerated().map { index, row -> Markup in
      let y = Double(index) * 26 + 4
      var start = 66.0
      let parts = [
        (row.computing, 0, "training"), (row.waiting, 4, "waiting for gradients"), (row.validation, 2, "validation"),
      ]
      let boxes = parts.map { seconds, colour, name -> Markup in
        let width = 280 * seconds / longest
        defer { start += width }
        let tip = "\(row.name), \(name): \(Format.duration(seconds))"
        return """
          <rect class="f\(colour)" x="\(start)" y="\(y)" width="\(width)" height="18" data-tip="\(tip)"><title>\(tip)</title></rect>
          """
      }
      return """
        <text x="58" y="\(y + 13)" text-anchor="end">\(row.name)</text>\(boxes)\
        <text x="\(start + 6)" y="\(y + 13)">\(Format.duration(row.seconds))</text>
        """
    }
    return """
      <figure><figcaption>Time per depth</figcaption>\
      \(Chart.legend([("training", 0), ("waiting for gradients", 4), ("validation", 2)]))\
      <svg viewBox="0 0 440 \(Double(rows.count) * 26 + 6)" role="img" aria-label="Time per depth">\(bars)</svg></figure>\
      <figure><figcaption>Speed and communication</figcaption>\(speeds(depths))</figure>
      """
  }

  /// Seconds of a part of the search.
  private struct TimeRow {
    let name: String
    let computing: Double
    let waiting: Double
    let validation: Double

    var seconds: Double { computing + waiting + validation }
  }

  private var warmWaiting: Double { warmUp.reduce(0) { $0 + min($1.waitingSeconds, $1.trainingSeconds) } }

  private func speeds(_ depths: [Depth]) -> Markup {
    let rows = depths.map { depth -> Markup in
      let waiting = 100 * depth.waitingSeconds / max(depth.trainingSeconds, 1e-9)
      return """
        <tr><th>\(depth.depth)</th><td>\(depth.epochs.count)</td><td>\(Format.count(Int(depth.imagesPerSecond)))</td>\
        <td>\(ranks > 1 ? Format.decimal(waiting, 1) + " %" : "–")</td>\
        <td>\(ranks > 1 ? Format.short(Double(depth.bytesPerStep)) + "B" : "–")</td></tr>
        """
    }
    return """
      <div class="scroll"><table><thead><tr><th>depth</th><th>epochs</th><th>images/s</th><th>waiting</th>\
      <th>sent/step</th></tr></thead><tbody>\(rows)</tbody></table></div>
      """
  }
}

extension Block {
  /// Parameters of its convolutions and batch norms.
  fileprivate var parameterCount: Int {
    (convolutions + (projection.map { [$0] } ?? [])).reduce(0) { $0 + $1.weightCount + 2 * $1.outputChannels }
  }
}
