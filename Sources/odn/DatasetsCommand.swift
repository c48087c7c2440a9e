// `odn datasets`: what data sets are known, whether they are here, and how to get them.

import ArgumentParser
import Datasets
import Foundation
import Telemetry

extension DatasetName: ExpressibleByArgument {}

struct DatasetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "List the data sets that are known, where they are looked for, and how to get them.",
    discussion: """
        odn datasets                 all of them, in a table
        odn datasets fashion-mnist   one of them: files, directories, where to get it
      """)

  @Argument(help: "A data set to show in full.")
  var name: DatasetName?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    guard Launcher.rank == 0 else { return }
    if json {
      print(try JSON.text((name.map { [$0] } ?? DatasetName.allCases).map { Entry($0.descriptor) }, pretty: true))
    } else if let name {
      show(name.descriptor)
    } else {
      showAll()
    }
  }

  private func showAll() {
    var table = TextTable([
      ("name", .left), ("images", .left), ("classes", .right), ("training", .right), ("test", .right), ("here", .left),
    ])
    for dataset in DatasetName.allCases.map(\.descriptor) {
      let place = dataset.search().first(where: \.isComplete)?.path ?? "no: odn datasets \(dataset.name.rawValue)"
      table.add([
        dataset.name.rawValue, "\(dataset.height)x\(dataset.width)x\(dataset.channels)", "\(dataset.classes)",
        Format.count(dataset.trainingCount), Format.count(dataset.testCount), place,
      ])
    }
    print(table)
  }

  private func show(_ dataset: DatasetDescriptor) {
    print(
      """
      \(dataset.name.rawValue): \(dataset.summary)
        \(Format.count(dataset.trainingCount)) training images, the last \(Format.count(dataset.validationCount)) of \
      them held out for validation; \(Format.count(dataset.testCount)) test images
        \(dataset.height)x\(dataset.width)x\(dataset.channels), \(dataset.classes) classes: \
      \(dataset.classNames.joined(separator: ", "))
        files: \(dataset.files.joined(separator: ", "))
        looked for in:
      """)
    for directory in dataset.search() { print("    \(directory)") }
    print("  to get it: \(dataset.instructions)")
    if let licence = dataset.licence { print("  terms: \(licence)") }
  }

  private struct Entry: Encodable {
    let name: String
    let summary: String
    let height: Int
    let width: Int
    let channels: Int
    let classNames: [String]
    let trainingImages: Int
    let validationImages: Int
    let testImages: Int
    let files: [String]
    let directory: String?
    let instructions: String

    init(_ dataset: DatasetDescriptor) {
      name = dataset.name.rawValue
      summary = dataset.summary
      height = dataset.height
      width = dataset.width
      channels = dataset.channels
      classNames = dataset.classNames
      trainingImages = dataset.trainingCount
      validationImages = dataset.validationCount
      testImages = dataset.testCount
      files = dataset.files
      directory = dataset.search().first(where: \.isComplete)?.path
      instructions = dataset.instructions
    }
  }
}
