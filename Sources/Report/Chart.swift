// Axes, curves and bars as SVG. Colours come from the page's style, so that they follow light and dark.

import Foundation
import Telemetry

/// Where numbers lie along an axis.
struct Scale {
  let range: ClosedRange<Double>
  let start: Double
  let end: Double
  var isLogarithmic = false

  /// The place of a number.
  func callAsFunction(_ number: Double) -> Double {
    let (low, high, place) =
      isLogarithmic
      ? (log10(range.lowerBound), log10(range.upperBound), log10(max(number, range.lowerBound)))
      : (range.lowerBound, range.upperBound, number)
    return high > low ? start + (place - low) / (high - low) * (end - start) : (start + end) / 2
  }

  /// Round numbers in the range, about `count`.
  func ticks(_ count: Int) -> [Double] {
    if isLogarithmic {
      let powers = Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound).rounded(.up))
      let factors: [Double] = powers.count > 3 ? [1] : [1, 2, 5]
      return powers.flatMap { power in factors.map { $0 * pow(10, Double(power)) } }.filter(range.contains)
    }
    let width = range.upperBound - range.lowerBound
    guard width > 0 else { return [range.lowerBound] }
    let power = pow(10, log10(width / Double(count)).rounded(.down))
    let step = [1, 2, 5, 10].map { $0 * power }.first { width / $0 <= Double(count) } ?? 10 * power
    let first = (range.lowerBound / step).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    return stride(from: first, through: last, by: 1).map { $0 * step }
  }

  /// A range around numbers, with some air.
  static func range(of numbers: [Double], atMost limit: Double = .infinity) -> ClosedRange<Double> {
    guard let low = numbers.min(), let high = numbers.max() else { return 0...1 }
    let air = max((high - low) * 0.06, high == low ? max(abs(high) * 0.05, 0.5) : 0)
    return max(0, low - air)...max(min(limit, high + air), low)
  }
}

/// A curve.
struct Series {
  let name: String
  /// Which of the page's colours it has.
  let colour: Int
  let points: [(x: Double, y: Double)]
  var isDashed = false
  /// A word beside each point; none for curves of many.
  var label: ((Int) -> String)?
  /// What to say of a point; nothing for curves of many.
  var tip: ((Int) -> String)?
}

/// A line across a chart with a word to it.
struct Mark {
  let position: Double
  let text: String
}

/// A chart with two axes.
struct Chart {
  static let width = 440.0
  static let height = 264.0
  let title: String
  let xName: String
  let x: Scale
  let y: Scale
  let xTicks: [(Double, String)]
  let yTicks: [(Double, String)]

  private static let frame = (left: 44.0, right: 432.0, top: 20.0, bottom: 224.0)

  /// A chart of numbers over epochs, or over sizes if that axis is logarithmic.
  init(
    title: String, xName: String, x: ClosedRange<Double>, y: ClosedRange<Double>, isLogarithmic: Bool = false,
    xText: (Double) -> String, yText: (Double) -> String
  ) {
    self.title = title
    self.xName = xName
    self.x = Scale(range: x, start: Self.frame.left, end: Self.frame.right, isLogarithmic: isLogarithmic)
    self.y = Scale(range: y, start: Self.frame.bottom, end: Self.frame.top)
    xTicks = self.x.ticks(6).map { ($0, xText($0)) }
    yTicks = self.y.ticks(5).map { ($0, yText($0)) }
  }

  /// The chart as SVG.
  /// - Parameters:
  ///   - growths: vertical lines.
  ///   - target: a horizontal one.
  ///   - showsPoints: whether points are drawn on the curves that have something to say of them.
  func svg(_ series: [Series], growths: [Mark] = [], target: Mark? = nil, showsPoints: Bool = false) -> Markup {
    let frame = Self.frame
    let grid = yTicks.map { tick -> Markup in
      let place = y(tick.0)
      return """
        <line class="grid" x1="\(frame.left)" x2="\(frame.right)" y1="\(place)" y2="\(place)"/>\
        <text x="\(frame.left - 6)" y="\(place + 4)" text-anchor="end">\(tick.1)</text>
        """
    }
    let bottom = xTicks.map { tick -> Markup in
      """
      <line class="axis" x1="\(x(tick.0))" x2="\(x(tick.0))" y1="\(frame.bottom)" y2="\(frame.bottom + 4)"/>\
      <text x="\(x(tick.0))" y="\(frame.bottom + 17)" text-anchor="middle">\(tick.1)</text>
      """
    }
    var last = -100.0
    let lines = growths.map { mark -> Markup in
      let place = x(mark.position)
      // Where they are dense, not each has room for its word.
      let hasRoom = place - last > 26
      if hasRoom { last = place }
      let anchor: Markup = place > frame.right - 40 ? "end" : "start"
      let at = place > frame.right - 40 ? place - 3 : place + 3
      let word: Markup =
        hasRoom
        ? "<text class=\"mark\" x=\"\(at)\" y=\"\(frame.top - 7)\" text-anchor=\"\(anchor)\">\(mark.text)</text>"
        : .empty
      return """
        <line class="growth" x1="\(place)" x2="\(place)" y1="\(frame.top - 14)" y2="\(frame.bottom)"/>\(word)
        """
    }
    return """
      <svg viewBox="0 0 \(Self.width) \(Self.height)" role="img" aria-label="\(title)">\(grid)\(bottom)\
      <line class="axis" x1="\(frame.left)" x2="\(frame.right)" y1="\(frame.bottom)" y2="\(frame.bottom)"/>\
      <text x="\((frame.left + frame.right) / 2)" y="\(frame.bottom + 36)" text-anchor="middle">\(xName)</text>\
      \(lines)\(target.map(horizontal) ?? .empty)\(series.map { curve($0, showsPoints: showsPoints) })</svg>
      """
  }

  private func horizontal(_ mark: Mark) -> Markup {
    guard y.range.contains(mark.position) else { return .empty }
    let place = y(mark.position)
    // Curves over epochs begin below their target, those over sizes end above it.
    let (at, anchor): (Double, Markup) =
      x.isLogarithmic ? (Self.frame.right, "end") : (Self.frame.left + 4, "start")
    return """
      <line class="target" x1="\(Self.frame.left)" x2="\(Self.frame.right)" y1="\(place)" y2="\(place)"/>\
      <text class="mark" x="\(at)" y="\(place - 5)" text-anchor="\(anchor)">\(mark.text)</text>
      """
  }

  private func curve(_ series: Series, showsPoints: Bool) -> Markup {
    let path = series.points.enumerated().map { index, point -> Markup in
      let letter: Markup = index == 0 ? "M" : "L"
      return "\(letter)\(x(point.x)) \(y(point.y))"
    }
    let hasPoints = (showsPoints && series.tip != nil) || series.points.count == 1
    let dashed: Markup = series.isDashed ? " dashed" : ""
    return """
      <path class="curve s\(series.colour)\(dashed)" d="\(path)"/>\(hasPoints ? points(of: series) : [])\(labels(of: series))
      """
  }

  private func points(of series: Series) -> [Markup] {
    series.points.enumerated().map { index, point in
      let tip = series.tip?(index) ?? ""
      return """
        <circle class="f\(series.colour)" cx="\(x(point.x))" cy="\(y(point.y))" r="4.5" data-tip="\(tip)">\
        <title>\(tip)</title></circle>
        """
    }
  }

  /// Words above points, as far as there is room.
  private func labels(of series: Series) -> [Markup] {
    guard let label = series.label else { return [] }
    var last = -100.0
    return series.points.enumerated().compactMap { index, point in
      let place = x(point.x)
      guard place - last > 24 else { return nil }
      last = place
      return """
        <text class="mark" x="\(place)" y="\(y(point.y) - 9)" text-anchor="middle">\(label(index))</text>
        """
    }
  }

  /// What the colours stand for.
  static func legend(_ entries: [(name: String, colour: Int)]) -> Markup {
    let items = entries.map { "<li><i class=\"b\($0.colour)\"></i>\($0.name)</li>" as Markup }
    return "<ul class=\"legend\">\(items)</ul>"
  }
}
