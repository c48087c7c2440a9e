// What a configuration means when it is right.

import Configuration
import Foundation
import Testing

/// The least that a configuration has to say.
let minimal = """
  dataset: {name: mnist}
  network: {architecture: resnet18}
  search: {target: 99.5}
  """

@Suite("Reading a configuration")
struct ReadingTests {
  @Test("three keys are enough: the rest is the procedures', the data set's and the network's")
  func defaults() throws {
    let configuration = try Configuration(yaml: minimal, name: "test")
    #expect(configuration.dataset == DatasetOptions(name: .mnist, validation: 10_000, augment: Augmentation.none))
    #expect(configuration.network == NetworkOptions(architecture: .resnet18, classes: 10))
    #expect(configuration.warmUp == WarmUpOptions(epochs: 3, learningRate: 0.001))
    #expect(configuration.search == SearchOptions(target: 99.5, maximumDepth: 8))
    #expect(configuration.search.policy == .adaptive)
    #expect(configuration.search.patience == 23)
    #expect(configuration.training == TrainingOptions())
    #expect(configuration.training.batchSize == 128)
    #expect(
      configuration.communication == CommunicationOptions(bucketMegabytes: 2, mode: .automatic, compression: .none))
  }

  @Test("words may stand in quotation marks, as in JSON")
  func quotedWords() throws {
    let json = """
      {"dataset": {"name": "images", "directory": "/photos", "size": "24x48", "augment": "crop-and-flip"},
       "network": {"architecture": "resnet34", "width": 0.5}, "search": {"target": 90, "policy": "paper"}}
      """
    let configuration = try Configuration(yaml: json, name: "test")
    #expect(configuration.dataset.name == .images && configuration.dataset.size == ImageSize(height: 24, width: 48))
    #expect(configuration.network.architecture == .resnet34 && configuration.search.policy == .paper)
    #expect(throws: ConfigurationError.self) {
      try Configuration(yaml: json.replacing("90", with: "\"90\""), name: "test")
    }
  }

  @Test("a ~ that begins a path is the home, and what a run keeps begins at the root")
  func paths() throws {
    func configuration(_ path: String) throws -> Configuration {
      try Configuration(yaml: minimal, name: "test", settings: ["dataset.directory=\(path)"])
    }
    func directory(_ path: String) throws -> String? { try configuration(path).dataset.directory }
    #expect(try directory("~/photos") == NSHomeDirectory() + "/photos")
    #expect(try directory("~") == nil, "null in YAML")
    #expect(try directory("~somebody/photos") == "~somebody/photos")
    #expect(try directory("../photos") == "../photos")
    #expect(try directory("/photos/~") == "/photos/~")
    let here = FileManager.default.currentDirectoryPath
    for (path, whole) in [("../photos", here + "/../photos"), ("/photos", "/photos"), ("null", nil)] {
      #expect(try configuration(path).withAbsolutePaths.dataset.directory == whole)
    }
  }

  /// Every key with a value that is not its default.
  static let everything = """
    dataset:
      name: cifar100
      directory: "data/ünusual: place"
      file: null
      size: null
      channels: null
      validation: 1000
      testShare: null
      splitSeed: null
      cache: "/tmp/cache"
      trainLimit: 2000
      testLimit: 3000
      augment: crop
    network:
      architecture: resnet50
      classes: 100
      width: 0.5
      stemStride: 2
    warmUp:
      epochs: 0
      learningRate: 0.30000000000000004
    search:
      policy: paper
      objective: target
      target: 70.1
      tolerance: 0.3
      initialDepth: 2
      maximumDepth: 15
      budget:
        parameters: 10000000
        megabytes: 50.5
        multiplyAdds: 2000000000
        peakActivation: 12.0
        latencyMilliseconds: 0.5
      patience: 7
      restart: inherit
      bestAfterGrowth: keep
      plateau:
        epochs: 6
        factor: 0.7
      growthRateFactor: 1.0
      epochLimit: 400
      groups: 1
      adaptive:
        epochs: 9
        rateFactor: 2.5
        order: bisection
        confidence: 0.9
    training:
      batchSize: 64
      learningRate: 1e-05
      scaling: linear
      baseBatch: 32
      rampEpochs: 4
      optimizer: lars
      trustCoefficient: 0.01
      momentum: 0.8
      weightDecay: 0.0001
      seed: 18446744073709551615
      batchNorm: synchronized
      batchNormRanks: 4
      kernels: reference
      matrixEngine: blas
      threads: 3
      oversubscribe: true
    communication:
      bucketMegabytes: 0.5
      mode: overlapped
      compression: bf16
    reliability:
      checkpointMinutes: 2.5
      stallSeconds: 60.0
      abortSeconds: 0.0
      spikeThreshold: 12.5
      verifySteps: 7
      onDivergence: rollback
      rollbackFactor: 0.25
      rollbacks: 2
    telemetry:
      tensorboard: false
      histograms: true

    """

  @Test("every key is read into its property")
  func allKeys() throws {
    let configuration = try Configuration(yaml: Self.everything, name: "test")
    #expect(configuration.dataset.name == .published(.cifar100))
    #expect(configuration.dataset.directory == "data/ünusual: place")
    #expect(configuration.dataset.validation == 1_000)
    #expect(configuration.dataset.cache == "/tmp/cache")
    #expect(configuration.dataset.trainLimit == 2_000)
    #expect(configuration.dataset.testLimit == 3_000)
    #expect(configuration.dataset.augment == .crop)
    #expect(configuration.network == NetworkOptions(architecture: .resnet50, classes: 100, width: 0.5, stemStride: 2))
    #expect(configuration.warmUp == WarmUpOptions(epochs: 0, learningRate: 0.1 + 0.2))
    #expect(
      configuration.search
        == SearchOptions(
          policy: .paper, target: 70.1, tolerance: 0.3, initialDepth: 2, maximumDepth: 15,
          budget: Budget(
            parameters: 10_000_000, megabytes: 50.5, multiplyAdds: 2_000_000_000, peakActivation: 12,
            latencyMilliseconds: 0.5),
          patience: 7, restart: .inherit,
          bestAfterGrowth: .keep, plateau: .init(epochs: 6, factor: 0.7), growthRateFactor: 1, epochLimit: 400,
          adaptive: .init(epochs: 9, rateFactor: 2.5, order: .bisection, confidence: 0.9)))
    #expect(
      configuration.training
        == TrainingOptions(
          batchSize: 64, learningRate: 1e-5, scaling: .linear, baseBatch: 32, rampEpochs: 4, optimizer: .lars,
          trustCoefficient: 0.01, momentum: 0.8, weightDecay: 0.0001, seed: .max, batchNorm: .synchronized,
          batchNormRanks: 4, kernels: .reference, matrixEngine: .blas, threads: 3, oversubscribe: true))
    #expect(
      configuration.communication
        == CommunicationOptions(bucketMegabytes: 0.5, mode: .overlapped, compression: .bf16))
    #expect(
      configuration.reliability
        == ReliabilityOptions(
          checkpointMinutes: 2.5, stallSeconds: 60, abortSeconds: 0, spikeThreshold: 12.5, verifySteps: 7,
          onDivergence: .rollback, rollbackFactor: 0.25, rollbacks: 2))
    #expect(configuration.telemetry.tensorboard == false)
    #expect(configuration.telemetry.histograms)
  }

  @Test("what is written back has every key, and reads back equal", arguments: [minimal, everything])
  func roundTrip(_ yaml: String) throws {
    let configuration = try Configuration(yaml: yaml, name: "test")
    let written = try configuration.yaml()
    #expect(try Configuration(yaml: written, name: "written") == configuration)
    for key in Configuration.keys {
      let name = try #require(key.path.split(separator: ".").last)
      #expect(written.contains("\(name): "), "\(key.path)")
    }
    if yaml == Self.everything { #expect(written == yaml) }
  }

  @Test("an override counts over the file, a later one over an earlier one, and may open a section")
  func overrides() throws {
    let configuration = try Configuration(
      yaml: minimal, name: "test",
      settings: [
        "search.target=98", "search.target=97.5", "search.plateau.epochs=4", "dataset.directory=a=b",
        "search.epochLimit=null",
      ])
    #expect(configuration.search.target == 97.5)
    #expect(configuration.search.plateau == .init(epochs: 4, factor: 0.6))
    #expect(configuration.dataset.directory == "a=b")
    #expect(configuration.search.epochLimit == nil)
  }

  @Test("a section without anything in it is a section of defaults")
  func emptySection() throws {
    let configuration = try Configuration(yaml: minimal + "\ntraining:\n  # batchSize: 64\n", name: "test")
    #expect(configuration.training == TrainingOptions())
  }

  @Test("every key is described: its kind, its default unless it is required, and what it is for")
  func descriptions() {
    let keys = Configuration.keys
    #expect(
      keys.filter { $0.standard == nil }.map(\.path) == ["dataset.name", "network.architecture", "search.target"])
    #expect(keys.allSatisfy { !$0.expected.isEmpty && $0.summary.hasSuffix(".") })
    #expect(keys.first { $0.path == "search.plateau.factor" }?.standard == "0.6")
  }

  @Test("a configuration knows its network")
  func architecture() throws {
    let configuration = try Configuration(yaml: minimal, name: "test")
    let expected = try Architecture(
      family: .resnet18, depth: 2, classes: 10, input: ImageShape(height: 28, width: 28, channels: 1))
    let images = try configuration.dataset.facts()
    #expect(try configuration.architecture(depth: 2, for: images) == expected)
    #expect(throws: ArchitectureError.self) { try configuration.architecture(depth: 9, for: images) }

    let narrow = try Configuration(
      yaml: minimal, name: "test", settings: ["network.width=0.5", "network.stemStride=2"])
    let network = try narrow.architecture(depth: 2, for: images)
    #expect(network.width == 0.5 && network.stemStride == 2)
    #expect(configuration.differences(from: narrow.values).map(\.key) == ["network.width", "network.stemStride"])
  }

  @Test("images of one's own leave to their files what only these can say")
  func ownImages() throws {
    func configuration(_ dataset: String) throws -> Configuration {
      try Configuration(
        yaml: "dataset: {\(dataset)}\nnetwork: {architecture: resnet18}\nsearch: {target: 90}\n", name: "test")
    }
    let folder = try configuration(
      "name: images, directory: photos, size: 24x48, channels: 1, validation: 5, testShare: 0.3, splitSeed: 4")
    #expect(
      folder.dataset
        == DatasetOptions(
          name: .images, directory: "photos", size: ImageSize(height: 24, width: 48), channels: 1,
          validation: 5,
          testShare: 0.3, splitSeed: 4))
    #expect(folder.network.classes == nil)
    #expect(try Configuration(yaml: folder.yaml(), name: "written") == folder)
    let usual = try configuration("name: images, directory: photos").dataset
    #expect(usual.size == DatasetOptions.defaultSize && usual.channels == 3 && usual.validation == nil)
    let archive = try configuration("name: npz, file: digits.npz")
    #expect(archive.dataset == DatasetOptions(name: .npz, file: "digits.npz"))
    #expect(try Configuration(yaml: archive.yaml(), name: "written") == archive)

    for (wrong, key) in [
      ("name: images", "dataset.directory"), ("name: npz", "dataset.file"),
      ("name: images, directory: a, file: b", "dataset.file"),
      ("name: npz, file: b, directory: a", "dataset.directory"),
      ("name: npz, file: b, size: 8x8", "dataset.size"), ("name: mnist, channels: 1", "dataset.channels"),
      ("name: mnist, testShare: 0.5", "dataset.testShare"), ("name: mnist, splitSeed: 1", "dataset.splitSeed"),
      ("name: images, directory: a, channels: 2", "dataset.channels"),
      ("name: images, directory: a, size: 32", "dataset.size"),
    ] {
      let error = #expect(throws: ConfigurationError.self) { try configuration(wrong) }
      #expect(error?.description.contains(key) == true, "\(wrong)")
    }
  }
}
