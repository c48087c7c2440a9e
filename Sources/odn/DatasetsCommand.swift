// `odn datasets`: what data sets are known, whether they are here, and the files of those that are not.

import ArgumentParser
import Datasets
import Foundation
import Telemetry

extension DatasetName: ExpressibleByArgument {}

extension DatasetSource: ExpressibleByArgument {
  /// What help and completion offer.
  public static var allValueStrings: [String] { allCases.map(\.rawValue) }
  /// The word that it is written as.
  public var defaultValueDescription: String { rawValue }
}

struct DatasetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "List the data sets that are known, where they are looked for, and fetch them.",
    discussion: """
        odn datasets                 all of them, in a table
        odn datasets fashion-mnist   one of them: files, directories, where to get it
        odn datasets fetch mnist     get its files, into data/mnist

      Images of your own need no command: odn config new --dataset images, or npz, says how they are named.
      """,
    subcommands: [ShowCommand.self, FetchCommand.self], defaultSubcommand: ShowCommand.self)

  struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fetch", abstract: "Get the files of a data set.",
      discussion: """
        Gets what is missing with the program curl, compares it with the published SHA-256, and unpacks archives. A file that \
        has come in part stands beside its place as NAME.part; the same command goes on with it.

          odn datasets fetch mnist
          odn datasets fetch cifar10 --directory /scratch/cifar10
          odn datasets fetch mnist --mirror https://example.org/mnist
          odn datasets fetch svhn --mirror file:///mnt/usb/svhn

        On a node without a network, run it where there is one, and copy the directory, which dataset.directory names.
        """)

    @Argument(help: "The data set.")
    var name: DatasetName

    @Option(help: "Where its files go. (default: the first place where they are looked for)", completion: .directory)
    var directory: String?

    @Option(
      help: ArgumentHelp(
        "A folder to get the files from instead of their publisher's: https, http or file.", valueName: "url"))
    var mirror: String?

    func run() throws {
      guard Launcher.rank == 0 else { return }
      let complete = try name.descriptor.fetch(to: directory, mirror: mirror) { print($0) }
      print("\(name.rawValue): all files are in \(complete)")
    }
  }
}

extension DatasetsCommand {
  struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "List the data sets that are known, or show one in full.")

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
        ("name", .left), ("images", .left), ("classes", .right), ("training", .right), ("test", .right),
        ("here", .left),
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
}
