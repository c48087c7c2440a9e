// The answer to each image as a file: what spreadsheets and scripts read.

import ArgumentParser
import Datasets
import DistributedTraining
import Files
import Telemetry

/// A file with a row per image: its file, its class, the answer and the probability of that.
struct AnswersFile {
  private enum Format: String, CaseIterable {
    case csv
    case json
  }

  private let path: String
  private let format: Format

  /// A place for the answers, whose name says in which format they are.
  /// - Throws: `ValidationError` for another ending.
  init(path: String) throws {
    guard let format = Format.allCases.first(where: { path.lowercased().hasSuffix(".\($0.rawValue)") }) else {
      throw ValidationError("--predictions: expected a file that ends in .csv or .json, found \(path)")
    }
    (self.path, self.format) = (path, format)
  }

  /// Checks that the file can be written, before there is anything to write.
  /// - Throws: `FileError`.
  func check() throws { _ = try AtomicFile(path: path) }

  private struct Row: Encodable {
    let file: String
    /// Which one of the file's images, from 0 on, if it has several.
    let image: Int?
    let `class`: String
    let answer: String
    let probability: Double
  }

  /// Writes the answers to all images of `split`, in their order.
  /// - Throws: `FileError`.
  func write(_ predictions: Predictions, to split: DatasetSplit) throws {
    let names = predictions.classNames
    let rows = predictions.labels.indices.map { index in
      let origin = split.origin(at: index)
      return Row(
        file: origin?.file ?? "", image: origin.map(\.index) ?? index, class: names[predictions.labels[index]],
        answer: names[predictions.predictions[index]], probability: predictions.confidences[index])
    }
    let text =
      switch format {
      case .json: "[\n" + (try rows.map { try JSON.text($0) }.joined(separator: ",\n")) + "\n]\n"
      case .csv: Self.table(rows)
      }
    var file = try AtomicFile(path: path)
    try file.write(Array(text.utf8))
    try file.commit()
  }

  /// Rows with commas between their fields, as RFC 4180 describes them, but for the ends of lines.
  private static func table(_ rows: [Row]) -> String {
    func field(_ text: String) -> String {
      text.contains { ",\"\r\n".contains($0) || $0 == "\r\n" } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
    }
    var lines = ["file,image,class,answer,probability"]
    lines += rows.map { row in
      let fields = [field(row.file), row.image.map(String.init) ?? "", field(row.class), field(row.answer)]
      return (fields + ["\(row.probability)"]).joined(separator: ",")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
