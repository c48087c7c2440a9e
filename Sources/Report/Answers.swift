// Which classes are taken for which others, and the images that were.

import DistributedTraining
import Foundation
import Telemetry

extension Predictions {
  /// The confusion matrix as SVG: a row per class, a column per answer, shaded by their share of the row.
  var confusionDrawing: Markup {
    let counts = confusion
    let classes = classNames.count
    let left = classes <= 40 ? 74.0 : 8
    let top = classes <= 40 ? 62.0 : 8
    // At the right there is room for the end of the last column's name.
    let cell = (440 - left - (classes <= 40 ? 26 : 4)) / Double(classes)
    let font = min(11, max(5, cell * 0.8))
    let cells = counts.enumerated().flatMap { label, row -> [Markup] in
      let total = max(row.reduce(0, +), 1)
      return row.enumerated().filter { $1 > 0 }.map { answer, count in
        let share = Double(count) / Double(total)
        let strength = 0.08 + 0.92 * share.squareRoot()
        let tip = """
          \(classNames[label]) taken for \(classNames[answer]): \(Format.count(count)), \(percent(100 * share)) of its images
          """
        let (x, y) = (left + Double(answer) * cell, top + Double(label) * cell)
        let colour = label == answer ? 0 : 4
        let style: Markup = strength > 0.6 ? "strong" : "weak"
        let number: Markup =
          cell >= 24
          ? "<text class=\"\(style)\" x=\"\(x + cell / 2)\" y=\"\(y + cell / 2 + 4)\" text-anchor=\"middle\">\(count)</text>"
          : .empty
        return """
          <g data-tip="\(tip)"><title>\(tip)</title><rect class="f\(colour)" fill-opacity="\(Opacity(strength).text)" \
          x="\(x)" y="\(y)" width="\(cell - 1)" height="\(cell - 1)"/>\(number)</g>
          """
      }
    }
    let names =
      classes > 40
      ? []
      : classNames.enumerated().map { index, name -> Markup in
        let middle = (Double(index) + 0.5) * cell
        let word = Self.shortened(name)
        return """
          <text style="font-size:\(font)px" x="\(left - 5)" y="\(top + middle + font * 0.35)" text-anchor="end">\(word)</text>\
          <text style="font-size:\(font)px" transform="translate(\(left + middle + font * 0.35) \(top - 5)) rotate(-55)">\(word)</text>
          """
      }
    return """
      <svg viewBox="0 0 440 \(top + cell * Double(classes) + 2)" role="img" aria-label="Confusion matrix">\(names)\(cells)</svg>
      """
  }

  private static func shortened(_ name: String) -> String { name.count > 11 ? name.prefix(10) + "…" : name }

  /// The pairs of classes that are mixed up most.
  var worstPairs: Markup {
    let pairs = confusion.enumerated().flatMap { label, row in
      row.enumerated().filter { $0.offset != label && $0.element > 0 }.map { (label, $0.offset, $0.element) }
    }
    let worst = pairs.sorted { ($1.2, $0.0, $0.1) < ($0.2, $1.0, $1.1) }.prefix(6)
    let rows = worst.map { label, answer, count -> Markup in
      "<tr><th>\(classNames[label])</th><td>\(classNames[answer])</td><td>\(Format.count(count))</td></tr>"
    }
    return rows.isEmpty
      ? "<p class=\"note\">Every test image was classified right.</p>"
      : """
      <div class="scroll"><table class="words"><thead><tr><th>class</th><th>taken for</th><th>images</th></tr></thead>\
      <tbody>\(rows)</tbody></table></div>
      """
  }

  /// The images that were confidently taken for something else.
  func mistakesDrawing(_ thumbnails: Thumbnails) -> Markup {
    if mistakes.isEmpty { return .empty }
    switch thumbnails {
    case .missing(let reason): return "<p class=\"note\">The images themselves are not shown: \(reason)</p>"
    case .images(let images):
      let figures = images.map { index, image -> Markup in
        guard labels.indices.contains(index) else { return .empty }
        let (label, answer) = (classNames[labels[index]], classNames[predictions[index]])
        return """
          <figure><img src="data:image/png;base64,\(Data(image.file).base64EncodedString())" \
          alt="test image \(index)"><figcaption><b>\(label)</b><br>as \(answer), \
          \(Format.decimal(100 * confidences[index], 1))&nbsp;%</figcaption></figure>
          """
      }
      return "<div class=\"thumbnails\">\(figures)</div>"
    }
  }
}

/// Pictures of test images, or why there are none.
public enum Thumbnails: Sendable {
  /// Test images by their numbers, in the order in which they are shown.
  case images([(index: Int, image: PNGImage)])
  /// A sentence.
  case missing(String)

  /// How many are worth showing.
  public static let count = 24
}

/// A number from 0 to 1 to two decimals.
private struct Opacity {
  let text: String

  init(_ number: Double) {
    text = Format.decimal(number, 2)
  }
}
