// `odn report`: one page that shows what runs have come to.

import ArgumentParser
import Configuration
import Datasets
import Files
import Report
import Telemetry

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Show runs in one HTML page: curves, sizes, mistakes, configuration.",
    discussion: """
      Reads what runs have left in their directories, also those that are still going or were interrupted, and writes a \
      page that needs no network: for a browser, a phone, or print. Several runs are compared.

        odn report runs/mnist
        odn report runs/mnist runs/mnist-2 --output compared.html

      The images that were classified wrong are shown if the data set of the run's config.yaml is there.
      """)

  @Argument(help: "Directories of runs.", completion: .directory)
  var runs: [String]

  @Option(
    help: ArgumentHelp(
      "The page. (default: report.html in the run's directory, or here for several runs)", valueName: "file"))
  var output: String?

  func run() throws {
    guard Launcher.rank == 0 else { return }
    let entries = try runs.map { path in
      let run = try RunRecord(path: path)
      return Report.Entry(run, thumbnails: thumbnails(of: run))
    }
    let path = output ?? (runs.count == 1 ? "\(runs[0])/report.html" : "report.html")
    var file = try AtomicFile(path: path)
    try file.write(Array(Report(entries).html.utf8))
    try file.commit()
    print(path)
  }

  /// Pictures of the test images that were classified wrong with the most confidence.
  private func thumbnails(of run: RunRecord) -> Thumbnails {
    guard let predictions = run.predictions else { return .missing("this run has not tested its result.") }
    let data: DatasetSplits
    do {
      data = try DatasetSplits(Configuration(contentsOf: "\(run.path)/config.yaml").dataset)
    } catch {
      return .missing("\(error).")
    }
    let test = data.test
    guard test.count == predictions.labels.count,
      test.dataset.classNames.count == predictions.classNames.count,
      predictions.labels.indices.allSatisfy({ Int(test.label(at: $0)) == predictions.labels[$0] })
    else { return .missing("the data set that is here has other test images.") }
    return .images(
      predictions.mistakes.prefix(Thumbnails.count).map { index in
        (index, PNGImage(test, index))
      })
  }
}

extension PNGImage {
  /// An image of a split; of those that are neither grey nor of three colours only the first channel.
  fileprivate init(_ split: DatasetSplit, _ index: Int) {
    let (width, height, channels) = (split.dataset.width, split.dataset.height, split.dataset.channels)
    let pixels = Array(split.image(at: index))
    if channels == 1 || channels == 3 {
      self.init(width: width, height: height, channels: channels, pixels: pixels)
    } else {
      let first = stride(from: 0, to: pixels.count, by: channels).map { pixels[$0] }
      self.init(width: width, height: height, channels: 1, pixels: first)
    }
  }
}
