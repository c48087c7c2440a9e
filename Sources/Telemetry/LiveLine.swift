// The line that moves on a terminal while an epoch goes on.

import DistributedTraining
import NeuralNetwork

/// How far an epoch is, in one line that fits the terminal: what matters less is left out first.
public struct LiveLine: CustomStringConvertible {
  private let progress: StepProgress
  private let imagesLeft: Int
  private let best: Double?
  private let target: Double?
  private let columns: Int

  /// - Parameters:
  ///   - imagesLeft: training images that the epoch still has to see, over all ranks.
  ///   - best: the best validation accuracy so far, in percent.
  ///   - target: the one aimed at; nil if none is.
  ///   - columns: the terminal's width.
  public init(_ progress: StepProgress, imagesLeft: Int, best: Double?, target: Double?, columns: Int) {
    self.progress = progress
    self.imagesLeft = imagesLeft
    self.best = best
    self.target = target
    self.columns = columns
  }

  /// For example `depth 2 epoch 12 ██████░░░░ 640/938  7 s left  93.1 %  loss 0.2103  3,512 images/s  best 98.48 of 99.5`.
  public var description: String {
    let rate = progress.imagesPerSecond
    let depth = progress.stage == .warmUp ? "warm-up" : "depth \(progress.depth)"
    // In the order of the line, each with its rank of importance.
    let parts: [(importance: Int, text: String)] = [
      (2, depth), (0, "epoch \(progress.epoch)"), (5, bar), (1, "\(progress.step)/\(progress.steps)"),
      (3, rate > 0 ? Format.duration(Double(imagesLeft) / rate) + " left" : ""),
      (4, Format.decimal(progress.accuracy, 1) + " %"), (7, "loss " + Format.decimal(progress.loss, 4)),
      (6, Format.count(Int(rate.rounded())) + " images/s"),
      (8, "best " + (best.map { Format.decimal($0, 2) } ?? "–") + (target.map { " of \($0)" } ?? "")),
    ]
    for least in stride(from: parts.count - 1, through: 0, by: -1) {
      let line = parts.filter { $0.importance <= least && !$0.text.isEmpty }.map(\.text).joined(separator: "  ")
      // One column stays free, so that no terminal breaks the line.
      if line.count < columns { return line }
    }
    return ""
  }

  private var bar: String {
    let width = 16
    let filled = width * progress.step / max(progress.steps, 1)
    return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
  }
}
