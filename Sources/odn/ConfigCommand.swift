// `odn config`: a configuration to begin with, what one says in full, and whether it is right.

import ArgumentParser
import Configuration
import Datasets
import Foundation
import NeuralNetwork

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Write a configuration to begin with, check one, or show it in full.",
    discussion: """
        odn config new --dataset mnist --target 99 > mnist.yaml
        odn config validate mnist.yaml
        odn config show mnist.yaml --set training.batchSize=64
      """,
    subcommands: [NewCommand.self, ValidateCommand.self, ShowCommand.self])

  struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new", abstract: "Print a configuration with every key, its default and what it is for.")

    @Option(help: "The data set.")
    var dataset = DatasetSource.published(.fashionMNIST)

    @Option(help: "The network.")
    var architecture = Architecture.Family.resnet34

    @Option(help: "Validation accuracy to reach, in percent.")
    var target = 90.0

    func run() throws {
      guard Launcher.rank == 0 else { return }
      let template = Configuration.template(dataset: dataset, architecture: architecture, target: target)
      _ = try Configuration(yaml: template, name: "odn config new")
      print(template, terminator: "")
    }
  }

  struct ValidateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "validate", abstract: "Check configuration files; say all that is wrong with the first bad one.")

    @Argument(help: "Configuration files (YAML).", completion: .file(extensions: ["yaml"]))
    var files: [String]

    func run() throws {
      guard Launcher.rank == 0 else { return }
      for file in files {
        _ = try Configuration(contentsOf: file)
        print("\(file): valid")
      }
    }
  }

  struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Print a configuration with every key: its own values, overrides, defaults.")

    @Argument(help: "Configuration file (YAML).", completion: .file(extensions: ["yaml"]))
    var file: String

    @OptionGroup var settings: SettingOptions

    func run() throws {
      guard Launcher.rank == 0 else { return }
      print(try Configuration(contentsOf: file, settings: settings.set).yaml(), terminator: "")
    }
  }
}
