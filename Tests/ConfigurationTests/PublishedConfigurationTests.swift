// The configurations that come with the program: all of them can be read, and the five experiments have the
// published settings.

import Configuration
import Foundation
import Testing

@Suite("Configs/")
struct PublishedConfigurationTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Configs")

  /// One column of the paper's table of settings.
  struct Experiment: Sendable, CustomTestStringConvertible {
    let file: String
    let dataset: String
    let network: NetworkOptions
    let validation: Int
    let warmUpEpochs: Int
    var warmUpRate = 0.001
    var learningRate = 0.01
    var growthRateFactor = 0.5
    let target: Double
    var augmentation = "none"

    var testDescription: String { file }
  }

  static let experiments = [
    Experiment(
      file: "mnist-resnet18", dataset: "mnist", network: NetworkOptions(architecture: .resnet18, classes: 10),
      validation: 10_000, warmUpEpochs: 3, target: 99.5),
    Experiment(
      file: "emnist-letters-resnet18", dataset: "emnist-letters",
      network: NetworkOptions(architecture: .resnet18, classes: 26), validation: 10_000, warmUpEpochs: 3, target: 95),
    Experiment(
      file: "fashion-mnist-resnet34", dataset: "fashion-mnist",
      network: NetworkOptions(architecture: .resnet34, classes: 10), validation: 10_000, warmUpEpochs: 3, target: 94.5),
    Experiment(
      file: "svhn-resnet34", dataset: "svhn", network: NetworkOptions(architecture: .resnet34, classes: 10),
      validation: 5_000, warmUpEpochs: 3, warmUpRate: 0.01, learningRate: 0.1, target: 96),
    Experiment(
      file: "cifar10-resnet50", dataset: "cifar10", network: NetworkOptions(architecture: .resnet50, classes: 10),
      validation: 5_000, warmUpEpochs: 0, growthRateFactor: 1, target: 94.5, augmentation: "crop-and-flip"),
  ]

  @Test("the experiments have the published settings", arguments: experiments)
  func published(_ experiment: Experiment) throws {
    let file = Self.folder.appendingPathComponent("\(experiment.file).yaml")
    let configuration = try Configuration(contentsOf: file.path)
    #expect(configuration.dataset.name.rawValue == experiment.dataset)
    #expect(configuration.dataset.validation == experiment.validation)
    #expect(configuration.dataset.augment?.rawValue == experiment.augmentation)
    #expect(configuration.dataset.trainLimit == nil)
    #expect(configuration.network == experiment.network)
    #expect(configuration.warmUp.epochs == experiment.warmUpEpochs)
    #expect(configuration.warmUp.learningRate == experiment.warmUpRate)
    #expect(
      configuration.search
        == SearchOptions(
          policy: .paper, target: experiment.target, maximumDepth: experiment.network.architecture.maximumDepth,
          growthRateFactor: experiment.growthRateFactor))
    #expect(configuration.training == TrainingOptions(learningRate: experiment.learningRate))
  }

  @Test("every file can be read, and the quickstart can grow")
  func all() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    let names = files.filter { $0 != "README.md" }.sorted()
    #expect(names == (Self.experiments.map(\.file) + ["own-images", "quickstart"]).map { "\($0).yaml" }.sorted())
    for name in names {
      let configuration = try Configuration(contentsOf: Self.folder.appendingPathComponent(name).path)
      #expect(try configuration.search.depths(in: configuration.network.architecture).count > 1, "\(name)")
    }
  }
}
